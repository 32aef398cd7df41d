"""The best and the newest epoch of a run, and the parameters of theirs that are not written yet."""

from dataclasses import dataclass


@dataclass
class BestEpoch:
    """The best epoch so far; with `stored_as_best` its parameters are stored for no other reason.

    `data` are its parameters, until they are on their way to the database.
    """

    number: int | None
    stored_as_best: bool
    data: bytes | None = None

    def replace(self, number: int, data: bytes, stored_anyway: bool) -> int | None:
        """Take a better epoch; the one before, if its parameters need not be stored any more."""
        before = self.number if self.stored_as_best else None
        self.number, self.data, self.stored_as_best = number, data, not stored_anyway
        return before


@dataclass
class NewestEpoch:
    """The newest epoch, and whether its parameters are stored by rule. If it is the last they are stored in any case.

    `data` are its parameters, as long as they may be needed; `optimizer_state` where the job stores those.
    """

    number: int
    data: bytes | None
    is_stored: bool
    optimizer_state: bytes | None

    def release_stored(self) -> None:
        """Release the parameters if they are on their way to the database."""
        if self.is_stored:
            self.data = None
