"""Describes what a trained network takes and gives, so that a form can be built from the description."""

import math
from typing import Any, Literal

from service.backprop.activations import Activation, Linear
from service.definitions.build import engine_layers
from service.definitions.columns import ColumnType
from service.models.signature_answers import Cell, ExampleAnswer, InputAnswer, OutputAnswer, SignatureFields
from service.preprocessing.dates import date_of
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn

Filling = Literal["error", "mean", "median", "indicator"]


def signature(network: dict[str, Any], preprocessing: Preprocessing) -> SignatureFields:
    """Return the inputs and outputs of a network, given by its definition, with what was fitted for it."""
    return {
        "inputs": [input_answer(column, preprocessing) for column in preprocessing.inputs],
        "outputs": _outputs(preprocessing, output_activation(network)),
    }


def example(preprocessing: Preprocessing) -> ExampleAnswer:
    """Return a body with one row: the first category of text columns, the mean of numbers where it is known."""
    return {"instances": [{column.name: _typical(column, preprocessing) for column in preprocessing.inputs}]}


def _typical(column: InputColumn, preprocessing: Preprocessing) -> Cell:
    if column.type is ColumnType.CATEGORY:
        return (column.categories or ("",))[0]
    number = column.offset * _scale(preprocessing) if column.mean is None else column.mean
    return date_of(float(round(number))) if column.is_date else float(f"{number:.6g}")


def input_answer(column: InputColumn, preprocessing: Preprocessing) -> InputAnswer:
    """Return what one input column takes."""
    if column.type is ColumnType.CATEGORY:
        return {
            "name": column.name,
            "type": "category",
            "categories": list(column.categories or ()),
            "missing": "error" if preprocessing.missing == "error" else "zeros",
        }
    answer: InputAnswer = {
        "name": column.name,
        "type": "date" if column.is_date else "number",
        "missing": _filling(column, preprocessing),
    }
    if column.minimum is not None:
        answer["minimum"] = _cell(column, column.minimum)
    if column.maximum is not None:
        answer["maximum"] = _cell(column, column.maximum)
    if column.mean is not None:
        answer["mean"] = _cell(column, column.mean)
    if column.fill is not None:
        answer["fill"] = _cell(column, column.fill * _scale(preprocessing))
    return answer


def _filling(column: InputColumn, preprocessing: Preprocessing) -> Filling:
    """Return what becomes of a missing number; without an indicator its column is filled with the mean alone."""
    if column.fill is None:
        return "error"
    if preprocessing.missing == "median":
        return "median"
    return "indicator" if column.indicator else "mean"


def _cell(column: InputColumn, number: float) -> Cell:
    return date_of(number) if column.is_date else number


def _scale(preprocessing: Preprocessing) -> float:
    return 1.0 if preprocessing.scale is None else preprocessing.scale


def _outputs(preprocessing: Preprocessing, activation: Activation) -> list[OutputAnswer]:
    if preprocessing.labels is not None:
        classes: OutputAnswer = {
            "name": preprocessing.target_names[0],
            "type": "category",
            "classes": list(preprocessing.labels),
            "width": preprocessing.outputs,
        }
        return [_bounded(classes, activation, 0.0, 1.0)]
    scaled = preprocessing.target_values != "none"
    return [
        _bounded(
            {"name": target.name, "type": "number", "width": 1},
            activation,
            target.offset if scaled else 0.0,
            target.divisor if scaled else 1.0,
        )
        for target in preprocessing.targets
    ]


def _bounded(answer: OutputAnswer, activation: Activation, offset: float, divisor: float) -> OutputAnswer:
    """Return an output with the range that its numbers can reach, in their own units, as far as it is bounded."""
    low, high = (bound * divisor + offset for bound in activation.bounds)
    if math.isfinite(low):
        answer["minimum"] = low
    if math.isfinite(high):
        answer["maximum"] = high
    return answer


def output_activation(network: dict[str, Any]) -> Activation:
    return engine_layers(network)[-1].last_activation() or Linear()
