"""The best and the newest epoch of a run, with their parameters until those are written."""

from dataclasses import dataclass


@dataclass
class BestEpoch:
    """The best epoch so far.

    `stored_as_best` means that its parameters are stored only because it is the best. `data` holds its parameters until
    they are handed to a flush.
    """

    number: int | None
    stored_as_best: bool
    data: bytes | None = None

    def replace(self, number: int, data: bytes, stored_anyway: bool) -> int | None:
        """Replace the best epoch by a better one.

        Returns the previous best epoch if its parameters need not be stored any longer, otherwise None.
        """
        before = self.number if self.stored_as_best else None
        self.number, self.data, self.stored_as_best = number, data, not stored_anyway
        return before


@dataclass
class NewestEpoch:
    """The newest epoch.

    `is_stored` says whether its parameters are stored even if it is not the last epoch. `data` holds its parameters as
    long as they may be needed, `optimizer_state` the optimizer's state in jobs that store it.
    """

    number: int
    data: bytes | None
    is_stored: bool
    optimizer_state: bytes | None

    def release_stored(self) -> None:
        """Release the parameters if a flush stores them."""
        if self.is_stored:
            self.data = None
