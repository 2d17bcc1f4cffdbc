"""The storage service: Datasette, described by the project."""
