"""A file in memory whose bytes are taken out of it while it is written, so that a long one is never held whole."""

import io
from typing import Any


class Drained(io.RawIOBase):
    """A file that cannot be moved in; what was written is taken out again and again."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        """Return what was written since this was called last."""
        data, self._parts = b"".join(self._parts), []
        return data
