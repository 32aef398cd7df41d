"""The quick way of reading rows reads what the careful way reads, to the last bit, and leaves everything else to it."""

import json
import random
from typing import Any

import numpy as np
import pytest

from service.datasets.strict_json import parse_json
from service.errors import ServiceError
from service.preprocessing import plain_rows as module
from service.preprocessing.plain_rows import plain_rows

NUMBERS = ["0", "-0", "-0.0", "1", "-17", "0.1", "2.5e-3", "1E5", "1e-400", "4.9e-324", "1.7976931348623157e308"]
NUMBERS += [
    "9007199254740993",
    "18446744073709551615",
    "-9223372036854775808",
    "0.1" + "0" * 400 + "1",
    "123456789.123",
]
ODD = [
    "1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "true",
    "false",
    "null",
    '"1"',
    "01",
    "1.",
    ".5",
    "+1",
    "[]",
    "[1]",
    "{}",
]
ODD += ["1" * 400, "18446744073709551616", "1_000", "0x10", '{"a": 1}', "", "1 2", "-", "\x00", "[[1, 2], 3]"]


@pytest.fixture(autouse=True)
def _simdjson() -> None:
    pytest.importorskip("simdjson", reason="there is no wheel of pysimdjson for this Python or machine")


def careful(data: bytes) -> Any:
    """The field and its rows as the careful way reads them, None where it refuses them."""
    try:
        ((field, rows),) = parse_json(data).items()
        values = np.array(rows, dtype=np.float64)
    except (ServiceError, ValueError, TypeError, OverflowError, AttributeError):
        return None
    return field, values


@pytest.mark.parametrize("field", ["instances", "inputs"])
def test_plain_rows_are_read(field: str) -> None:
    rows = [[float(number) for number in NUMBERS], list(range(len(NUMBERS)))]
    read = plain_rows(json.dumps({field: rows}, indent=1).encode(), len(NUMBERS))
    assert read is not None and read[0] == field
    np.testing.assert_array_equal(read[1], rows)


def test_every_number_is_read_to_the_last_bit() -> None:
    generator = random.Random(5)
    spelled = NUMBERS + [repr(generator.uniform(-1, 1) * 10 ** generator.randint(-300, 300)) for _ in range(3000)]
    spelled += [
        f"{generator.getrandbits(63)}.{generator.getrandbits(60)}e{generator.randint(-40, 40)}" for _ in range(3000)
    ]
    body = b'{"instances": [[%s]]}' % ", ".join(spelled).encode()
    read = plain_rows(body, len(spelled))
    assert read is not None
    assert read[1].tobytes() == careful(body)[1].tobytes()


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "frame", ['{"instances": [[1, 2], [%s, 4]]}', '{"instances": [[1, 2], %s]}', '{"instances": %s}']
)
def test_what_is_no_plain_row_is_left(frame: str, odd: str) -> None:
    assert plain_rows((frame % odd).encode(), 2) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[[1, 2]]",
        b"\xff",
        b'{"instances": [[1, 2]]',
        b'{"instances": [[1, 2]]} x',
        b'{"instances": [[1, 2]]}\x00',
        b'\xef\xbb\xbf{"instances": [[1, 2]]}',
        b'{"instances": [[1, 2]], "instances": [[1, 2]]}',
        b'{"instances": [[1, 2]], "inputs": [[1, 2]]}',
        b'{"instances": [[1, 2]], "instnces": 3}',
        b'{"instances": [[1, 2]], "signature_name": "["}',
        b'{"rows": [[1, 2]]}',
        b'{"instances": []}',
        b'{"instances": [[1, 2], [3]]}',
        b'{"instances": [[1, 2, 3], [3]]}',
        b'{"instances": [[], [1, 2]]}',
        b'{"instances": [[[], [1, 2]]]}',
        b'{"instances": [[[1], 2]]}',
        b'{"instances": [[[1, 2], []], [[], [3, 4]]]}',
        b'{"instances": [{"a": 1, "b": 2}]}',
        b'{"instances": {"0": [1, 2]}}',
        b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_unusual_is_left(body: bytes) -> None:
    assert plain_rows(body, 2) is None


def test_bodies_harmed_at_random_are_read_as_the_careful_way_reads_them() -> None:
    generator = random.Random(11)
    for _ in range(20_000):
        body = bytearray(b'{"instances": [[1, 2.5], [-3e1, 40]]}')
        for _ in range(generator.randint(1, 3)):
            at = generator.randrange(len(body))
            body[at : at + generator.randint(0, 2)] = generator.choice(
                [b"", b"[", b"]", b",", b"0", b"-", b"e", b" ", b"."]
            )
        read = plain_rows(bytes(body), 2)
        if read is not None:
            field, values = careful(bytes(body))
            assert read[0] == field and read[1].tobytes() == values.tobytes(), bytes(body)


def test_without_simdjson_everything_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "simdjson", None)
    assert plain_rows(b'{"instances": [[1, 2]]}', 2) is None
