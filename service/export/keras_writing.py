"""Writes a trained network as a `.keras` file: a Sequential model of Keras 3 with its weights.

Where all columns are numbers that are never missing, a Rescaling layer in float64 comes first, so that the model takes
the numbers of the dataset; scaled targets get one as the last layer. Keras has no layers that fill missing numbers, and
its StringLookup needs TensorFlow: a model with such columns takes the network's own inputs, and the file's
`metadata.json` says how each is made of the columns.
"""

import io
import json
import zipfile
from typing import Any

import h5py
import numpy as np

from service.definitions.keras.objects import Json, keras_object
from service.definitions.keras.writing import write_sequential
from service.definitions.network import NetworkDefinition
from service.export.subject import ExportedNetwork, rescales
from service.preprocessing.fit import Preprocessing

KERAS_VERSION = "3.0.0"  # the first that reads what is written here
CONFIG, WEIGHTS = "config.json", "model.weights.h5"
ORDER = ("weights", "biases", "running_mean", "running_variance")  # of a layer's variables in Keras
SNAKE_CASE = {
    "Dense": "dense",
    "BatchNormalization": "batch_normalization",
    "LayerNormalization": "layer_normalization",
}
FLOAT64 = keras_object("keras", "DTypePolicy", {"name": "float64"})


def write_keras(exported: ExportedNetwork) -> bytes:
    """Return the bytes of the file; raise `Invalid` where a layer has no counterpart in Keras."""
    definition = NetworkDefinition.model_validate(exported.definition()).normalised()
    definition["training"] = {"precision": exported.network.dtype.name}
    document = write_sequential(exported.name, definition)
    layers = document["config"]["layers"]
    weights = _weights(exported, layers)
    if rescales(exported.preprocessing):
        layers[1:1] = _rescaling_in(exported)
    layers += _rescaling_out(exported.preprocessing)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in (
            ("metadata.json", json.dumps(_metadata(exported)).encode()),
            (CONFIG, json.dumps(document).encode()),
            (WEIGHTS, weights),
        ):
            archive.writestr(zipfile.ZipInfo(name), content)  # without the time, so that the same is the same again
    return stream.getvalue()


def _metadata(exported: ExportedNetwork) -> Json:
    """Return what Keras wants to know of a file, and what it is of."""
    included = rescales(exported.preprocessing)
    metadata = {"keras_version": KERAS_VERSION, "preprocessing_included": included, **exported.metadata()}
    return metadata if included else {**metadata, "inputs": input_sentences(exported.preprocessing)}


def input_sentences(preprocessing: Preprocessing) -> list[str]:
    """Return how each input of the network is made of the columns, in words."""
    scale = "" if preprocessing.scale in (None, 1.0) else f" / {preprocessing.scale!r}"
    found = []
    for column in preprocessing.inputs:
        if column.categories is not None:
            found += [f"1 where `{column.name}` is {json.dumps(text)}, else 0" for text in column.categories]
            continue
        filled = "" if column.fill is None else f"; missing is {column.fill!r} in place of `{column.name}`{scale}"
        found.append(f"(`{column.name}`{scale} - {column.offset!r}) / {column.divisor!r}{filled}")
        if column.indicator:
            found.append(f"1 where `{column.name}` is missing, else 0")
    return found


def _weights(exported: ExportedNetwork, layers: list[Json]) -> bytes:
    """Return the weights in HDF5, under the names that Keras gives to the layers of a Sequential model."""
    written = [layer for layer in layers if layer["class_name"] != "InputLayer"]
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        _write_arrays(exported, written, file)
    return stream.getvalue()


def _write_arrays(exported: ExportedNetwork, written: list[Json], file: "h5py.File") -> None:
    counts: dict[str, int] = {}
    for placed, layer in zip(exported.network.layers, written, strict=True):
        if not placed.values:
            continue
        name = SNAKE_CASE[layer["class_name"]]
        count = counts[name] = counts.get(name, -1) + 1
        path = f"layers/{name}_{count}" if count else f"layers/{name}"
        present = [placed.values[each] for each in ORDER if each in placed.values]
        for index, array in enumerate(present):
            file.create_dataset(f"{path}/vars/{index}", data=array)


def _rescaling_in(exported: ExportedNetwork) -> list[Json]:
    """Return the layer from a dataset's numbers to the network's inputs; none where they are the same."""
    preprocessing = exported.preprocessing
    scale = 1.0 if preprocessing.scale is None else preprocessing.scale
    if preprocessing.is_plain:
        scale = float(exported.network.dtype.type(scale))
        return [] if scale == 1.0 else [_rescaling(1.0 / scale, 0.0)]
    offsets, divisors = np.array([[column.offset, column.divisor] for column in preprocessing.inputs]).T
    return [_rescaling((1.0 / (scale * divisors)).tolist(), (-offsets / divisors).tolist())]


def _rescaling_out(preprocessing: Preprocessing) -> list[Json]:
    """Return the layer from the network's outputs to the targets' own units; none where they are the same."""
    if preprocessing.labels is not None or preprocessing.target_values == "none":
        return []
    offsets, divisors = preprocessing.target_scales
    return [_rescaling(divisors.tolist(), offsets.tolist())]


def _rescaling(scale: Any, offset: Any) -> Json:
    return keras_object("keras.layers", "Rescaling", {"dtype": FLOAT64, "scale": scale, "offset": offset})
