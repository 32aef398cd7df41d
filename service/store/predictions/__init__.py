"""Predictions of whole datasets: their rows, claims, crashes and the parts of their results."""
