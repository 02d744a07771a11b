"""Every setting, its default, and where its value came from."""
