"""The dashboard: its files, what its modules compute, and its views in a real browser."""
