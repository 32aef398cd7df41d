"""Training: the loop over epochs and batches, its settings, its state and what it measures.

May import the engine's equations and, where Numba is installed, `service.backprop.compiled`.
"""
