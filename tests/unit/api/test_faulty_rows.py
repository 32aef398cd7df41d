"""A large body with faulty rows is refused in the same words as a small one, whatever else is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as some
from werkzeug.datastructures import MultiDict

from service.api import dataset_json, prediction_bodies
from service.datasets import faulty_rows, strict_json
from service.datasets.catalog import reader_of_request
from service.datasets.faulty_rows import with_faulty_rows
from service.datasets.media_types import JSON
from service.datasets.options import Limits
from service.definitions.columns import ColumnType
from service.errors import Invalid, ServiceError
from service.preprocessing.batches import open_rows
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn

pytest.importorskip("simdjson", reason="there is no wheel of pysimdjson for this Python or machine")

PLAIN = ["0", "-1.5", "2.5e-3", "1E5", "0.1234567890123456789", "123456789012345"]
LONG = ["9007199254740993", "12345678901234567.5", "18446744073709551616", "1e999"]
VALUES = ["null", "true", '"x"', '"[1, 2],"', '"{"', "[1]", "[[1], 2]", "{}", '"\\"]"', '"é"', '{"b64": "MQ=="}', "NaN"]
ROWS = ["[]", "1", "null", '"a"', "{}", '{"a": 1, "a": 2}', "[[1, 2], [3, 4]]", '"],["', "", "[1,]", "[,]", "]", "["]
BEFORE = ["", "", '"name": "n", ', '"signature_name": "s", ', '"unknown": 1, ', '"instances": [[1]], ', '"inputs": 1,']
AFTER = [
    "",
    "",
    "",
    ', "targets": [1, 2]',
    ', "targets": [["a"], ["b"]]',
    ', "name": "m"',
    ', "name": "n", "name": "n"',
]
AFTER += [', "inputs": [[1]]', ', "other": {"a": [1]}', ', "scale": 0', ', "instances": null', "}", "]"]


def columns(width: int, fill: float | None) -> Preprocessing:
    inputs = tuple(InputColumn(f"c{at}", ColumnType.NUMBER, fill=fill) for at in range(width))
    return Preprocessing("none", "none", "error", inputs, (TargetColumn("y"),), None, None, False)


@contextmanager
def made(large_from: int, block: int = 4096, quick: bool = True) -> Iterator[None]:
    """Take bodies of so many bytes for large ones, and read them in blocks of that size; or not the quick way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faulty_rows, "LARGE_BYTES", large_from)
        patch.setattr(strict_json, "LARGE_BYTES", large_from)
        patch.setattr(faulty_rows, "FIRST_BYTES", block)
        patch.setattr(faulty_rows, "MOST_BYTES", 4 * block)
        for module in () if quick else (dataset_json, prediction_bodies):
            patch.setattr(module, "with_faulty_rows", lambda *_: None)
        yield


def predicted(data: bytes, preprocessing: Preprocessing) -> Any:
    """Return the rows of a body, or how it is refused."""
    trained: Any = SimpleNamespace(preprocessing=preprocessing)
    with Flask(__name__).test_request_context():
        try:
            found = prediction_bodies._raw_rows(trained, JSON, data, False)
        except ServiceError as error:
            return type(error), error.detail, getattr(error, "faults", None)
    return found.rows.values.tolist(), found.field


def stored(data: bytes, folder: Path) -> Any:
    """Return the rows of a dataset, or how it is refused."""
    path = folder / "rows.npy"
    path.unlink(missing_ok=True)
    try:
        reader_of_request(dataset_json.read_request(data, MultiDict()), Limits())(path)
    except ServiceError as error:
        return type(error), error.detail, getattr(error, "faults", None)
    return np.array(open_rows(path)).tolist()


@some.composite
def bodies(draw: some.DrawFn, fields: tuple[str, ...]) -> tuple[bytes, int]:
    """Draw a body, most of whose rows are lists of as many numbers, and how many these are."""
    width = draw(some.sampled_from([1, 2, 2, 3, 4]))
    odd = some.lists(some.sampled_from(PLAIN + LONG + VALUES), max_size=5).map(lambda row: f"[{','.join(row)}]")
    plain = some.lists(some.sampled_from(PLAIN), min_size=width, max_size=width).map(lambda row: f"[{', '.join(row)}]")
    rows = draw(some.lists(plain, max_size=30))
    for row in draw(some.lists(odd | some.sampled_from(ROWS), max_size=draw(some.sampled_from([1, 3, 14])))):
        rows.insert(draw(some.integers(0, len(rows))), row)
    between = draw(some.sampled_from([",", ", ", " ,\n ", ",\t"]))
    field, before, after = (draw(some.sampled_from(list(each))) for each in (fields, BEFORE, AFTER))
    text = f'{{{before}"{field}": [{between.join(rows)}]{after}}}'
    return (text.encode()[: draw(some.sampled_from([None] * 9 + [-1]))]), width


@settings(max_examples=250, deadline=None)
@given(drawn=bodies(("instances", "inputs")), block=some.integers(1, 64), fill=some.sampled_from([None, None, 1.0]))
def test_predictions_are_refused_as_if_all_values_had_been_made(
    drawn: tuple[bytes, int], block: int, fill: float | None
) -> None:
    data, width = drawn
    with made(1, quick=False):
        expected = predicted(data, columns(width, fill))
    with made(1, block):
        assert predicted(data, columns(width, fill)) == expected


@settings(max_examples=250, deadline=None)
@given(drawn=bodies(("inputs",)), block=some.integers(1, 64))
def test_datasets_are_refused_as_if_all_values_had_been_made(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[bytes, int], block: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    with made(1, quick=False):
        expected = stored(drawn[0], folder)
    with made(1, block):
        assert stored(drawn[0], folder) == expected


@pytest.mark.parametrize("odd", ["[1]", "[1, 2, 3]", '[1, "]"]', "[null, 1]", "[1, [2]]", "5", '"a"', "[]"])
@pytest.mark.parametrize("times", [1, 20])
def test_of_faulty_rows_alone_values_are_made(odd: str, times: int) -> None:
    rows = ",".join(["[1.5, 2]"] * 1000 + [odd] * times + ["[3, 4]"] * 1000)
    with made(1):
        body = with_faulty_rows(f'{{"name": "n", "inputs": [{rows}], "targets": [1]}}'.encode(), ("inputs",))
    assert body is not None and body["name"] == "n" and body["targets"] == [1]
    assert len({id(row) for row in body["inputs"]}) < 20
    assert [len(body["inputs"]), body["inputs"][0]] == [2001 if times == 1 else 1010, [1.5, 2]]


def test_rows_without_a_fault_are_left_to_be_read() -> None:
    with made(1):
        for rows in (
            "[[1, 2], [3, 4]]",
            "[[1, 9007199254740993], [3, 4]]",
            "[]",
            "[[]]",
            "[1, 2]",
            "[[[1], [2]], [1]]",
            "[[1], []]",
        ):
            assert with_faulty_rows(f'{{"inputs": {rows}}}'.encode(), ("inputs",)) is None


def test_a_large_dataset_is_refused_for_its_last_row(tmp_path: Path) -> None:
    data = b'{"inputs": [' + b"[1.25, 2.5, 3, 4], " * 60_000 + b"[1, 2, 3]]}"
    request = dataset_json.read_request(data, MultiDict())
    assert request.inputs is not None and len({id(row) for row in request.inputs}) == 3
    with pytest.raises(Invalid, match=r"row 60001: must have 4 values as the first row of `inputs` has, got 3"):
        reader_of_request(request, Limits())(tmp_path / "rows.npy")
