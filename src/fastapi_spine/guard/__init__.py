"""The door: what is decided before the application runs, in an order that nobody has to get right."""
