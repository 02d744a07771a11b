"""Traces: one server span a request, what is below it, and what of it is kept."""
