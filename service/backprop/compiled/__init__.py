"""Training in code that Numba compiles: the same equations with fewer passes over memory and without an interpreter.

Optional: without Numba, NumPy computes everything; it stays the reference. `coverage.py` declares what is covered.
Compiling takes some seconds and is done once per machine; `python -m service.backprop.compiled` does it ahead.
"""
