"""Adapters of job queues: what a request asked for runs elsewhere under its id and in its trace."""
