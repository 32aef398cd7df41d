"""How to read a dataset, and the limits on its size."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from service.config import Settings
from service.definitions.columns import ColumnKind
from service.definitions.guessing import guess
from service.errors import Invalid

MIB = 1024 * 1024
KINDS = tuple(kind.value for kind in ColumnKind)
MOST_TEXTS, MOST_CHARACTERS = 1_000_000, 64 * MIB  # of a table while it is read; fewer are stored


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


TO_HAVE_MORE = "select or average features, or raise BACKPROP_MAX_FEATURES"


@dataclass
class SeenTexts:
    """How many texts the columns of one table have that is read, each counted once a column, and their characters."""

    count: int = 0
    characters: int = 0

    def add(self, name: str, texts: Iterable[str | None], known: set[str]) -> None:
        """Add a column's texts to those that are known of it; raise `Invalid` when all columns have too many."""
        new = {text for text in texts if text is not None and text not in known}
        known |= new
        self.count += len(new)
        self.characters += sum(map(len, new))
        if self.count > MOST_TEXTS or self.characters > MOST_CHARACTERS:
            raise Invalid(
                f"column `{name}` and those read before it have over {MOST_TEXTS:,} different texts together, or over"
                f" {MOST_CHARACTERS:,} characters in them: leave columns of long or unique texts out with `drop=`, and"
                " say `types=column:date` of dates"
            )


@dataclass(frozen=True)
class Limits:
    """Limits on a dataset after decompression, for one table that is read.

    `max_columns` is of tables, `max_features` of the numbers in a row of an array. `max_categories` is of one column,
    and of all together. A table that is read has its own `seen`.
    """

    max_bytes: int = 16 * 1024 * MIB
    max_columns: int = 10_000
    max_features: int = 100_000
    max_categories: int = 100_000
    seen: SeenTexts = field(default_factory=SeenTexts, compare=False)


def limits_of(settings: Settings, max_bytes: int) -> Limits:
    """Return the limits on one dataset that the settings give."""
    return Limits(max_bytes, settings.max_columns, settings.max_features)


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
