"""Reads a `.keras` file: a Sequential model of Keras 3 with its weights.

The layers are read as `POST /v1/networks` reads Keras's JSON. A Rescaling layer at the beginning or the end is the
scaling of columns or of targets; what `compile()` has set is left out, as nothing is trained.
"""

import io
import zipfile
import zlib
from typing import Any

from service.backprop.layers import Layer
from service.datasets.strict_json import parse_json
from service.definitions.network import NetworkDefinition, NetworkRequest, check_network, widths
from service.definitions.validation import check
from service.errors import Invalid, Malformed, TooLarge
from service.export.hdf5_reading import opened_hdf5, read_array
from service.export.imported import Arrays, Imported, ReadLayer, Rescaling, imported
from service.export.keras_writing import CONFIG, ORDER, SNAKE_CASE, WEIGHTS

MOST_CONFIG = 16 * 1024 * 1024
MOST_EXPANSION, LEAST_BOUND = 4, MOST_CONFIG  # of the weights: Keras packs nothing
LEAST_SCALE, MOST_SCALE = 1e-100, 1e100  # so that what is computed of a scale and an offset is finite
FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


def read_keras(data: bytes, max_parameters: int) -> Imported:
    """Return the network of a file.

    Raises
    ------
    Malformed
        When the bytes are no `.keras` file.
    Invalid
        With a pointer into its `config.json`, or with the array that does not fit.
    """
    config, weights = _members(data)
    document = parse_json(config, f"`{CONFIG}` of the file")
    before, after = _without_scaling(document)
    document.pop("compile_config", None)
    definition = check(NetworkRequest, document).definition()
    check_network(definition, max_parameters)
    if definition.layers is None or definition.inputs is None:
        raise Invalid.at("#/config/layers", "must begin with an InputLayer, or be built, so that it has inputs")
    arrays = _arrays(definition, document, weights)
    records = definition.normalised()["layers"]
    precision = definition.training.given().get("precision", "float32") if definition.training else "float32"
    layers = [
        ReadLayer(
            {key: value for key, value in record.items() if key not in ("weights", "biases")},
            {name: array.astype(precision, copy=False) for name, array in of_layer.items()},
        )
        for record, of_layer in zip(records, arrays, strict=True)
    ]
    found = imported(definition.inputs, layers, max_parameters)
    units = widths(definition.engine_layers(), definition.inputs)[-1]
    scaling = _rescaling(before, definition.inputs), _rescaling(after, units)
    return Imported(found.definition, found.precision, found.parameters, None, *scaling)


def _members(data: bytes) -> tuple[bytes, bytes]:
    """Return the configuration and the weights of the archive, each within its bounds whatever the archive says."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            missing = [name for name in (CONFIG, WEIGHTS) if name not in archive.namelist()]
            if missing:
                raise Invalid(f"the archive has no `{missing[0]}`; write it with model.save('model.keras') of Keras 3")
            return (
                _member(archive, CONFIG, MOST_CONFIG),
                _member(archive, WEIGHTS, max(LEAST_BOUND, MOST_EXPANSION * len(data))),
            )
    except FAULTS:
        raise Malformed("the body is no .keras file: the archive is damaged") from None


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return a file of the archive, which deflate alone may have packed: `zipfile` unpacks others without a bound."""
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Invalid(f"`{name}` of the archive is packed in another way than deflate; save the model as Keras does")
    with archive.open(name) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise TooLarge(f"`{name}` of the archive is beyond {most:,} bytes; write the archive without packing it")
    return data


def _without_scaling(document: Any) -> tuple[Any, Any]:
    """Take the Rescaling layers at both ends out of a document; return the settings of each, or None."""
    config = document.get("config") if isinstance(document, dict) else None
    layers = config.get("layers") if isinstance(config, dict) else None
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        raise Invalid.at("#/config", "must have `layers`, as a Sequential model has")
    first = next((index for index, layer in enumerate(layers) if layer.get("class_name") != "InputLayer"), 0)
    before = layers.pop(first)["config"] if layers[first:] and _is_rescaling(layers[first]) else None
    after = layers.pop()["config"] if layers and _is_rescaling(layers[-1]) else None
    return before, after


def _is_rescaling(layer: dict[str, Any]) -> bool:
    return layer.get("class_name") == "Rescaling" and isinstance(layer.get("config"), dict)


def _rescaling(config: Any, width: int) -> Rescaling | None:
    if config is None:
        return None
    factors, offsets = (_numbers(config.get(key, default), width) for key, default in (("scale", 1.0), ("offset", 0.0)))
    if not all(abs(factor) >= LEAST_SCALE for factor in factors):
        raise Invalid(f"the scale of a Rescaling layer must not be 0, nor nearer to it than {LEAST_SCALE}")
    return Rescaling(factors, offsets)


def _numbers(value: Any, width: int) -> tuple[float, ...]:
    """Return one number for each column, of a list of them or of one number for all."""
    listed = value if isinstance(value, list) else [value] * width
    if len(listed) != width or not all(type(each) in (int, float) and abs(each) <= MOST_SCALE for each in listed):
        detail = f"as scale and as offset, none beyond {MOST_SCALE}"
        raise Invalid(f"a Rescaling layer must have one number, or a list of {width}, {detail}")
    return tuple(map(float, listed))


def _arrays(definition: NetworkDefinition, document: Any, weights: bytes) -> list[Arrays]:
    """Return the arrays of each layer of the definition."""
    assert definition.inputs is not None
    layers: list[Layer] = definition.engine_layers()
    before = widths(layers, definition.inputs)
    paths = iter(_paths(document))
    found: list[Arrays] = []
    with opened_hdf5(weights) as file:
        for layer, inputs in zip(layers, before, strict=False):
            shapes = {**layer.parameter_shapes(inputs), **layer.statistic_shapes(inputs)}
            present = [name for name in ORDER if name in shapes]
            path = next(paths) if shapes else ""
            found.append({name: read_array(file, f"{path}/vars/{at}", shapes[name]) for at, name in enumerate(present)})
    return found


def _paths(document: Any) -> list[str]:
    """Return where the weights of the layers that have some are: Keras counts the layers of each class."""
    counts: dict[str, int] = {}
    paths = []
    for layer in document["config"]["layers"]:
        if (name := SNAKE_CASE.get(layer["class_name"])) is not None:
            counts[name] = counts.get(name, -1) + 1
            paths.append(f"layers/{name}_{counts[name]}" if counts[name] else f"layers/{name}")
    return paths
