"""The composition root: settings → rooms → the pass → the application."""
