"""Explanations of backpropagation: the engine's equations applied to stored parameters, which are never changed.

Everything is computed in float64 on copies. May import `service.models`, `service.jobs` and below; knows no HTTP.
"""
