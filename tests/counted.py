"""Names that count how often they are compared, for tests of how much work many of them are."""

from typing import ClassVar


class Counted(str):
    """A name; `comparisons` is how often any of them was compared with another."""

    comparisons: ClassVar[int] = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__
