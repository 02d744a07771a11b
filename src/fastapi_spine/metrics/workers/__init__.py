"""Several workers of one server: each leaves its numbers with the others."""
