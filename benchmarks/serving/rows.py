"""The requests that `make bench-serve` measures, and the two networks that they are for."""

import json
from dataclasses import dataclass

import numpy as np

from service.datasets.media_types import JSON, RAW

SMALL, DIGITS = "4-16-3", "784-100-10"
SIZES = {SMALL: (4, 16, 3), DIGITS: (784, 100, 10)}
TRAINED_ROWS = 300


def inputs(network: str, rows: int) -> np.ndarray:
    """Return rows (rows, inputs) such as clients send: lengths in centimetres, or the brightness of pixels."""
    width = SIZES[network][0]
    random = np.random.default_rng(width)
    return (
        random.uniform(0.1, 7.9, (rows, width)).round(1) if network == SMALL else random.random((rows, width)).round(5)
    )


def job(network: str) -> dict[str, object]:
    """Return the body of a job that trains the network for an epoch."""
    _, hidden, classes = SIZES[network]
    dataset = {
        "name": f"rows-{network}",
        "inputs": inputs(network, TRAINED_ROWS).tolist(),
        "targets": [f"class {row % classes}" for row in range(TRAINED_ROWS)],
    }
    layers = {"hidden": [hidden], "activation": "relu"}
    return {"model": model_of(network), "dataset": dataset, "network": layers, "training": {"epochs": 1, "seed": 1}}


def model_of(network: str) -> str:
    return f"net-{network}"


@dataclass(frozen=True)
class Row:
    """One line of the table: rows of a network in one request, as JSON or as raw float32 numbers."""

    network: str
    rows: int
    is_raw: bool = False

    @property
    def title(self) -> str:
        what = "one row" if self.rows == 1 else f"{self.rows} rows"
        return f"{self.network}, {what}, {'float32' if self.is_raw else 'JSON'}, {len(self.body('instances')):,} bytes"

    @property
    def key(self) -> str:
        return f"{self.network}x{self.rows}{'raw' if self.is_raw else ''}"

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, SIZES[self.network][0]

    @property
    def media_type(self) -> str:
        return RAW if self.is_raw else JSON

    def body(self, form: str) -> bytes:
        """Return the body: for JSON in TensorFlow's form `instances`, or of the Open Inference Protocol, `tensor`."""
        values = inputs(*(self.network, self.rows))
        if self.is_raw:
            return values.astype("<f4").tobytes()
        if form == "instances":
            return json.dumps({"instances": values.tolist()}, separators=(",", ":")).encode()
        tensor = {"name": "x", "shape": list(self.shape), "datatype": "FP32", "data": values.ravel().tolist()}
        return json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()


ROWS = (Row(SMALL, 1), Row(DIGITS, 1), Row(DIGITS, 100), Row(DIGITS, 100, is_raw=True))
