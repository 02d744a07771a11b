"""Settings: one declaration serves keywords, files, the environment and the reference page."""
