"""Arrays in answers: small ones in full, large ones summarised unless all numbers are requested."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection.parameter_index import Place
from service.errors import Invalid
from service.explain.answers import (
    DiffAnswer,
    EvaluateAnswer,
    GradientCheckAnswer,
    SlopeAnswer,
    SurfaceAnswer,
    TraceAnswer,
)
from service.explain.unit_names import Names

SHOWN_NUMBERS = 1000  # a larger array is summarised
ARRAYS_A_LAYER = 26  # in a trace, with the optimizer that has the most terms
ALL_NUMBERS = 1_000_000  # in all arrays together: with very many layers, smaller arrays are summarised too
FULL_NUMBERS = 1_000_000  # so many numbers are about 20 MB of JSON
LARGEST = 5
MOST_NONFINITE = 20

NameOf = Callable[[tuple[int, ...]], str]


@dataclass(frozen=True)
class ArrayWriter:
    """Writes arrays into answers; with `full`, every number of them."""

    names: Names
    full: bool

    @property
    def limit(self) -> int:
        """The largest number of entries of an array that is written in full."""
        return min(SHOWN_NUMBERS, ALL_NUMBERS // (ARRAYS_A_LAYER * self.names.layers))

    def array(self, values: FloatArray, name_of: NameOf) -> Any:
        """Return a small array unchanged, otherwise its shape, extremes, mean, norm and largest entries."""
        if self.full or values.size <= self.limit:
            return np.ascontiguousarray(values, dtype=np.float64)
        flat = values.ravel()
        chosen = np.argpartition(-np.abs(flat), LARGEST)[:LARGEST]
        chosen = chosen[np.argsort(-np.abs(flat[chosen]), kind="stable")]
        largest = []
        for at in chosen:
            index = tuple(int(step) for step in np.unravel_index(at, values.shape))
            largest.append({"index": list(index), "name": name_of(index), "value": float(flat[at])})
        return {
            "shape": list(values.shape),
            "minimum": float(flat.min()),
            "maximum": float(flat.max()),
            "mean": float(flat.mean()),
            "norm": float(np.linalg.norm(flat)),
            "largest": largest,
        }

    def by_row(self, values: FloatArray, layer: int) -> Any:
        """Return an array (rows, units) of a layer; layer -1 means the inputs."""
        return self.array(values, lambda index: self.names.unit(layer, index[-1]))

    def parameters(self, arrays: dict[str, FloatArray], layer: int) -> dict[str, Any]:
        """Return arrays of a layer's parameters by name."""

        def name_of(name: str) -> NameOf:
            return lambda index: self.names.parameter(Place(layer, name, index))

        return {name: self.array(array, name_of(name)) for name, array in arrays.items()}


def check_full(full: bool, numbers: int) -> None:
    """Raise `Invalid` when an answer would hold more than `FULL_NUMBERS`; called before anything is computed."""
    if full and numbers > FULL_NUMBERS:
        detail = (
            f"would write about {numbers:,} numbers, and at most {FULL_NUMBERS:,} are; without it they are summarised"
        )
        raise Invalid.at("?full", detail)


def add_nonfinite(
    body: TraceAnswer | GradientCheckAnswer | SlopeAnswer | SurfaceAnswer | DiffAnswer | EvaluateAnswer,
) -> None:
    """Add to an answer the names of its fields that are not finite and so written as null, if there are any."""
    found: list[str] = []
    _find(body, "", found)
    if found:
        body["nonfinite"] = found[:MOST_NONFINITE]


def _find(value: object, path: str, found: list[str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _find(item, f"{path}/{key}", found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if not isinstance(item, str | int):
                _find(item, f"{path}/{index}", found)
    elif isinstance(value, np.ndarray):
        if not np.isfinite(value).all():
            found.append(path.lstrip("/"))
    elif isinstance(value, float) and not math.isfinite(value):
        found.append(path.lstrip("/"))
