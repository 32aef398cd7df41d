"""Tests against a real database and a real queue."""
