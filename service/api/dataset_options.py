"""The query and form fields that say how a dataset is read: their documents, their checks, and what each goes with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from service.api.routes import TEXT, TEXTS, Query
from service.datasets.media_types import CSV, FILE_TYPES, JSON, NAMES, NPZ
from service.datasets.options import ENCODINGS, ReadOptions, types_of
from service.definitions.guessing import guess
from service.errors import Invalid

EVERY = (*FILE_TYPES, JSON)
TABLES = tuple(kind for kind in EVERY if kind != NPZ)  # formats whose columns have names
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}
THOUSANDS = (",", ".", "'", "_", "space", "none")
MOST_WORDS = 100  # for a missing value
ENCODING_NAMES = {
    "utf8": "utf-8",
    "utf16": "utf-16",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "cp1252": "windows-1252",
}


@dataclass(frozen=True)
class Option:
    """A field and the media types of the files that it goes with; `AUTO` fields also take `auto`, the default."""

    query: Query
    formats: tuple[str, ...]
    repeatable: bool = False


def _of_csv(name: str, schema: dict[str, Any], description: str, repeatable: bool = False) -> Option:
    return Option(Query(name, schema, f"{description} (CSV)"), (CSV,), repeatable)


OPTIONS = (
    Option(Query("target", TEXTS, "a target column, repeatable; default the last; `none` for none"), EVERY, True),
    Option(Query("weight", TEXT, "the column of sample weights"), TABLES),
    Option(Query("drop", TEXTS, "a column to leave out, repeatable"), TABLES, True),
    Option(
        Query("target_type", {"enum": ["class", "value"]}, "what the targets are; by default each job decides"), EVERY
    ),
    Option(Query("inputs", TEXT, "the NPZ array of inputs"), (NPZ,)),
    Option(Query("targets", TEXT, "the NPZ array of targets"), (NPZ,)),
    Option(
        Query(
            "scale", {"type": "number", "exclusiveMinimum": 0}, "inputs are divided by it wherever they meet a network"
        ),
        EVERY,
    ),
    Option(
        Query(
            "types", TEXTS, "a column and how to read it (number, category, date, ignore), `zip:category`; repeatable"
        ),
        TABLES,
        True,
    ),
    _of_csv("delimiter", TEXT, "what separates cells: `,` `;` `|`, `tab` or another character"),
    _of_csv("decimal", {"enum": ["auto", ".", ","]}, "the decimal separator"),
    _of_csv("thousands", {"enum": ["auto", *THOUSANDS]}, "the thousands separator"),
    _of_csv("header", {"enum": ["auto", "true", "false"]}, "whether the first line holds the columns' names"),
    _of_csv(
        "missing", TEXTS, "a further text of a missing value, in every column, or `auto` for none; repeatable", True
    ),
    _of_csv("encoding", {"enum": ["auto", *ENCODINGS]}, "the encoding of the characters"),
)
AUTO = ("delimiter", "decimal", "thousands", "header", "encoding")
FIELDS = tuple(option.query.name for option in OPTIONS)
QUERY = tuple(option.query for option in OPTIONS)
CSV_QUERY = tuple(option.query for option in OPTIONS if option.formats == (CSV,))  # how a CSV is laid out


def check_format(fields: MultiDict[str, str], media_type: str) -> None:
    """Raise `Invalid` for a field that does not go with a format, or that is given twice though it can be only once."""
    for option in OPTIONS:
        name = option.query.name
        if name not in fields:
            continue
        if media_type not in option.formats:
            *others, last = dict.fromkeys(NAMES[kind] for kind in option.formats)
            known = f"{', '.join(others)} and {last}" if others else last
            raise Invalid.at(_pointer(name), f"`{name}` goes with {known}; this is {NAMES[media_type]}")
        if not option.repeatable and len(set(fields.getlist(name))) > 1:
            raise Invalid.at(_pointer(name), f"`{name}` can be given once, got {', '.join(fields.getlist(name)[:5])}")
    if media_type == NPZ and fields.getlist("target") not in ([], ["none"]):
        raise Invalid.at(_pointer("target"), "NPZ has arrays: `targets` names that of the targets, `target=none` none")


def options_of(fields: MultiDict[str, str], media_type: str) -> ReadOptions:
    """Read the options for reading a file of that type from a query or a form."""
    check_format(fields, media_type)
    targets, missing = fields.getlist("target"), fields.getlist("missing")
    if len(missing) > MOST_WORDS:
        raise Invalid.at(_pointer("missing"), f"at most {MOST_WORDS} words can be given, got {len(missing):,}")
    given = {name: fields[name] for name in AUTO if fields.get(name, "auto") != "auto"}
    header = _choice(given, "header", ("true", "false"))
    return ReadOptions(
        target=tuple(targets) if targets else None,
        weight=fields.get("weight"),
        drop=tuple(fields.getlist("drop")),
        target_type=_choice(fields, "target_type", ("class", "value")),
        inputs=fields.get("inputs"),
        targets=fields.get("targets"),
        scale=scale_of(fields.get("scale", "1")),
        delimiter=_delimiter(given),
        decimal=_choice(given, "decimal", (".", ",")),
        thousands=_thousands(given),
        header=None if header is None else header == "true",
        missing=tuple(word for word in missing if word != "auto"),
        encoding=_choice(given, "encoding", ENCODINGS, lambda text: ENCODING_NAMES.get(text.lower(), text.lower())),
        types=types_of(fields.getlist("types"), _pointer("types")),
    )


def scale_of(text: str) -> float:
    """Read the `scale`, a number above 0."""
    try:
        value = float(text) if "_" not in text else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise Invalid.at(_pointer("scale"), f"must be a number above 0, got {text[:40]!r}")
    return value


def _pointer(name: str) -> str:
    return f"?{name}" if name in request.args else f"#/{name}"


def _choice(
    fields: "MultiDict[str, str] | dict[str, str]",
    name: str,
    known: tuple[str, ...],
    normalised: Callable[[str], str] = str,
) -> str | None:
    text = fields.get(name)
    if text is None:
        return None
    if normalised(text) not in known:
        raise Invalid.at(_pointer(name), f"{text[:40]!r} is not known{guess(text, known)}")
    return normalised(text)


def _delimiter(given: dict[str, str]) -> str | None:
    text = given.get("delimiter")
    if text is None:
        return None
    character = DELIMITERS.get(text.lower(), text)
    if len(character) != 1 or not character.isascii() or character in '"\r\n' or character.isalnum():
        names = "`,`, `;`, `|`, `tab`, `space` or another ASCII character that is no letter, digit or quote"
        raise Invalid.at(_pointer("delimiter"), f"must be {names}, got {text[:40]!r}")
    return character


def _thousands(given: dict[str, str]) -> str | None:
    spaces = (" ", "\u00a0", "\u202f", "")  # a space at the end of a query may be lost on the way
    text = _choice(given, "thousands", THOUSANDS, lambda text: "space" if text in spaces else text)
    if text is not None and text == given.get("decimal", "."):
        raise Invalid.at(_pointer("thousands"), f"must differ from the decimal separator, which is `{text}` too")
    return text
