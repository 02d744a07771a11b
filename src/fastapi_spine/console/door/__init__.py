"""Who may come in: hosts, origins, sessions and keys, on every route and method of both listeners."""
