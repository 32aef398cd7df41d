"""Compiles all functions of the package: `python -m service.backprop.compiled`."""

from service.backprop.compiled.warming import warm

warm()
