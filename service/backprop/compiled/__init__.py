"""Training in code compiled by Numba: the same equations with fewer passes over memory and without an interpreter.

It is optional: without Numba, NumPy computes everything, and its code is the reference. `coverage.py` declares what is
covered. Compiling takes some seconds and is done once per machine; `python -m service.backprop.compiled` does it ahead.
"""
