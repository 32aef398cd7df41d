"""Turns stored columns into a network's numbers: fitted transforms, row selection, classes, weights and batches.

May import `service.definitions`, `service.backprop` (for its row protocol and randomness) and `service.errors`.
"""
