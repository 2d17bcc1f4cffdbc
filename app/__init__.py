"""Comptoir: remote CSV files in, a trusted SQLite database, sales answers out."""

__version__ = "0.1.0"
