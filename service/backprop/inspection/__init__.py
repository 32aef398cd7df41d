"""Inspection of one training step: traces, gradient checks, loss surfaces and optimizer steps in float64.

May import the engine's equations; training and the compiled steps never import it.
"""
