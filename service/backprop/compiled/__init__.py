"""Training in code that Numba compiles: the same equations with fewer passes over memory and no interpreter between.

Optional: without Numba everything is computed by NumPy, which stays the reference. `steps.py` tells what is covered.
Compiling takes some seconds and is done once for a machine; `python -m service.backprop.compiled` does it ahead.
"""
