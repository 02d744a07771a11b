"""What waits on disk while its receiver is away."""
