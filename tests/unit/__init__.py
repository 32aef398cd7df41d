"""Tests that start no server."""
