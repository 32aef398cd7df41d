"""A network as a Python program computes what the service answers."""

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.export.python_writing import write_python
from tests.unit.export.cases import CATEGORY, SOFTMAX, Case, cases, dense, fitted, numbers, trained

CASES = cases()
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


def module(text: bytes) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "predict"}
    exec(compile(text, "predict.py", "exec"), namespace)
    return namespace


def cells(case: Case) -> list[list[Any]]:
    """Return the rows with numbers of the network's precision."""
    texts = [column.type is CATEGORY for column in case.exported.preprocessing.inputs]
    return [
        [cell if is_text or cell is None else number for cell, number, is_text in zip(row, numbers, texts, strict=True)]
        for row, numbers in zip(case.rows, case.raw, strict=True)
    ]


@pytest.mark.parametrize("name", CASES)
def test_the_program_predicts_what_the_service_does(name: str) -> None:
    case = CASES[name]
    predictions, labels = case.answer()
    found, found_labels = module(write_python(case.exported))["predict"](cells(case))
    dtype = case.exported.network.dtype
    last_digit = np.finfo(dtype).eps * np.abs(predictions).max()  # see tests/agreement/test_exports.py
    np.testing.assert_allclose(found, predictions, rtol=TOLERANCE[dtype.name], atol=last_digit)
    assert (found.dtype, found_labels) == (predictions.dtype, labels)


def test_the_program_reads_csv_and_writes_csv(tmp_path: Path) -> None:
    case = CASES["categories, dates and numbers float64"]
    file = tmp_path / "predict.py"
    file.write_bytes(write_python(case.exported))
    sent = io.StringIO()
    writer = csv.writer(sent)
    writer.writerow([column.name for column in case.exported.preprocessing.inputs])
    writer.writerows(case.rows)
    ran = subprocess.run([sys.executable, file], input=sent.getvalue(), capture_output=True, text=True, check=True)
    header, *rows = csv.reader(io.StringIO(ran.stdout))
    predictions, labels = case.answer()
    assert header == ["species", "cat", "dog", "owl"]
    assert [row[0] for row in rows] == labels
    np.testing.assert_allclose(np.array([row[1:] for row in rows], dtype=float), predictions, rtol=1e-12)


def test_the_program_predicts_its_example_and_names_a_column_that_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "predict.py"
    file.write_bytes(write_python(CASES["categories, dates and numbers float32"].exported))
    ran = subprocess.run([sys.executable, file, "--example"], capture_output=True, text=True, check=True)
    assert "'seen': '2022-01-08'" in ran.stderr and ran.stdout.startswith("species,cat,dog,owl\n")
    refused = subprocess.run([sys.executable, file], input="age\n3\n", capture_output=True, text=True)
    assert refused.returncode == 1 and refused.stderr.startswith("the header lacks color, seen,")
    names = list(module(file.read_bytes())["EXAMPLE"])
    row = ",".join("old" if name == "age" else "" for name in names)
    refused = subprocess.run(
        [sys.executable, file], input=f"{','.join(names)}\n{row}\n", capture_output=True, text=True
    )
    assert refused.returncode == 1 and refused.stderr == "age must be a number, got 'old'\n"


def test_the_forward_pass_is_written_out_layer_by_layer() -> None:
    exported = trained([dense(4, "sigmoid"), {"type": "dropout"}, *SOFTMAX], fitted(numbers(2)))
    text = write_python(exported).decode()
    for line in (
        "# layer 0: dense, 2 -> 4",
        "Z0 = X @ W0 + b0",
        "A0 = sigmoid(Z0)",
        "A1 = A0  # outside of training nothing happens",
        "Z2 = A1 @ W2 + b2",
    ):
        assert f"    {line}\n" in text


def test_names_of_columns_cannot_become_code() -> None:
    evil = 'x", print("ran")]\n"""\nprint("ran")\n#'
    columns = tuple(type(column)(evil + column.name, column.type) for column in numbers(2))
    exported = trained(SOFTMAX, fitted(columns, labels=(evil, "b", "c")))
    assert module(write_python(exported))["COLUMNS"][0]["name"] == f"{evil}x0"


def test_a_large_array_is_base64() -> None:
    exported = trained([dense(500), *SOFTMAX], fitted(numbers(5)))
    text = write_python(exported).decode()
    assert max(map(len, text.splitlines())) < 200
    np.testing.assert_array_equal(module(text.encode())["W0"], exported.network.layers[0].values["weights"])
