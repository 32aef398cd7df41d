"""Writes a trained network as `predict.py`: a Python program that needs NumPy alone and that a person can read."""

import base64
import textwrap
from collections.abc import Iterator
from importlib import resources
from typing import Any

from numpy.typing import NDArray

from service.backprop.network import PlacedLayer
from service.export.python_activations import call_of, functions_of
from service.export.subject import ExportedNetwork, threshold_of
from service.preprocessing.dates import date_of
from service.preprocessing.fit import Preprocessing

MOST_READABLE = 2000  # entries of an array that are written as numbers; larger ones are base64
COLUMN_FIELDS = ("name", "categories", "offset", "divisor", "fill", "indicator", "is_date")
MARK = "# --- copied ---\n"
NAMES = {"weights": "W", "biases": "b", "running_mean": "mean", "running_variance": "variance"}
LINE = 100  # characters of a line of numbers


def write_python(exported: ExportedNetwork) -> bytes:
    """Return the program's text in UTF-8."""
    text = resources.files("service.export").joinpath("predict_template.py").read_text("utf-8")
    _, common, end = text.split(MARK)
    parts = [
        _beginning(exported),
        *functions_of({activation.name for activation in _activations(exported)}),
        _forward(exported),
        common,
        _parameters(exported),
        end,
    ]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts).encode()


def _activations(exported: ExportedNetwork) -> Iterator[Any]:
    for placed in exported.network.layers:
        activation = placed.layer.last_activation()
        if activation is not None:
            yield activation


def _beginning(exported: ExportedNetwork) -> str:
    """Return documentation, imports and the constants of the preprocessing and the answer."""
    fitted = exported.preprocessing
    columns = [{name: getattr(column, name) for name in COLUMN_FIELDS} for column in fitted.inputs]
    scale = 1.0 if fitted.scale is None else fitted.scale
    if fitted.is_plain:
        scale = float(exported.network.dtype.type(scale))
    offsets, divisors = fitted.target_scales.tolist()
    constants: dict[str, Any] = {
        "PRECISION": exported.network.dtype.name,
        "SCALE": scale,
        "COLUMNS": columns,
        "EXAMPLE": _example(fitted),
        "TARGETS": list(fitted.target_names),
        "LABELS": None if fitted.labels is None else list(fitted.labels),
        "OUTPUTS": _output_names(fitted),
        "THRESHOLD": threshold_of(fitted),
        "TARGETS_ARE_SCALED": fitted.target_values != "none",
        "TARGET_OFFSETS": offsets,
        "TARGET_DIVISORS": divisors,
    }
    lines = [
        f'"""Predict with {exported.sentence}; needs Python 3.11 and NumPy.',
        "",
        "    python predict.py < rows.csv     a header with the columns, then rows; predictions are written as CSV",
        "    python predict.py --example      predicts the example row",
        "",
        "As a module: `from predict import predict`, then `predict([{column: value, ...}, ...])`.",
        '"""',
        "",
        *(f"import {name}" for name in ("base64", "csv", "datetime", "sys")),
        "",
        "import numpy as np",
        "",
        *(f"{name} = {_written(value)}" for name, value in constants.items()),
    ]
    return "\n".join(lines)


def _written(value: Any) -> str:
    """Return a constant as Python writes it in ASCII, a list with one entry a line."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + "".join(f"    {entry!a},\n" for entry in value) + "]"
    return ascii(value)


def _example(fitted: Preprocessing) -> dict[str, Any]:
    """Return a row by column: the first category, or the number that training had on average where that is known."""
    row: dict[str, Any] = {}
    for column in fitted.inputs:
        number = column.offset * (1.0 if fitted.scale is None else fitted.scale)
        if column.categories is not None:
            row[column.name] = (column.categories or ("",))[0]
        else:
            row[column.name] = date_of(float(round(number))) if column.is_date else number
    return row


def _output_names(fitted: Preprocessing) -> list[str]:
    """Return the names of the outputs in the header: of classes, or of the targets."""
    if fitted.labels is None:
        return list(fitted.target_names)
    labels = [str(label) for label in fitted.labels]
    return labels[1:] if fitted.single_output else labels


def _forward(exported: ExportedNetwork) -> str:
    """Return the forward pass, written out layer by layer."""
    lines = ["def forward(X):", '    """The network\'s outputs (rows, outputs) of its inputs (rows, inputs)."""']
    A, units = "X", exported.network.inputs
    for placed in exported.network.layers:
        lines += _layer(placed, A, units)
        A, units = f"A{placed.index}", placed.units
    return "\n".join([*lines, f"    return {A}"])


def _layer(placed: PlacedLayer, before: str, inputs: int) -> list[str]:
    """Return the lines that compute one layer."""
    index, layer = placed.index, placed.layer
    A, W, b = (f"{name}{index}" for name in ("A", "W", "b"))
    lines = [f"    # layer {index}: {layer.name}, {inputs} -> {placed.units}"]
    if layer.name == "dense":
        lines.append(f"    Z{index} = {before} @ {W} + {b}")
    activation = layer.last_activation()
    if activation is not None:
        Z = f"Z{index}" if layer.name == "dense" else before
        return [*lines, f"    {A} = {call_of(activation, Z)}"]
    if layer.name == "dropout":
        return [*lines, f"    {A} = {before}  # outside of training nothing happens"]
    epsilon = getattr(layer, "epsilon", 0.0)
    if layer.name == "batch_normalization":
        lines.append(f"    N{index} = ({before} - mean{index}) / np.sqrt(variance{index} + {epsilon!r})")
    else:
        lines += [
            f"    C{index} = {before} - {before}.mean(axis=1, keepdims=True)",
            f"    N{index} = C{index} / np.sqrt((C{index} ** 2).mean(axis=1, keepdims=True) + {epsilon!r})",
        ]
    return [*lines, f"    {A} = N{index} * {W} + {b}"]


def _parameters(exported: ExportedNetwork) -> str:
    """Return the parameters as `forward` names them; they stand below all that a person wants to read first."""
    lines = ["# The parameters: weights W (inputs x units), biases b, and what normalizations measured in training"]
    for placed in exported.network.layers:
        for name, values in placed.values.items():
            shape = ", ".join(map(str, values.shape)) + ("," if values.ndim == 1 else "")
            lines.append(f"{NAMES[name]}{placed.index} = array({_numbers(values)}, ({shape}))")
    return "\n".join(lines)


def _numbers(values: NDArray[Any]) -> str:
    """Return an array as a flat list of the shortest numbers that read back the same, or as base64 of its bytes."""
    if values.size > MOST_READABLE:
        text = base64.b64encode(values.tobytes()).decode()
        pieces = (text[at : at + LINE] for at in range(0, len(text), LINE))
        return "(\n" + "\n".join(f'    "{piece}"' for piece in pieces) + "\n)"
    lines = textwrap.wrap(", ".join(map(str, values.ravel())), LINE)
    return "[\n" + "\n".join(f"    {line}" for line in lines) + "\n]"
