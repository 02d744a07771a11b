"""How finished lines leave: a bounded queue, one writer thread, a descriptor that may be a pipe."""
