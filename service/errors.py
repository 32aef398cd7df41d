"""Everything a caller can do wrong and everything that can be out of order, as exceptions.

Owns the tree of errors; imports nothing of this project and knows no HTTP. The table from error to status stands once,
in `service.api.errors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: a JSON pointer into the body, or a row and column of a dataset, and why.

    `row` counts data rows from 1 (a CSV header is not counted); `column` is a column's name.
    """

    detail: str
    pointer: str | None = None
    row: int | None = None
    column: str | None = None


class ServiceError(Exception):
    """Something the caller can be told about; `detail` is a whole sentence for them."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Malformed(ServiceError):
    """The bytes are not what they claim to be: not JSON, not UTF-8, cut off, duplicate keys, NaN."""


class Invalid(ServiceError):
    """Well-formed but wrong; `faults` says where, at most the first ten."""

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults[:10])

    @classmethod
    def at(cls, pointer: str, detail: str) -> "Invalid":
        """One fault in a JSON body, its pointer such as `#/training/loss`."""
        return cls.from_faults([Fault(detail, pointer=pointer)])

    @classmethod
    def from_faults(cls, faults: Sequence[Fault]) -> "Invalid":
        """Build the error from one or more faults in a JSON body; its sentence describes the first."""
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return cls(f"{faults[0].pointer}: {faults[0].detail}{more}", faults)


class NotFound(ServiceError):
    """No such thing, or not the caller's. `extra` goes into the answer (the nearest stored epoch, say)."""

    def __init__(self, detail: str, **extra: object) -> None:
        super().__init__(detail)
        self.extra = extra


class Conflict(ServiceError):
    """The thing is in another state: a name is taken, a dataset in use, a job already ended."""


class TooLarge(ServiceError):
    """More bytes, rows or parts than the service takes."""


class UnknownMedia(ServiceError):
    """A media type that is not read or written here; `known` lists those that are."""

    def __init__(self, detail: str, known: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.known = tuple(known)


class Unavailable(ServiceError):
    """A part of the service does not answer now; worth trying again after `retry_after_seconds`."""

    def __init__(self, detail: str, retry_after_seconds: int = 5) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class TooMany(Unavailable):
    """The caller has asked for more than its share."""


class OutOfSpace(ServiceError):
    """The disk is full; nothing half-written stays."""


class Damaged(ServiceError):
    """What the service has stored is missing or no longer what it was; `detail` names it by its SHA-256."""


class Misconfigured(ServiceError):
    """The service cannot start as it is set up; `detail` says how to mend it."""


class Diverged(ServiceError):
    """The loss or a parameter is no longer finite; `epoch` is the last one that was."""

    def __init__(self, detail: str, epoch: int) -> None:
        super().__init__(detail)
        self.epoch = epoch


def escaped(key: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
