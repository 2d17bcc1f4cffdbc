"""A source's file: fetched whole or refused with the reason, and kept as it came."""
