"""What a project file declares: its values, its sources with their contracts, how they refer."""
