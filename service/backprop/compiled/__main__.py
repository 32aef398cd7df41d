"""Compile all of it now: `python -m service.backprop.compiled`."""

from service.backprop.compiled.warming import warm

warm()
