"""One delivery into its table: staged, compared, applied, accounted for."""
