"""The text of a key: `bp_`, its id, 32 random bytes, and a checksum, in letters and digits, 64 characters in all.

A double click selects it whole, and it stands in URLs, headers and shells as it is. By the checksum the log, and
nothing else, distinguishes a mistyped key from a wrong one. Of a key only its SHA-256 is stored: 32 random bytes cannot
be guessed, so a slow hash would protect nothing and cost each request. Imports the standard library.
"""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass

PREFIX = "bp_"
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_DIGITS = string.digits + string.ascii_lowercase
ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 12, 43, 6
SECRET_BYTES = 32
PATTERN = re.compile(f"{PREFIX}([0-9a-z]{{{ID_LENGTH}}})[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}")
LONGEST = 200  # of a longer text, which is no key, the rest is not looked at


@dataclass(frozen=True)
class Token:
    """A key as it is shown, once: its public id, and its text, which is secret."""

    id: str
    text: str

    @property
    def sha256(self) -> str:
        """What is stored of the text."""
        return digest(self.text)

    def __repr__(self) -> str:
        return f"Token({self.id})"  # the text is in no traceback and no log


def new_token() -> Token:
    """Return a new key."""
    id = "".join(secrets.choice(ID_DIGITS) for _ in range(ID_LENGTH))
    secret = _digits(int.from_bytes(secrets.token_bytes(SECRET_BYTES), "big"), SECRET_LENGTH)
    head = PREFIX + id + secret
    return Token(id, head + _checksum(head))


def digest(text: str) -> str:
    """Return the SHA-256 of a key's text."""
    return hashlib.sha256(text[:LONGEST].encode("utf-8", "surrogateescape")).hexdigest()


def id_of(text: str) -> str | None:
    """Return the id within a key's text; None when it has not the form of a key."""
    found = PATTERN.fullmatch(text)
    return found[1] if found else None


def is_mistyped(text: str) -> bool:
    """Return whether a text is none that `new_token` made: its form or its checksum is wrong."""
    return PATTERN.fullmatch(text) is None or _checksum(text[:-CHECKSUM_LENGTH]) != text[-CHECKSUM_LENGTH:]


def _checksum(head: str) -> str:
    return _digits(zlib.crc32(head.encode()), CHECKSUM_LENGTH)


def _digits(number: int, length: int) -> str:
    """Write a number in base 62, padded to a length."""
    text = ""
    for _ in range(length):
        number, last = divmod(number, len(DIGITS))
        text = DIGITS[last] + text
    return text
