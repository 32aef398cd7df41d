""".keras files are read back as the networks that they are; hostile archives and weights are refused."""

import io
import json
import zipfile
from typing import Any

import h5py
import numpy as np
import pytest

from service.definitions.build import build_network
from service.errors import Invalid, Malformed, ServiceError
from service.export.imported import Imported
from service.export.keras_reading import read_keras
from service.export.keras_writing import CONFIG, WEIGHTS, write_keras
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn
from tests.unit.export.cases import NUMBER, VALUES, cases, fitted

CASES = cases()
MOST = 10_000
LAYERS = CASES["layers float32"].exported


def predictions(found: Imported, X: Any) -> Any:
    network = build_network(found.definition.normalised(), found.precision)
    network.load(found.parameters)
    return network.predict(X)


def plain(width: int, outputs: int) -> Preprocessing:
    columns = tuple(InputColumn(f"x{at}", NUMBER) for at in range(width))
    targets = tuple(TargetColumn(f"y{at}") for at in range(outputs))
    return fitted(columns, numbers="none", targets=targets, **VALUES)


@pytest.mark.parametrize("name", CASES)
def test_what_was_exported_is_read_back_the_same(name: str) -> None:
    exported = CASES[name].exported
    found = read_keras(write_keras(exported), MOST)
    X = np.random.default_rng(1).normal(size=(7, exported.network.inputs)).astype(exported.network.dtype)
    np.testing.assert_array_equal(predictions(found, X), exported.network.predict(X))
    assert found.precision == exported.network.dtype.name


@pytest.mark.parametrize("name", [f"scaled values {precision}" for precision in ("float32", "float64")])
def test_rescaling_layers_are_the_scaling_of_columns_and_targets(name: str) -> None:
    case = CASES[name]
    found = read_keras(write_keras(case.exported), MOST)
    network = case.exported.network
    preprocessing = found.rescaled(plain(network.inputs, network.outputs))
    X = np.empty((len(case.rows), network.inputs), dtype=network.dtype)
    preprocessing.transform_sent(case.raw, X)
    answer = preprocessing.restore(predictions(found, X))
    np.testing.assert_allclose(answer, case.answer()[0], rtol=1e-6 if network.dtype == np.float32 else 1e-12)


def repacked(data: bytes, **members: bytes | None) -> bytes:
    """Return the archive with other members; None leaves one out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    files |= {{"config": CONFIG, "weights": WEIGHTS}[name]: content for name, content in members.items()}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if content is not None:
                archive.writestr(name, content)
    return stream.getvalue()


def weights(**datasets: Any) -> bytes:
    """Return an HDF5 file in which the first layer's weights are made by one of h5py's methods."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for name, make in datasets.items():
            make(file, f"layers/dense/vars/{name[1:]}")
    return stream.getvalue()


def _packed(file: Any, path: str) -> None:
    file.create_dataset(path, (5, 9), "f4", compression="gzip")


def _elsewhere(file: Any, path: str) -> None:
    file.create_dataset(path, (5, 9), "f4", external=[("/etc/passwd", 0, 180)])


def _linked(file: Any, path: str) -> None:
    file[path] = h5py.ExternalLink("/etc/passwd", "/x")


def _empty(file: Any, path: str) -> None:
    file.create_dataset(path, (5, 9), "f4")  # of which nothing is stored


def _of_texts(file: Any, path: str) -> None:
    file.create_dataset(path, data=["a"])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_packed, "not stored whole"),
        (_elsewhere, "not stored whole"),
        (_linked, "is a link to another place"),
        (_empty, "not stored whole"),
        (_of_texts, "holds no numbers"),
    ],
)
def test_weights_that_are_not_in_the_file_are_refused(make: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_keras(repacked(write_keras(LAYERS), weights=weights(_0=make)), MOST)


@pytest.mark.parametrize(
    ("members", "error", "words"),
    [
        ({"weights": b"0" * 50_000_000}, ServiceError, "beyond"),
        ({"weights": b"no HDF5"}, Malformed, "damaged"),
        ({"weights": None}, Invalid, "has no `model.weights.h5`"),
        ({"config": b"{"}, ServiceError, "config.json"),
        ({"config": b"[]"}, Invalid, "must have `layers`"),
        ({"config": b'{"config": 1}'}, Invalid, "must have `layers`"),
        ({"config": b'{"class_name": "Functional", "config": {"layers": []}}'}, Invalid, "Sequential"),
    ],
)
def test_archives_that_are_no_model_are_refused(members: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_keras(repacked(write_keras(LAYERS), **members), MOST)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_is_packed_in_a_way_that_unpacks_without_a_bound_is_refused(packing: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        archive.writestr(CONFIG, b" " * 10_000)
        archive.writestr(WEIGHTS, b"")
    with pytest.raises(Invalid, match="another way than deflate"):
        read_keras(stream.getvalue(), MOST)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"text"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((Malformed, Invalid)):
        read_keras(data, MOST)


def test_a_layer_that_is_not_known_is_refused_with_its_place() -> None:
    data = write_keras(LAYERS)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        config = json.loads(archive.read(CONFIG))
    config["config"]["layers"][2]["class_name"] = "Conv2D"
    with pytest.raises(Invalid) as refused:
        read_keras(repacked(data, config=json.dumps(config).encode()), MOST)
    assert "Conv2D" in refused.value.detail


@pytest.mark.parametrize(
    ("field", "value"), [("scale", 10**400), ("offset", -(10**400)), ("scale", 5e-324), ("scale", 0)]
)
def test_a_scaling_whose_numbers_would_not_be_finite_is_refused(field: str, value: Any) -> None:
    data = write_keras(cases()["standardized with a scale float32"].exported)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        config = json.loads(archive.read(CONFIG))
    config["config"]["layers"][1]["config"][field] = value
    with pytest.raises(Invalid, match="Rescaling layer must"):
        read_keras(repacked(data, config=json.dumps(config).encode()), MOST)
