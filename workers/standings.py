"""The optimizer's state beside the epochs that are stored, in jobs that ask for it."""

from service.backprop.state import StateTaker
from service.blobs import FolderBlobs
from service.stored_bytes import Placed, place


class Standings:
    """What is pending: the newest epoch's state, and those of the epochs that are to be stored."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.latest: tuple[int, bytes] | None = None
        self.pending: dict[int, bytes] = {}

    def take(self, epoch: int, state: StateTaker | None) -> None:
        """Copy the state after an epoch, before training goes on."""
        if self.wanted and state is not None:
            self.latest = (epoch, state(copied=False).optimizer.to_bytes())

    def keep(self, epoch: int) -> int:
        """The newest epoch is to be stored; how many bytes come with it."""
        if self.latest is None or self.latest[0] != epoch:
            return 0
        self.pending[epoch] = self.latest[1]
        return len(self.latest[1])

    def forget(self, epoch: int) -> None:
        self.pending.pop(epoch, None)

    def placed(self, blobs: FolderBlobs) -> list[tuple[int, Placed]]:
        """By epoch, large ones in the blobs already."""
        return [(epoch, place(blobs, data)) for epoch, data in self.pending.items()]

    def stored(self) -> None:
        """What was pending is in the database, or dropped."""
        self.pending = {}
