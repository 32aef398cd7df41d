"""Chaos in its short form, and tests of what judges it."""
