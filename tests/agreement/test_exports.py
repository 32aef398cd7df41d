"""onnxruntime and Keras compute what the service answers, for every layer, activation and kind of preprocessing.

They run in an environment of their own (`make export-peers`), one process for all files of a format.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.definitions.build import build_network
from service.errors import Invalid
from service.export.keras_reading import read_keras
from service.export.keras_writing import write_keras
from service.export.onnx_preprocessing import input_ports
from service.export.onnx_types import STRING
from service.export.onnx_writing import write_onnx
from service.export.subject import ExportedNetwork, rescales
from service.models import sent_columns
from tests.programs import missing
from tests.unit.export.cases import Case, cases, trained

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("EXPORT_PEERS", ROOT / ".venv-exports")) / "bin" / "python"
CASES = cases()
NUMBERS = {name: str(number) for number, name in enumerate(CASES)}  # names of files
Results = dict[str, Any]


def _run(kind: str, folder: Path) -> None:
    program = Path(__file__).with_name("export_peers.py")
    ran = subprocess.run([PYTHON, program, kind, folder], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]


@pytest.fixture(scope="module")
def peers() -> None:
    if not PYTHON.exists():
        missing(
            "no environment with onnxruntime and Keras: run `make export-peers`, or name its folder in EXPORT_PEERS"
        )


@pytest.fixture(scope="module")
def by_onnxruntime(peers: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The outputs of onnxruntime by the name of the case."""
    return _outputs("onnx", tmp_path_factory.mktemp("onnx"), write_onnx, _inputs_of_columns)


@pytest.fixture(scope="module")
def by_keras(peers: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The outputs of Keras by the name of the case."""
    return _outputs("keras", tmp_path_factory.mktemp("keras"), write_keras, _inputs_of_keras)


def _outputs(
    kind: str,
    folder: Path,
    write: Callable[[ExportedNetwork], bytes],
    inputs_of: Callable[[Case], dict[str, Any]],
) -> Results:
    for name, case in CASES.items():
        (folder / f"{NUMBERS[name]}.{kind}").write_bytes(write(case.exported))
        np.savez(folder / f"{NUMBERS[name]}.in.npz", **inputs_of(case))
    _run(kind, folder)
    return {name: dict(np.load(folder / f"{NUMBERS[name]}.out.npz")) for name in CASES}


def _inputs_of_columns(case: Case) -> dict[str, Any]:
    """Return the inputs of an ONNX model: one array of numbers, or a column each."""
    preprocessing, dtype = case.exported.preprocessing, case.exported.network.dtype
    ports = input_ports(preprocessing, dtype)
    if len(ports) < len(preprocessing.inputs):
        return {ports[0].name: case.raw.astype(dtype)}
    inputs: dict[str, Any] = {}
    for index, port in enumerate(ports):
        texts = [["" if row[index] is None else str(row[index])] for row in case.rows]
        inputs[port.name] = np.array(texts) if port.kind == STRING else case.raw[:, [index]].astype(dtype)
    return inputs


def _inputs_of_keras(case: Case) -> dict[str, Any]:
    """Return the raw columns, or the network's inputs where preprocessing is left out."""
    preprocessing, dtype = case.exported.preprocessing, case.exported.network.dtype
    if rescales(preprocessing):
        return {"inputs": case.raw.astype(dtype)}
    X = np.empty((len(case.rows), preprocessing.features), dtype=dtype)
    preprocessing.transform_sent(case.raw, X)
    return {"inputs": X}


@pytest.mark.parametrize("name", CASES)
def test_onnxruntime_predicts_what_the_service_does(by_onnxruntime: Results, name: str) -> None:
    predictions, labels = CASES[name].answer()
    found, dtype = by_onnxruntime[name], CASES[name].exported.network.dtype
    assert found["order"].tolist() == ["predictions", "labels"][: len(found["order"])]
    assert found["predictions"].dtype == dtype
    # a small sum of large terms has the last digits of these, and other processors add them in another order
    last_digit = np.finfo(dtype).eps * np.abs(predictions).max()
    rtol = 1e-6 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(found["predictions"], predictions, rtol=rtol, atol=last_digit)
    assert (found["labels"].tolist() if "labels" in found else None) == labels


@pytest.mark.parametrize("name", CASES)
def test_keras_predicts_what_the_service_does(by_keras: Results, name: str) -> None:
    predictions, _ = CASES[name].answer()
    np.testing.assert_allclose(by_keras[name]["predictions"], predictions, rtol=2e-6, atol=1e-6)


def test_what_keras_cannot_write_exactly_is_refused() -> None:
    case = CASES["layers float32"]
    layers = [{"type": "batch_normalization", "momentum": 0.1 + 1e-17 + 1e-16}, {"type": "dense", "units": 3}]
    with pytest.raises(Invalid, match="momentum"):
        write_keras(trained(layers, case.exported.preprocessing))


def test_a_file_that_keras_has_saved_is_read(peers: None, tmp_path: Path) -> None:
    _run("made", tmp_path)
    given = np.load(tmp_path / "made.npz")
    found = read_keras((tmp_path / "made.keras").read_bytes(), 10_000)
    network = build_network(found.definition.normalised(), found.precision)
    network.load(found.parameters)
    preprocessing = found.rescaled(sent_columns.named(found.definition, [], []).preprocessing)
    X = np.empty_like(given["X"])
    preprocessing.transform_sent(given["X"].astype(np.float64), X)
    predictions = preprocessing.restore(network.predict(X))
    np.testing.assert_allclose(predictions, given["predictions"], rtol=1e-5, atol=1e-5)
