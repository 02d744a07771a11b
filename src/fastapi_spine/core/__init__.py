"""Vocabulary that every room shares; it imports nothing of ours and does nothing by itself."""
