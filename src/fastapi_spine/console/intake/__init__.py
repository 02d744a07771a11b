"""Receiving: bodies come in, one thread decodes and commits them, and only then are they acknowledged."""
