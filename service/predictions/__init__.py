"""Predictions of whole datasets: submitted, computed by workers in parts, and read as tables in several formats.

May import `service.models`, `service.datasets`, `service.preprocessing`, `service.store` and below; knows no HTTP.
"""
