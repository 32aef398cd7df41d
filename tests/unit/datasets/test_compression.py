"""Unpacking while bytes arrive: all members, in bounded blocks; what is cut off or damaged is refused."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from service.datasets.compression import (
    BLOCK_BYTES,
    CODINGS,
    PIECE_BYTES,
    check_coding,
    unpacked,
    without_compression,
    zstd,
)
from service.errors import Malformed, UnknownMedia

TEXT = b"a,y\n" + b"1,2\n" * 1000
PACK = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}


def in_blocks(data: bytes, size: int = 7) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_what_was_packed_comes_back(coding: str, size: int) -> None:
    assert b"".join(unpacked(in_blocks(PACK[coding](TEXT), size), coding)) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_all_members_are_read(coding: str, size: int) -> None:
    packed = PACK[coding](TEXT[:1001]) + PACK[coding](b"") + PACK[coding](TEXT[1001:])
    assert b"".join(unpacked(in_blocks(packed, size), coding)) == TEXT


def test_zeros_that_pad_a_gzip_file_are_no_data() -> None:
    assert b"".join(unpacked(in_blocks(gzip.compress(TEXT) + b"\0" * 100), "gzip")) == TEXT


@pytest.mark.parametrize("coding", PACK)
def test_what_is_cut_off_is_refused(coding: str) -> None:
    whole = PACK[coding](TEXT)
    for length in range(1, len(whole)):
        with pytest.raises(Malformed):
            list(unpacked(iter([whole[:length]]), coding))


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_second_member_that_is_cut_off_is_refused(coding: str) -> None:
    with pytest.raises(Malformed, match="cut off"):
        list(unpacked(iter([PACK[coding](TEXT) + PACK[coding](TEXT)[:-4]]), coding))


@pytest.mark.parametrize("coding", PACK)
def test_other_bytes_behind_the_end_are_refused(coding: str) -> None:
    with pytest.raises(Malformed):
        list(unpacked(iter([PACK[coding](TEXT) + b"more"]), coding))


@pytest.mark.parametrize("coding", PACK)
def test_a_bomb_comes_in_blocks_that_can_be_counted(coding: str) -> None:
    bomb = PACK[coding](bytes(20 * BLOCK_BYTES))
    blocks = unpacked(iter([bomb]), coding)
    sizes = [len(next(blocks)) for _ in range(5)]
    assert 0 < max(sizes) <= BLOCK_BYTES


def test_a_file_is_unpacked_by_its_first_bytes() -> None:
    for packed in (TEXT, gzip.compress(TEXT), zstd.compress(TEXT)):
        assert b"".join(without_compression(in_blocks(packed, 1))) == TEXT


@pytest.mark.parametrize("data", [b"", b"\x1f", b"(", b"ab"])
def test_a_short_file_is_left_as_it_is(data: bytes) -> None:
    assert b"".join(without_compression(in_blocks(data))) == data


def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(UnknownMedia, match=r"`br`.*gzip, deflate and zstd"):
        check_coding("br")


def test_what_follows_a_small_member_is_copied_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    class Member(CODINGS["gzip"]):  # type: ignore[misc]
        def decompress(self, data: bytes, max_length: int) -> bytes:
            sizes.append(len(data))
            return super().decompress(data, max_length)  # type: ignore[no-any-return]

    monkeypatch.setitem(CODINGS, "gzip", Member)
    members = gzip.compress(b"1") * 20_000
    assert b"".join(unpacked(iter([members]), "gzip")) == b"1" * 20_000
    assert max(sizes) <= PIECE_BYTES
