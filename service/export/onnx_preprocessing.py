"""The functions of an ONNX model around its network: from columns to the network's inputs, from its outputs to answers.

Numbers are computed in float64, as in `service.preprocessing.fit`, and converted to the network's precision afterwards.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import FunctionProto

from service.definitions.columns import ColumnType
from service.export.onnx_functions import DOMAIN
from service.export.onnx_nodes import Nodes
from service.export.onnx_types import INT64, ML_DOMAIN, STRING, element_type, function
from service.export.subject import threshold_of
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn

INPUTS, PREDICTIONS, LABELS = "inputs", "predictions", "labels"
FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True)
class Port:
    """An input or output of a model: its name, its ONNX type and its number of columns; None for one value a row."""

    name: str
    kind: int
    columns: int | None


def input_ports(preprocessing: Preprocessing, dtype: np.dtype[Any]) -> list[Port]:
    """Return one input (rows, columns) where all columns are numbers, else one (rows, 1) for each column."""
    columns = preprocessing.inputs
    if all(column.type is ColumnType.NUMBER for column in columns):
        return [Port(INPUTS, element_type(dtype), len(columns))]
    names = Nodes(dtype, (PREDICTIONS, LABELS))
    return [
        Port(names.name(column.name or f"column_{index}"), _kind(column, dtype), 1)
        for index, column in enumerate(columns, 1)
    ]


def _kind(column: InputColumn, dtype: np.dtype[Any]) -> int:
    return STRING if column.type is ColumnType.CATEGORY else element_type(dtype)


def output_ports(preprocessing: Preprocessing, dtype: np.dtype[Any]) -> list[Port]:
    """Return the predictions and, of classes, the labels."""
    ports = [Port(PREDICTIONS, element_type(dtype), preprocessing.outputs)]
    if preprocessing.labels is not None:
        ports.append(Port(LABELS, STRING if _are_texts(preprocessing) else INT64, None))
    return ports


def _are_texts(preprocessing: Preprocessing) -> bool:
    return any(isinstance(label, str) for label in preprocessing.labels or ())


def input_function(preprocessing: Preprocessing, dtype: np.dtype[Any]) -> FunctionProto:
    """Return the function from the model's inputs to the network's inputs `X`."""
    given = [f"column_{index}" for index, _ in enumerate(input_ports(preprocessing, dtype), 1)]
    nodes = Nodes(FLOAT64, [*given, "X"])
    columns = preprocessing.inputs
    numbers = [index for index, column in enumerate(columns) if column.type is ColumnType.NUMBER]
    parts: list[str] = []
    if numbers:
        joined = given[0] if len(given) < len(columns) else _joined(nodes, [given[index] for index in numbers])
        parts += _numbers(nodes, preprocessing, [columns[index] for index in numbers], joined, dtype)
    for index, column in enumerate(columns):
        if column.type is ColumnType.CATEGORY and column.width:
            parts.append(_one_hot(nodes, column, given[index], dtype))
    whole, order = _joined(nodes, parts), _order(columns)
    if order != list(range(len(order))):
        whole = nodes.add("Gather", whole, nodes.constant(order, np.int64), axis=1)
    nodes.add("Identity", whole, to="X")
    return function(DOMAIN, "preprocessing", given, ["X"], nodes.written, documentation(preprocessing, dtype))


def _joined(nodes: Nodes, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else nodes.add("Concat", *parts, axis=1)


def _order(columns: Sequence[InputColumn]) -> list[int]:
    """Return where each input of the network stands in what is joined: numbers, indicators, then categories."""
    numbers = [column for column in columns if column.type is ColumnType.NUMBER]
    indicators = [column for column in numbers if column.indicator]
    number, indicator, category = 0, len(numbers), len(numbers) + len(indicators)
    order: list[int] = []
    for column in columns:
        if column.type is ColumnType.CATEGORY:
            order += range(category, category + column.width)
            category += column.width
            continue
        order.append(number)
        number += 1
        if column.indicator:
            order.append(indicator)
            indicator += 1
    return order


def _numbers(
    nodes: Nodes, preprocessing: Preprocessing, columns: Sequence[InputColumn], raw: str, dtype: np.dtype[Any]
) -> list[str]:
    """Add the scaling of columns of numbers, and the indicators of missing values; return their names."""
    x = nodes.cast(raw, FLOAT64)
    scale = 1.0 if preprocessing.scale is None else preprocessing.scale
    if preprocessing.is_plain:
        scale = float(dtype.type(scale))  # as `Preprocessing.transform_sent` divides
    if scale != 1.0:
        x = nodes.add("Div", x, nodes.constant(scale))
    parts = []
    if any(column.fill is not None for column in columns):
        missing = nodes.add("IsNaN", x)
        fills = [np.nan if column.fill is None else column.fill for column in columns]
        x = nodes.add("Where", missing, nodes.constant(fills), x)
        if marked := [index for index, column in enumerate(columns) if column.indicator]:
            found = nodes.add("Gather", missing, nodes.constant(marked, np.int64), axis=1)
            parts.append(nodes.cast(found, dtype))
    if not preprocessing.is_plain:
        x = nodes.add("Sub", x, nodes.constant([column.offset for column in columns]))
        x = nodes.add("Div", x, nodes.constant([column.divisor for column in columns]))
    return [nodes.cast(x, dtype), *parts]


def _one_hot(nodes: Nodes, column: InputColumn, texts: str, dtype: np.dtype[Any]) -> str:
    """Add one input for each category: 1 where the text is that category, so that an unknown one is all zeros."""
    categories = list(column.categories or ())
    codes = list(range(len(categories)))
    code = nodes.add(
        "LabelEncoder", texts, domain=ML_DOMAIN, keys_strings=categories, values_int64s=codes, default_int64=-1
    )
    known = nodes.constant(np.arange(len(categories)), np.int64)
    return nodes.cast(nodes.add("Equal", code, known), dtype)


def output_function(preprocessing: Preprocessing, dtype: np.dtype[Any]) -> FunctionProto:
    """Return the function from the network's outputs `A` to the predictions and, of classes, the labels."""
    ports = output_ports(preprocessing, dtype)
    nodes = Nodes(FLOAT64, ["A", *(port.name for port in ports)])
    values = "A"
    if preprocessing.labels is None and preprocessing.target_values != "none":
        offsets, divisors = preprocessing.target_scales
        values = nodes.add("Mul", nodes.cast("A", FLOAT64), nodes.constant(divisors))
        values = nodes.cast(nodes.add("Add", values, nodes.constant(offsets)), dtype)
    nodes.add("Identity", values, to=PREDICTIONS)
    if preprocessing.labels is not None:
        _labels(nodes, preprocessing, dtype)
    names = [port.name for port in ports]
    return function(DOMAIN, "answer", ["A"], names, nodes.written, documentation(preprocessing, dtype))


def _labels(nodes: Nodes, preprocessing: Preprocessing, dtype: np.dtype[Any]) -> None:
    """Add the labels of classes: by the threshold of the last output where there is one, else of the largest output."""
    labels = list(preprocessing.labels or ())
    if (threshold := threshold_of(preprocessing)) is not None:
        last = nodes.add("Gather", "A", nodes.constant([preprocessing.outputs - 1], np.int64), axis=1)
        reached = nodes.add("GreaterOrEqual", last, nodes.constant(threshold, dtype))
        classes = nodes.add("Squeeze", nodes.cast(reached, np.dtype(np.int64)), nodes.constant([1], np.int64))
    else:
        classes = nodes.add("ArgMax", "A", axis=1, keepdims=0)
    are_texts = _are_texts(preprocessing)
    known = nodes.texts([str(label) for label in labels]) if are_texts else nodes.constant(np.array(labels), np.int64)
    nodes.add("Gather", known, classes, to=LABELS, axis=0)


def documentation(preprocessing: Preprocessing, dtype: np.dtype[Any]) -> str:
    """Return the text of both functions: what was fitted, and the precision that it is for."""
    record = {**preprocessing.to_dict(), "decision": preprocessing.decision, "precision": dtype.name}
    return json.dumps({"type": "preprocessing", **record}, sort_keys=True)
