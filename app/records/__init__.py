"""A delivery's bytes to records, and a record to a row or to what is wrong with it."""
