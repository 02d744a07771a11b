"""What the process itself is doing: event loop, threads, garbage collector, memory."""
