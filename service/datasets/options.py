"""How to read a dataset, and the limits on its size."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from service.definitions.columns import ColumnKind
from service.definitions.guessing import guess
from service.errors import Invalid

MIB = 1024 * 1024
KINDS = tuple(kind.value for kind in ColumnKind)


@dataclass(frozen=True)
class ReadOptions:
    """How to read a dataset; None and empty mean `auto`, the default.

    `target` None means the last column of a table; `("none",)` means no targets. `inputs` and `targets` name NPZ
    arrays. Inputs are divided by `scale` when they are read for training; they are stored undivided. `types` says of
    columns by name how their cells are read.

    Of CSV alone: `delimiter`, `decimal` and `thousands` are single characters (`thousands` may also be `space`, which
    stands for all spaces that do not break, or `none`); `header` is whether there is one; `missing` are further texts
    of a missing value; `encoding` is one of `ENCODINGS`.
    """

    target: tuple[str, ...] | None = None
    weight: str | None = None
    drop: tuple[str, ...] = ()
    target_type: str | None = None
    inputs: str | None = None
    targets: str | None = None
    scale: float = 1.0
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: bool | None = None
    missing: tuple[str, ...] = ()
    encoding: str | None = None
    types: Mapping[str, ColumnKind] = field(default_factory=dict)


ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "windows-1252")


@dataclass(frozen=True)
class Limits:
    """Limits on a dataset after decompression."""

    max_bytes: int = 16 * 1024 * MIB
    max_columns: int = 100_000
    max_categories: int = 100_000


@contextmanager
def in_body(at: str) -> Iterator[None]:
    """Point to fields of a body, which is at the JSON pointer `at`, where readers point to options of a query."""
    try:
        yield
    except Invalid as error:
        if not any(fault.pointer for fault in error.faults):
            raise
        faults = [replace(fault, pointer=_moved(fault.pointer, at)) for fault in error.faults]
        raise Invalid.from_faults(faults) from None


def _moved(pointer: str | None, at: str) -> str | None:
    """Return `#/dataset/target` for `?target` and for `#/target` of a body at `#/dataset`."""
    return None if pointer is None else f"{at}/{pointer.removeprefix('?').removeprefix('#/')}"


def types_of(texts: Iterable[str], pointer: str) -> dict[str, ColumnKind]:
    """Return the kinds of columns that are given as `name:kind`, such as `zip:category`; the name may hold colons.

    `auto` alone, the default, says nothing.

    Raises
    ------
    Invalid
        At the pointer, for a text without a kind, an unknown kind, or two kinds of one column.
    """
    types: dict[str, ColumnKind] = {}
    for text in texts:
        if text == "auto":
            continue
        name, colon, kind = text.rpartition(":")
        if not colon or not name:
            raise Invalid.at(pointer, f"must be a column and its kind, such as `zip:category`, got {text[:60]!r}")
        if kind not in KINDS:
            raise Invalid.at(pointer, f"`{kind[:60]}` is not a kind of column{guess(kind, KINDS)}")
        if types.setdefault(name, ColumnKind(kind)) != kind:
            raise Invalid.at(pointer, f"says two kinds of column `{name[:60]}`: {types[name]} and {kind}")
    return types
