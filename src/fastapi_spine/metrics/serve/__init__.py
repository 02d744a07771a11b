"""Where numbers are shown, and to whom."""
