"""The layers. Every module of this folder is imported, so that a new layer only needs a file of its own."""

import importlib
import pkgutil

from service.backprop.layers.base import LAYERS, Layer, Moment, Views
from service.backprop.layers.dense import Dense

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["LAYERS", "Dense", "Layer", "Moment", "Views"]
