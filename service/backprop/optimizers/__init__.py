"""The optimizers. Every module of this folder is imported, so that a new optimizer only needs a file of its own."""

import importlib
import pkgutil

from service.backprop.optimizers.base import OPTIMIZERS, Optimizer, Slots
from service.backprop.optimizers.gradient_descent import SGD

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["OPTIMIZERS", "SGD", "Optimizer", "Slots"]
