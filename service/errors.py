"""The exceptions for mistakes of a caller and for failures of the service.

Imports nothing of this project and knows no HTTP; `service.api.errors` holds the one table from error to status.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_FAULTS = 10  # more are not listed, and not looked for
LONGEST_DETAIL = 800  # characters of a sentence: ten of them and their places stay within 16 KiB
LONGEST_PLACE = 200  # characters of a pointer or of a column's name


@dataclass(frozen=True)
class Fault:
    """One fault of an input: why, and where, as a JSON pointer into the body or a row and column of a dataset.

    `row` counts data rows from 1 (a CSV header is not counted); `column` is a column's name.
    """

    detail: str
    pointer: str | None = None
    row: int | None = None
    column: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", shortened(self.detail, LONGEST_DETAIL))
        for name in ("pointer", "column"):
            if (text := getattr(self, name)) is not None and len(text) > LONGEST_PLACE:
                object.__setattr__(self, name, shortened(text, LONGEST_PLACE))

    @property
    def place(self) -> str:
        """Where it is, in words: a pointer, or a column and a row; empty for the input as a whole."""
        column = None if self.column is None else f"column `{self.column}`"
        row = None if self.row is None else f"row {self.row}"
        return self.pointer or ", ".join(part for part in (column, row) if part)

    @property
    def noun(self) -> str:
        """What is faulty, in a word."""
        if self.row is not None:
            return "row" if self.column is None else "cell"
        return "fault" if self.column is None else "column"


class ServiceError(Exception):
    """Base of the errors that are reported to the caller: a sentence for them, and `extra` fields of the answer."""

    def __init__(self, detail: str, **extra: object) -> None:
        self.detail, self.extra = shortened(detail, LONGEST_DETAIL + LONGEST_PLACE), extra
        super().__init__(self.detail)


class Malformed(ServiceError):
    """The bytes cannot be parsed: not JSON, not UTF-8, incomplete, duplicate keys, NaN."""


class Invalid(ServiceError):
    """The input is well-formed but wrong; `faults` lists at most the first ten faults."""

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults[:MAX_FAULTS])

    @classmethod
    def at(cls, pointer: str, detail: str) -> "Invalid":
        """Build the error from one fault in a JSON body, at a pointer such as `#/training/loss`."""
        return cls.from_faults([Fault(detail, pointer=pointer)])

    @classmethod
    def from_faults(cls, faults: Sequence[Fault], all_found: bool = True) -> "Invalid":
        """Build the error from one or more faults; its sentence describes the first and counts the others.

        `all_found` is false when the work ended early, so that there may be more faults than these.
        """
        first, others = faults[0], len(faults) - 1
        noun = faults[1].noun if len({fault.noun for fault in faults[1:]}) == 1 else "fault"
        least = "" if all_found else "at least "
        more = f" (and {least}{others} more {noun}{'s' if others > 1 else ''})" if others else ""
        return cls(f"{first.place}: {first.detail}{more}" if first.place else first.detail + more, faults)


class Faults:
    """A collector of an input's faults, which ends the work with the tenth: readers of rows and bodies share it."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, fault: Fault) -> None:
        """Collect a fault; raise `Invalid` with the tenth."""
        self.found.append(fault)
        if len(self.found) >= MAX_FAULTS:
            raise Invalid.from_faults(self.found, all_found=False)

    def check(self) -> None:
        """Raise `Invalid` if there is a fault."""
        if self.found:
            raise Invalid.from_faults(self.found)


class Unauthenticated(ServiceError):
    """The request carries no valid key; every such request is refused in the same words."""


class Forbidden(ServiceError):
    """Whoever makes the request may not do this; `detail` says what would allow it."""


class NotFound(ServiceError):
    """The resource does not exist."""


class Conflict(ServiceError):
    """The resource is in another state: a name is taken, a dataset is in use, a job has ended."""


class UnderWay(Conflict):
    """The first request with the same `Idempotency-Key` is still under way, and will be answered soon."""

    retry_after_seconds = 1


class Stale(ServiceError):
    """The resource is no longer, or not yet, in the state that the request names by its ETag."""


class TooLarge(ServiceError):
    """The input has more bytes, rows or parts than the service accepts."""


class UnknownMedia(ServiceError):
    """The media type is not supported here; `known` lists those that are."""

    def __init__(self, detail: str, known: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.known = tuple(known)


class NotAcceptable(ServiceError):
    """The answer is not written in a media type that the client accepts; the message lists those that it is."""


class Unavailable(ServiceError):
    """A part of the service does not answer now; the caller may try again after `retry_after_seconds`."""

    def __init__(self, detail: str, retry_after_seconds: int = 5) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class TooMany(Unavailable):
    """The tenant has reached a limit of its own."""


class QueueFull(Unavailable):
    """The queue of all tenants together is full."""


class OutOfSpace(ServiceError):
    """The disk is full; partly written files have been removed."""


class Damaged(ServiceError):
    """Stored bytes are missing or have changed; `detail` names them by their SHA-256."""


class Misconfigured(ServiceError):
    """The service cannot start with these settings; `detail` says how to correct them."""


class Diverged(ServiceError):
    """The loss or a parameter is no longer finite; `epoch` is the last epoch that was."""

    def __init__(self, detail: str, epoch: int) -> None:
        super().__init__(detail)
        self.epoch = epoch


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters: of a longer one its two ends, and how many are left out."""
    if len(text) <= most:
        return text
    middle = f"... ({len(text):,} characters) ..."
    start = 2 * (most - len(middle)) // 3  # the way out is at the end of a sentence, what is wrong at its beginning
    return text[:start] + middle + text[len(text) - (most - len(middle) - start) :]


def escaped(key: str | int) -> str:
    """Return a key or an index as a part of a JSON pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def unescaped(part: str) -> str:
    """Return the key that a part of a JSON pointer stands for."""
    return part.replace("~1", "/").replace("~0", "~")
