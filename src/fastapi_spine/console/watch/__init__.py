"""Evaluates objectives on the store's roll-ups, remembers what fired and why, and tells senders."""
