"""What a request names of a model: a version by its number, or an alias. Imports the errors alone."""

import re

from service.errors import NotFound

MOST_DIGITS = 9  # of a version's number
ALIAS = r"[a-z][a-z0-9._-]{0,63}"
RESERVED = "latest"  # which a reader would take for the newest version, whatever it pointed to

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
    return text != RESERVED and re.fullmatch(ALIAS, text) is not None
