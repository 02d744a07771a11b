"""The pass over every request: ids in, one wrapper around `send`, an ending out."""
