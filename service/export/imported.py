"""Networks read from files of other programs: layers with their arrays, checked and bounded, as what is stored here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.build import build_network
from service.definitions.columns import ColumnType
from service.definitions.network import NetworkDefinition, check_network
from service.definitions.validation import check
from service.errors import Invalid
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn

Arrays = dict[str, NDArray[Any]]
PRECISIONS = {"float32", "float64"}


@dataclass
class ReadLayer:
    """One layer of a file: its record as a definition has it, and its arrays by name."""

    record: dict[str, Any]
    arrays: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class Rescaling:
    """Factors and offsets of numbers before the network, or after it: x becomes factor x + offset."""

    factors: tuple[float, ...]
    offsets: tuple[float, ...]


@dataclass(frozen=True)
class Imported:
    """A network from outside: its definition with `inputs` and all layers, its precision and its stored bytes.

    `preprocessing` is None where the file does not say what columns and outputs are.
    """

    definition: NetworkDefinition
    precision: str
    parameters: bytes
    preprocessing: Preprocessing | None
    before: Rescaling | None = None
    after: Rescaling | None = None

    def rescaled(self, plain: Preprocessing) -> Preprocessing:
        """Return what columns and outputs are, where the file scales them, too."""
        if self.before is not None:
            if plain.scale != 1.0 or any(column.type is not ColumnType.NUMBER for column in plain.inputs):
                raise Invalid("the file scales its inputs: they must be numbers, of a dataset without a scale")
            scaled = _in_units(plain.inputs, self.before)
            plain = replace(plain, numbers="standardize", inputs=scaled)
        if self.after is not None:
            if plain.labels is not None:
                raise Invalid("the file scales its outputs, so they are values and no classes: leave `classes` out")
            targets = tuple(
                replace(target, offset=offset, divisor=factor)
                for target, factor, offset in zip(plain.targets, self.after.factors, self.after.offsets, strict=True)
            )
            plain = replace(plain, target_values="standardize", targets=targets)
        return plain


def _in_units(columns: tuple[InputColumn, ...], scaling: Rescaling) -> tuple[InputColumn, ...]:
    """Return the columns with the offset and divisor that a factor and an offset stand for."""
    return tuple(
        replace(column, offset=-offset / factor, divisor=1.0 / factor)
        for column, factor, offset in zip(columns, scaling.factors, scaling.offsets, strict=True)
    )


def imported(
    inputs: int, layers: list[ReadLayer], max_parameters: int, preprocessing: Preprocessing | None = None
) -> Imported:
    """Return a network of the layers that were read.

    Raises
    ------
    Invalid
        When arrays do not fit the layers, are not finite, or have several types; nothing is allocated before.
    """
    if not any(layer.arrays for layer in layers):
        raise Invalid("the file has no layer with parameters")
    definition = check(NetworkDefinition, {"inputs": inputs, "layers": [layer.record for layer in layers]})
    check_network(definition, max_parameters)
    types = {array.dtype.name for layer in layers for array in layer.arrays.values()}
    if len(types) > 1 or not types <= PRECISIONS:
        raise Invalid(f"parameters must be all float32 or all float64, got {', '.join(sorted(types))}")
    network = build_network(definition.normalised(), types.pop())
    for index, (placed, layer) in enumerate(zip(network.layers, layers, strict=True)):
        _check_shapes(index, {name: array.shape for name, array in placed.values.items()}, layer.arrays)
        for name, array in placed.values.items():
            array[...] = layer.arrays[name]
    if preprocessing is not None and (preprocessing.features, preprocessing.outputs) != (inputs, network.outputs):
        raise Invalid("the preprocessing of the file has other inputs or outputs than its network")
    return Imported(definition, network.dtype.name, network.stored_bytes(), preprocessing)


def _check_shapes(index: int, wanted: Mapping[str, tuple[int, ...]], arrays: Arrays) -> None:
    for name, shape in wanted.items():
        found = arrays.get(name)
        if found is None or found.shape != shape:
            got = "none" if found is None else " x ".join(map(str, found.shape))
            raise Invalid(f"layer {index}: `{name}` must be {' x '.join(map(str, shape))} numbers, got {got}")
        if not np.isfinite(found).all():
            raise Invalid(f"layer {index}: `{name}` holds numbers that are not finite")
