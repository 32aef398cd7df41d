"""The sentences for pydantic's errors: the value, the bound, what is known instead, and the way out.

Imports the standard library and `service.definitions.guessing`.
"""

import re
from collections.abc import Callable
from typing import Any

from service.definitions.guessing import ALIASES, NO_LAYERS, SHOWN_CHARACTERS, guess, meant, plain, show

Context = dict[str, Any]

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
    "tuple": "a list",
}
BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}
OF_FIELDS = ("missing", "extra_forbidden")
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
ACTIVATION = "activation"
NUMBERS = ("a whole number", "a number")
NAMES = r"^[a-z0-9]"  # how the patterns of names begin


def sentence(kind: str, context: Context, value: Any, message: str) -> str:
    """Return what is wrong with a value, by pydantic's type and context of the error; `message` is pydantic's own."""
    if kind in SENTENCES:
        return SENTENCES[kind](context, value)
    if kind in BOUNDS:
        return _bound(kind, context, value)
    words = kind_words(kind)
    return another_kind([words], value) if words else f"{message[0].lower()}{message[1:]}, got {show(value)}"


def kind_words(kind: str) -> str | None:
    """Return the words for the type that a value must have; None for an error that is not about its type."""
    if kind in SENTENCES or kind in OF_FIELDS:
        return None
    return next((words for prefix, words in KINDS.items() if kind.startswith(prefix)), None)


def another_kind(kinds: list[str], value: Any) -> str:
    """Return the sentence for a value that is of none of these kinds."""
    wanted = ", ".join(kinds[:-1]) + (" or " if len(kinds) > 1 else "") + kinds[-1]
    if isinstance(value, str):
        close = meant(value, [kind.strip('"') for kind in kinds if kind.startswith('"')])
        if close:
            return f'must be {wanted}, got {show(value)}; did you mean "{close[0]}"?'
        if set(kinds) & set(NUMBERS):
            way_out = "; send it without quotes" if NUMBER.fullmatch(value) else ""
            return f"must be {wanted}, got {show(value)}, which is text{way_out}"
    return f"must be {wanted}, got {show(value)}"


def literals(context: Context) -> list[str]:
    """Return the values that a literal may have, in quotation marks."""
    expected = str(context["expected"]).replace(" or ", ", ")
    return [f'"{word}"' for word in (part.strip().strip("'") for part in expected.split(","))]


def _literal(context: Context, value: Any) -> str:
    known = [word.strip('"') for word in literals(context)]
    return f"{show(value)} is not known{guess(value, known)}"


def _unknown_choice(context: Context, value: Any) -> str:
    known = [tag.strip().strip("'") for tag in str(context["expected_tags"]).split(",")]
    tag = str(context["tag"])[:SHOWN_CHARACTERS]
    if meant(tag, known) == [ACTIVATION] and plain(tag) in ALIASES:
        return (
            f'`{tag}` is not known; as a layer of its own it is {{"type": "activation", "activation": "{tag.lower()}"}}'
        )
    way_out = NO_LAYERS.get(plain(tag))
    return f"`{tag}` is not known{f'; {way_out}' if way_out else guess(context['tag'], known)}"


def _bound(kind: str, context: Context, value: Any) -> str:
    words, key = BOUNDS[kind]
    bound = context[key]
    return f"must be {words} {f'{bound:,}' if isinstance(bound, int) else f'{bound:g}'}, got {show(value)}"


def _pattern(context: Context, value: Any) -> str:
    pattern = str(context["pattern"])
    if not pattern.startswith(NAMES) or not isinstance(value, str):
        return f"must match {pattern}, got {show(value)}"
    if "@" in pattern and "@" in value:  # a dataset, which may be named with its version
        return f"must be a dataset's name, or `name@version` with the number of a version, got {show(value)}"
    return no_name(pattern, value)


def no_name(pattern: str, value: str) -> str:
    """Say why text that does not match the pattern of names is no name, with the nearest one that is."""
    possible = re.sub(r"[^a-z0-9._-]+", "-", value[:64].lower()).strip("._-")
    example = f', for example "{possible}"' if possible and len(value) <= 64 else ""
    return f"must match {pattern}: lower-case letters, digits and . _ -{example}, got {show(value)}"


def _too_short(context: Context, value: Any) -> str:
    return f"must have at least {context['min_length']} entries, got {context.get('actual_length', len(value))}"


def _too_long(context: Context, value: Any) -> str:
    if isinstance(value, str):
        return _long_text(context, value)
    return f"must have at most {context['max_length']} entries, got {context.get('actual_length', len(value))}"


def _short_text(context: Context, value: Any) -> str:
    return "must not be empty" if not value else f"must have at least {context['min_length']} characters"


def _long_text(context: Context, value: Any) -> str:
    return f"must have at most {context['max_length']} characters, got {len(value):,}"


def _union(context: Context, value: Any) -> str:
    return another_kind(context["kinds"], value)


SENTENCES: dict[str, Callable[[Context, Any], str]] = {
    "literal_error": _literal,
    "union": _union,
    "union_tag_invalid": _unknown_choice,
    "string_pattern_mismatch": _pattern,
    "too_short": _too_short,
    "too_long": _too_long,
    "string_too_short": _short_text,
    "string_too_long": _long_text,
    "value_error": lambda context, value: str(context["error"]),
}
