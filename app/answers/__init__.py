"""The project's SQL files: read, put in order, answered, checked, published."""
