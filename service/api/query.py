"""What every query is checked for: unknown names, NUL characters, and a second value where one would be ignored."""

from collections.abc import Sequence

from flask import request

from service.definitions.guessing import guess
from service.errors import Invalid, NotFound

LONGEST_QUERY = 16 * 1024  # bytes; an answer may have them again, in a link to its next page


def is_pretty() -> bool:
    """Return whether `?pretty` asks for indented JSON, which `?pretty=false` does not; other values are refused."""
    return request.args.get("pretty", "false").lower() in ("true", "1", "")


def check_names(known: set[str], after_is_found: bool) -> None:
    """Raise `Invalid` for a name that is not among these; one that ends in `*` stands for all that begin so.

    Where `after` is looked up, one that nothing can have is `NotFound`.
    """
    if len(request.query_string) > LONGEST_QUERY:
        detail = f"the query has {len(request.query_string):,} bytes; at most {LONGEST_QUERY:,} are taken"
        raise Invalid(f"{detail}: send options of many words as fields of a form")
    prefixes = tuple(name.removesuffix("*") for name in known if name.endswith("*"))
    for name in request.args:
        if name not in known and not (prefixes and name.startswith(prefixes)):
            raise Invalid.at(f"?{name[:60]}", f"`{name[:60]}` is not known{guess(name, sorted(known))}")
        if after_is_found and name == "after" and "\x00" in request.args[name]:
            raise NotFound("no name holds a NUL character")
        if "\x00" in name + request.args[name]:
            raise Invalid.at("?" + name.replace("\x00", "")[:60], "must not hold a NUL character")


def check_single(names: Sequence[str]) -> None:
    """Raise `Invalid` where one of these is given twice."""
    for name in names:
        values = dict.fromkeys(request.args.getlist(name))
        if len(values) > 1:
            shown = ", ".join(value[:40] for value in list(values)[:3])
            raise Invalid.at(f"?{name}", f"can be given once, got {shown}")
