"""What a request names of a model: a version by its number, or an alias."""

import re

from service.definitions.aliases import ALIAS_PATTERN, RESERVED
from service.errors import NotFound

MOST_DIGITS = 9  # of a version's number

Wanted = int | str  # a version's number, or the name of an alias


def wanted_version(text: str) -> Wanted:
    """Parse what stands for a version in a path; raise `NotFound` for what is neither a number nor an alias's name."""
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        return int(text)
    if text == RESERVED:
        raise NotFound(
            "`latest` is no alias: leave the version out for the one that the alias `default` names, else the latest"
        )
    if is_alias(text):
        return text
    raise NotFound(f"a version is a number or an alias, such as `champion`, got `{text[:40]}`")


def is_alias(text: str) -> bool:
    """Return whether a text may be the name of an alias."""
    return text != RESERVED and re.fullmatch(ALIAS_PATTERN.strip("^$"), text) is not None
