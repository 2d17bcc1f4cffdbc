"""The answers as files: CSV, note, and the page a manager opens."""
