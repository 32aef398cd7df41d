"""Datasets: reading what clients send into one `.npy` file each, and turning its rows into a network's numbers.

May import `service.definitions`, `service.backprop` (for its row protocol and randomness) and `service.errors`.
"""
