"""Trained networks of every layer, activation and kind of preprocessing, with rows and what the service answers."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.backprop.activations import ACTIVATIONS
from service.definitions.build import build_network
from service.definitions.columns import ColumnType
from service.export.subject import ExportedNetwork
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn

NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY
COLORS = ("blue", "green", "rot", 'red, "dark"')
SETTINGS = {"leaky_relu": {"slope": 0.3}, "elu": {"alpha": 1.5}}


@dataclass(frozen=True)
class Case:
    """A network and rows of raw columns: numbers, and texts of categories, None where missing."""

    exported: ExportedNetwork
    rows: list[list[Any]]

    @property
    def raw(self) -> NDArray[np.float64]:
        """The rows as raw input columns, with numbers rounded to the network's precision as a file's input has them."""
        dtype = self.exported.network.dtype
        raw = np.empty((len(self.rows), len(self.exported.preprocessing.inputs)))
        for at, column in enumerate(self.exported.preprocessing.inputs):
            cells = [row[at] for row in self.rows]
            if column.type is CATEGORY:
                raw[:, at] = [np.nan if cell is None else column.codes.get(cell, np.nan) for cell in cells]
            else:
                raw[:, at] = np.array([np.nan if cell is None else cell for cell in cells], dtype=dtype)
        return raw

    def answer(self) -> tuple[NDArray[Any], list[str | int] | None]:
        """Return the service's predictions and labels."""
        network, preprocessing = self.exported.network, self.exported.preprocessing
        X = np.empty((len(self.rows), preprocessing.features), dtype=network.dtype)
        preprocessing.transform_sent(self.raw, X)
        A = network.predict(X)
        return preprocessing.restore(A), preprocessing.label_of(A)


def trained(layers: list[dict[str, Any]], preprocessing: Preprocessing, precision: str = "float32") -> ExportedNetwork:
    """Return a network with random parameters and statistics."""
    network = build_network({"inputs": preprocessing.features, "layers": layers}, precision)
    network.initialize(1)
    random = np.random.default_rng(2)
    network.parameters[...] += random.normal(0.0, 0.3, network.parameters.shape)
    network.statistics[...] = random.uniform(0.5, 2.0, network.statistics.shape)
    return ExportedNetwork("model", 3, 12, network, preprocessing)


def numbers(count: int, **options: Any) -> tuple[InputColumn, ...]:
    """Return columns of numbers with offsets and divisors of their own."""
    return tuple(InputColumn(f"x{at}", NUMBER, None, 3.7 * at - 5.1, 0.3 + at, **options) for at in range(count))


def fitted(inputs: tuple[InputColumn, ...], **options: Any) -> Preprocessing:
    """Return a preprocessing that standardizes, of three classes unless `options` say otherwise."""
    chosen: dict[str, Any] = {
        "numbers": "standardize",
        "target_values": "none",
        "missing": "error",
        "targets": (TargetColumn("species"),),
        "labels": ("cat", "dog", "owl"),
        "codes": (0.0, 1.0, 2.0),
        "single_output": False,
    }
    return Preprocessing(inputs=inputs, **(chosen | options))


def dense(units: int, activation: Any = "tanh") -> dict[str, Any]:
    return {"type": "dense", "units": units, "activation": activation}


SOFTMAX = [dense(8), dense(3, "softmax")]
VALUES: dict[str, Any] = {"labels": None, "codes": None}
TWO: dict[str, Any] = {"labels": ("no", "yes"), "codes": (0.0, 1.0), "single_output": True}
PLAIN = tuple(InputColumn(f"x{at}", NUMBER) for at in range(5))
MIXED = (
    InputColumn("age", NUMBER, None, 40.0, 12.5, 41.25, True),
    InputColumn("color", CATEGORY, COLORS),
    InputColumn("seen", NUMBER, None, 19000.0, 365.0, is_date=True),
    InputColumn("predictions", CATEGORY, ("a", "b")),
    InputColumn("income", NUMBER, None, 1000.0, 250.0, 900.0, False),
    InputColumn("empty", CATEGORY, ()),
    InputColumn("weight", NUMBER, None, 70.0, 8.0, 70.5, True),
)


def _random_rows(columns: int, count: int = 50) -> list[list[Any]]:
    """Return rows that are standard normal once `numbers` has standardized them."""
    offsets, divisors = 3.7 * np.arange(columns) - 5.1, 0.3 + np.arange(columns)
    rows: list[list[Any]] = np.random.default_rng(3).normal(offsets, divisors, (count, columns)).tolist()
    return rows


def _with_missing(columns: int) -> list[list[Any]]:
    rows = _random_rows(columns)
    for at, row in enumerate(rows):
        row[at % columns] = None if at % 3 else row[at % columns]
    return rows


def _mixed_rows() -> list[list[Any]]:
    rows = _random_rows(len(MIXED))
    for at, row in enumerate(rows):
        row[0] = None if at % 4 == 0 else 40.0 + row[0]
        row[1] = (*COLORS, "never seen", None)[at % 6]
        row[2] = 19000.0 + round(row[2] * 100)
        row[3] = ("a", "b", "ä")[at % 3]
        row[4] = None if at % 5 == 0 else 1000.0 + row[4]
        row[5] = (None, "x")[at % 2]
        row[6] = None if at % 7 == 0 else 70.0 + row[6]
    return rows


def cases() -> dict[str, Case]:
    """Return all cases by name, each in both precisions."""
    made: dict[str, Case] = {}

    def add(name: str, layers: list[dict[str, Any]], preprocessing: Preprocessing, rows: list[list[Any]]) -> None:
        for precision in ("float32", "float64"):
            made[f"{name} {precision}"] = Case(trained(layers, preprocessing, precision), rows)

    rows = _random_rows(5)
    classes, values = fitted(numbers(5)), fitted(numbers(5), **VALUES)
    for name in ACTIVATIONS.names():
        activation = {"type": name, **SETTINGS.get(name, {})}
        add(f"activation {name}", [dense(7, activation), dense(3, "softmax")], classes, rows)
        add(f"output {name}", [dense(1, activation)], fitted(numbers(5), **VALUES), rows)
    add("layers", _every_layer(), classes, rows)
    add("a layer of its own first", [{"type": "activation", "activation": "tanh"}, *SOFTMAX], classes, rows)
    add(
        "twice the same activation",
        [dense(4, "elu"), dense(4, SETTINGS["elu"] | {"type": "elu"}), *SOFTMAX],
        classes,
        rows,
    )
    add("numbers as they are", SOFTMAX, fitted(PLAIN, numbers="none"), rows)
    add("numbers with a scale", SOFTMAX, fitted(PLAIN, numbers="none", scale=255.0), rows)
    add("numbers with a scale of no exact float32", SOFTMAX, fitted(PLAIN, numbers="none", scale=0.1), rows)
    add("standardized with a scale", SOFTMAX, fitted(numbers(5), scale=16.0), rows)
    add("of a scale that is not known", SOFTMAX, fitted(numbers(5), scale=None), rows)
    filled = fitted(numbers(5, fill=0.5), missing="mean")
    add("missing numbers", SOFTMAX, filled, _with_missing(5))
    add("missing numbers with indicators", SOFTMAX, _indicating(), _with_missing(5))
    add("one number", SOFTMAX, fitted(numbers(1)), _random_rows(1))
    add("categories, dates and numbers", SOFTMAX, fitted(MIXED, missing="indicator"), _mixed_rows())
    add("categories alone", SOFTMAX, fitted((MIXED[1],)), [[color] for color in (*COLORS, "never seen")])
    add("a category and a number", SOFTMAX, fitted((MIXED[1], *numbers(1))), [["rot", 1.5], ["", -2.0]])
    add("two classes of one output", [dense(6), dense(1, "sigmoid")], fitted(numbers(5), **TWO), rows)
    add("another threshold", [dense(6), dense(1, "sigmoid")], fitted(numbers(5), **TWO, threshold=0.3), rows)
    decided = fitted(numbers(5), **TWO, decision=0.7)
    add("a decision of one output", [dense(6), dense(1, "sigmoid")], decided, rows)
    of_two = fitted(numbers(5), labels=(0, 1), codes=(0.0, 1.0), decision=0.2)
    add("a decision of two outputs", [dense(6), dense(2, "softmax")], of_two, rows)
    signs = {"labels": (-1, 1), "codes": (-1.0, 1.0), "single_output": True, "threshold": 0.0, "low": -1.0}
    add("classes -1 and 1", [dense(1, "tanh")], fitted(numbers(5), **signs), rows)
    add("classes of whole numbers", SOFTMAX, fitted(numbers(5), labels=(3, 10, 2**53)), rows)
    hot = tuple(TargetColumn(name) for name in ("cat", "dog", "owl"))
    add("one-hot targets", SOFTMAX, fitted(numbers(5), targets=hot, codes=None), rows)
    scaled = (TargetColumn("price", 1e4, 250.0), TargetColumn("rooms", 4.0, 1.5))
    standardized = replace(values, target_values="standardize", targets=scaled)
    add("scaled values", [dense(6, "relu"), dense(2, "linear")], standardized, rows)
    return made


def _indicating() -> Preprocessing:
    columns = numbers(5, fill=0.5)
    return fitted(
        tuple(replace(column, indicator=at % 2 == 0) for at, column in enumerate(columns)), missing="indicator"
    )


def _every_layer() -> list[dict[str, Any]]:
    return [
        dense(9, "relu"),
        {"type": "batch_normalization", "epsilon": 3e-5},
        {"type": "dropout", "rate": 0.5},
        dense(6, "linear"),
        {"type": "layer_normalization"},
        {"type": "activation", "activation": "silu"},
        {"type": "batch_normalization"},
        dense(3, "linear"),
        {"type": "activation", "activation": "softmax"},
    ]
