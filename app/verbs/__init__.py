"""The verbs of the command line, one module each: a few lines around one function."""
