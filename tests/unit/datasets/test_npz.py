"""NPZ: what a client claims is never believed, what is there keeps its precision."""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets.npz import read_npz
from service.datasets.options import Limits, ReadOptions
from service.errors import Invalid, Malformed, ServiceError, TooLarge
from service.preprocessing.batches import open_rows

X = np.arange(12, dtype=np.float64).reshape(4, 3)
Y = np.array([0.0, 1.0, 0.0, 1.0])


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(data: bytes, limits: Limits | None = None, **options: Any):  # type: ignore[no-untyped-def]
        source, destination = tmp_path / "in.npz", tmp_path / "out"
        source.write_bytes(data)
        try:
            table = read_npz(source, ReadOptions(**options), limits or Limits(), destination)
        finally:
            assert not [path for path in tmp_path.iterdir() if path.suffix in (".inputs", ".targets")]
        return table, np.array(open_rows(destination))

    return run


def npz(compressed: bool = False, **arrays: Any) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def npy(header: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + body


def zipped(compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


def test_arrays_are_flattened_to_columns(read) -> None:
    table, rows = read(npz(x=np.arange(24.0).reshape(2, 3, 4), y=np.array([[1.0, 2], [3, 4]])))
    assert [column.name for column in table.columns][-2:] == ["target_1", "target_2"]
    np.testing.assert_array_equal(rows, np.hstack([np.arange(24.0).reshape(2, 12), [[1, 2], [3, 4]]]))


@pytest.mark.parametrize("convert", [np.asfortranarray, lambda a: a.astype(">f8"), lambda a: a.astype(np.float32)])
def test_order_and_bytes_of_an_array_change_no_number(read, convert: Any) -> None:
    _, rows = read(npz(x=convert(X), y=Y))
    np.testing.assert_array_equal(rows, np.column_stack([X, Y]))


def test_big_endian_columns_give_the_same_content(read) -> None:
    assert read(npz(x=X.astype(">f8"), y=Y))[0].sha256 == read(npz(x=np.asfortranarray(X), y=Y))[0].sha256


@pytest.mark.parametrize(
    ("x", "y", "stored"),
    [
        (np.uint8, np.uint8, "uint8"),
        (np.uint8, np.int64, "uint8"),
        (np.float32, np.int64, "float32"),
        (np.bool_, np.uint8, "uint8"),
        (np.int16, np.uint8, "float64"),
        (np.float16, np.float32, "float64"),
    ],
)
def test_precision_stays(read, x: Any, y: Any, stored: str) -> None:
    table, rows = read(npz(x=(X > 3).astype(x), y=Y.astype(y)))
    assert table.dtype == stored == rows.dtype.name


def test_targets_that_do_not_fit_widen_the_rows(read) -> None:
    table, rows = read(npz(x=X.astype(np.uint8), y=np.array([0.5, 300, -1, 2])))
    assert table.dtype == "float64"
    assert rows[:, 3].tolist() == [0.5, 300, -1, 2]


def test_statistics_are_of_the_inputs_as_they_were_sent(read) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 5), dtype=np.uint8)
    table, rows = read(npz(x_train=pixels, y_train=np.arange(300) % 10), scale=255.0)
    assert rows.dtype == np.uint8 and (rows[:, :5] == pixels).all()
    for index in range(5):
        column = table.columns[index]
        assert (column.minimum, column.maximum) == (pixels[:, index].min(), pixels[:, index].max())
        assert column.mean == pytest.approx(pixels[:, index].mean(), rel=1e-12)
        assert column.standard_deviation == pytest.approx(pixels[:, index].std(), rel=1e-12)
    assert table.columns[5].whole_values == tuple(float(n) for n in range(10))


def test_targets_that_are_booleans_are_known_as_such_and_have_the_hash_of_numbers(read) -> None:
    numbers, _ = read(npz(x=X, y=np.array([1, 0, 1, 1], dtype="u1")))
    booleans, rows = read(npz(x=X, y=np.array([True, False, True, True])))
    assert (numbers.columns[-1].is_boolean, booleans.columns[-1].is_boolean) == (False, True)
    assert booleans.sha256 == numbers.sha256 and rows[:, -1].tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize(("inputs", "targets"), [("x_train", "y_train"), ("x", "y"), ("X", "Y"), ("inputs", "targets")])
def test_usual_names_are_found(read, inputs: str, targets: str) -> None:
    assert read(npz(**{inputs: X, targets: Y}))[0].rows == 4


def test_other_names_are_asked_for_and_guessed(read) -> None:
    data = npz(pixels=X, digits=Y)
    with pytest.raises(Invalid, match="pixels, digits"):
        read(data)
    with pytest.raises(Invalid, match="did you mean `pixels`"):
        read(data, inputs="pixel", targets="digits")
    assert read(data, inputs="pixels", targets="digits")[0].rows == 4
    assert len(read(data, inputs="pixels", target=("none",))[0].columns) == 3


def test_pickles_are_refused(read) -> None:
    with pytest.raises(Invalid):
        read(npz(x=np.array([{"a": 1}, None], dtype=object), y=Y[:2]))
    with pytest.raises(Invalid):
        read(zipped(x=b"\x80\x04K\x01.", y=b"\x80\x04K\x01."))


def test_labels_that_are_text_are_refused_with_the_way_out(read) -> None:
    with pytest.raises(
        Invalid, match="numbers of at most 64 bits, got <U1; send labels that are text as CSV or Parquet"
    ):
        read(npz(x=np.ones((2, 1)), y=np.array(["a", "b"])))


@pytest.mark.parametrize(
    "array", [np.array(["a", "b"]), np.array([1j, 2]), np.zeros(2, "M8[s]"), np.zeros(2, [("a", "f8")]), np.zeros(())]
)
def test_only_numbers_in_rows_are_taken(read, array: np.ndarray) -> None:
    with pytest.raises(Invalid):
        read(npz(x=array, y=Y[:2]))


@pytest.mark.parametrize("shape", ["(4294967296,)", "(65536, 65536)", "(-1, 4)", "(0, 3)", "()", "(3, 0)"])
def test_a_header_that_lies_is_refused_before_anything_is_allocated(read, shape: str) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"
    with pytest.raises((Invalid, TooLarge)):
        read(zipped(x=npy(header, b"\0" * 64), y=npy(header, b"\0" * 64)))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{'descr': (",
        "[" * 5000,
        "-" * 9000 + "1",
        f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({'9' * 4000}, {'9' * 4000})}}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1.5,)}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "__import__('os').getcwd()",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}" + " " * 20_000,
    ],
    ids=range(10),
)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::SyntaxWarning")
def test_odd_headers_are_refused(read, header: str) -> None:
    data = npy(header, b"\0" * 64)
    with pytest.raises((Invalid, TooLarge, Malformed)):
        read(zipped(x=data, y=data))


def test_a_bomb_is_too_large(read) -> None:
    bomb = npz(True, x=np.zeros((4000, 1000), np.uint8), y=np.zeros(4000, np.uint8))
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge):
        read(bomb, Limits(max_bytes=1_000_000))


def test_more_bytes_than_the_header_states_are_refused(read) -> None:
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 1)}"
    with pytest.raises((Invalid, TooLarge)):
        read(zipped(x=npy(header, b"\0" * 5_000_000), y=npy(header, b"\0" * 4)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_by_row(read, bad: float) -> None:
    changed = X.copy()
    changed[2, 1] = bad
    with pytest.raises(Invalid) as caught:
        read(npz(x=changed, y=Y))
    assert caught.value.faults[0].row == 3 and "x" in (caught.value.faults[0].column or "")


def test_rows_must_be_as_many(read) -> None:
    with pytest.raises(Invalid, match="4 rows"):
        read(npz(x=X, y=Y[:3]))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip", npz(x=X, y=Y)[:200]])
def test_what_is_no_zip_is_malformed(read, data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


def test_the_hash_differs_when_scale_or_targets_do(read) -> None:
    data = npz(x=X, y=Y, z=Y[::-1].copy())
    hashes = {read(data)[0].sha256, read(data, scale=2.0)[0].sha256, read(data, targets="z")[0].sha256}
    assert len(hashes) == 3


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::SyntaxWarning")
def test_flipped_bytes_never_escape_as_anything_but_the_callers_mistake(read, compression: int) -> None:
    streams = {}
    for name, array in (("x", X), ("y", Y)):
        stream = io.BytesIO()
        np.save(stream, array)
        streams[name] = stream.getvalue()
    whole = zipped(compression, **streams)
    random = np.random.default_rng(7)
    odd: dict[str, str] = {}
    for _ in range(250):
        data = bytearray(whole)
        for place in random.integers(0, len(data), random.integers(1, 4)):
            data[place] = random.integers(0, 256)
        try:
            read(bytes(data))
        except ServiceError:
            pass
        except Exception as error:
            odd[type(error).__name__] = str(error)
    assert odd == {}
