"""What an exchange needs of its connection."""

from typing import Protocol, TypeVar

from service.front.refusals import Refused

E = TypeVar("E", contravariant=True)  # the type of its exchanges, which import this module


class Wire(Protocol[E]):
    """The connection, as its exchanges use it."""

    is_full: bool

    @property
    def is_held(self) -> bool:
        """Whether nothing more is read from the client for now."""
        ...

    def hold(self, reason: str) -> None:
        """Read nothing more from the client until `release` is called for the same reason."""

    def release(self, reason: str) -> None:
        """Take back a call of `hold`."""

    def write(self, data: bytes) -> None:
        """Send bytes to the client; `is_full` is set while it does not read them."""

    def refuse(self, refused: Refused, exchange: E | None) -> None:
        """Answer with an error once all requests before are answered, and end the connection."""

    def end_with(self, data: bytes) -> None:
        """Send the last answer of the connection; what the client still sends is discarded."""

    def answered(self, keep_alive: bool) -> None:
        """Go on with the next request, or end the connection."""

    def abort(self) -> None:
        """End the connection at once."""
