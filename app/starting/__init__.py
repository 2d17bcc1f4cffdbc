"""A first project from any files."""
