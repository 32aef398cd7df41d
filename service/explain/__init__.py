"""Backpropagation explained: the engine's equations over stored parameters, which are read and never changed.

Everything is computed in float64 on copies. May import `service.models`, `service.jobs` and below; knows no HTTP.
"""
