"""Backpropagation, told: the engine's equations over stored parameters. Reads only; what is stored never changes.

Everything is computed in float64 on copies. May import `service.models`, `service.jobs` and below; knows no HTTP.
"""
