"""Keras's JSON of a Sequential model: reading it into a network's record, and writing it from one.

Keras itself is not needed. Imports `service.errors`, and a few functions of `service.definitions`.
"""

from service.definitions.keras.document import KerasSequential, is_keras
from service.definitions.keras.pieces import Places, relocated_error, relocated_faults
from service.definitions.keras.sequential import read_sequential
from service.definitions.keras.writing import write_sequential

__all__ = [
    "KerasSequential",
    "Places",
    "is_keras",
    "read_sequential",
    "relocated_error",
    "relocated_faults",
    "write_sequential",
]
