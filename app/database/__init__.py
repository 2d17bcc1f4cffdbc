"""The SQLite file: opened, locked, laid out, brought up to date."""
