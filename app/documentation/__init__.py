"""What every table and column means and where it comes from."""
