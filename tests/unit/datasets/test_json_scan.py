"""Values are counted in the bytes of a JSON text exactly, and what takes too much memory is refused unparsed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from service.datasets import json_scan, strict_json
from service.datasets.json_scan import Contents, contents_of
from service.datasets.strict_json import LARGE_BYTES, parse_json
from service.errors import Invalid, Malformed, ServiceError, TooLarge

TEXTS = some.text() | some.sampled_from(["", "a", '"', "\\", '\\"', "[{:", "é", "12345678901234567890", "\\\\"])
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: some.lists(inner) | some.dictionaries(TEXTS, inner),
)


def counted(value: Any, found: Contents) -> Contents:
    """Count what a value holds, one by one."""
    if isinstance(value, dict):
        found.objects += 1
        found.keys += len(value)
    found.lists += isinstance(value, list)
    found.texts += isinstance(value, str)
    found.strings += isinstance(value, str) and len(value) > 1
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        counted(item, found)
    return found


@settings(max_examples=60)
@given(value=VALUES, size=some.integers(1, 40), as_ascii=some.booleans())
def test_counts_are_exact_wherever_blocks_are_cut(value: Any, size: int, as_ascii: bool) -> None:
    data = json.dumps(value, ensure_ascii=as_ascii).encode()
    expected = counted(value, Contents())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_scan, "BLOCK_BYTES", size)
        found = contents_of(data)
    assert (found.objects, found.lists, found.keys, found.texts) == (
        expected.objects,
        expected.lists,
        expected.keys,
        expected.texts,
    )


@settings(max_examples=60)
@given(value=VALUES)
def test_large_texts_are_parsed_as_small_ones_are(value: Any) -> None:
    data = json.dumps([value]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_json, "LARGE_BYTES", 0)
        try:
            found = parse_json(data)
        except Invalid as error:  # half of a surrogate pair
            assert "surrogate" in error.detail
            return
    assert repr(found) == repr(parse_json(data))


@pytest.mark.parametrize(
    ("number", "is_wide"),
    [
        ("1234567890123456789", True),
        ("-9999999999999999999", True),
        ("123456789012345678", False),
        ("0.12345678901234567890123", False),
        ('"12345678901234567890"', False),
    ],
)
@pytest.mark.parametrize("size", [3, 10, 1000])
def test_numbers_of_more_than_64_bits_are_seen(number: str, is_wide: bool, size: int) -> None:
    data = f"[1, 2, {number}, 3]".encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_scan, "BLOCK_BYTES", size)
        found = contents_of(data)
    assert found.has_wide_numbers or not is_wide
    assert not found.has_wide_numbers or is_wide or size < len(data)  # a cut may hide what stands before a number


@pytest.mark.parametrize("number", ["123456789012345678901234567890", "-9223372036854775809", "18446744073709551616"])
def test_a_wide_number_stays_exact_in_a_large_text(number: str) -> None:
    data = b"[" + b"1," * LARGE_BYTES + number.encode() + b"]"
    assert parse_json(data)[-1] == int(number)


@pytest.mark.parametrize("one", ["{}", "[]", "[1]", '{"a":1}', '{"a":"x"}'])
def test_what_takes_too_much_memory_is_refused_before_it_is_parsed(one: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object) -> None:
        raise AssertionError("it was parsed")

    monkeypatch.setattr(strict_json, "_by_orjson", parsed)
    monkeypatch.setattr(strict_json, "_parsed", parsed)
    data = b'{"instances": [' + b",".join([one.encode()] * (12 * 1024 * 1024 // len(one))) + b"]}"
    with pytest.raises(TooLarge, match=r"bytes of memory as values; JSON of .* may take .*: send fewer rows at once"):
        parse_json(data)


@pytest.mark.parametrize("row", ["[5.1,3.5,1.4,0.2]", '{"a":1.5,"b":2}', '["p","x","s","n"]', "[0,1]"])
def test_honest_rows_are_taken(row: str) -> None:
    count = 12 * 1024 * 1024 // len(row)
    data = b'{"rows": [' + b",".join([row.encode()] * count) + b"]}"
    assert json_scan.check_contents(data, "the body").memory <= json_scan.MOST_TIMES * len(data)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ("NaN", "`NaN` is not JSON"),
        ("-Infinity", "Infinity` is not JSON"),
        ("1e999", r"the number 1e999\S* is beyond what a float64 holds"),
        ('{"a": 1, "a": 2}', "a key occurs twice in one object"),
        ("[" * 2000, "nested too deeply"),
        ("1", "is not JSON: .* at line 1, column"),
    ],
)
def test_faults_at_the_end_of_a_large_text_are_found(last: str, message: str) -> None:
    data = b"[" + b"1.5," * (LARGE_BYTES // 3) + last.encode() + (b"" if last == "1" else b"]")
    with pytest.raises(Malformed, match=message):
        parse_json(data)


def test_half_a_surrogate_pair_among_many_numbers_is_no_valid_text() -> None:
    with pytest.raises(ServiceError, match="surrogate"):
        parse_json(b"[" + b"1.5," * (LARGE_BYTES // 3) + b'"\\ud800"]')


@pytest.mark.parametrize("spaces", range(30, 36))
def test_a_number_beyond_a_float64_is_refused_wherever_its_excerpt_is_cut(spaces: int) -> None:
    data = b"[[], 1e999" + b" " * spaces + ',"éé"'.encode() + b", 1" * LARGE_BYTES + b"]"
    with pytest.raises(Malformed, match=r"the number 1e999 .*is beyond what a float64 holds"):
        parse_json(data)
