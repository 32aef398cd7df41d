"""Parameters of epochs and the optimizer's states next to them, with the places of their bytes, and their insertion.

Used by the flushes of a run, and where a job ends that nobody runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from service.store.blobs import references
from service.store.blobs.folder import FolderBlobs
from service.store.blobs.placement import Placed, hold, place
from service.store.epochs import epochs, optimizer_states
from service.store.records import JobRecord, ParameterBlock


@dataclass(frozen=True)
class PlacedParameters:
    """Blocks of parameters, and the optimizer's states by epoch. The large ones are in the blobs already."""

    blocks: list[tuple[ParameterBlock, Placed]]
    states: list[tuple[int, Placed]]

    @classmethod
    def place(
        cls, blobs: FolderBlobs, blocks: Sequence[ParameterBlock], states: Mapping[int, bytes]
    ) -> "PlacedParameters":
        """Put large byte strings into the blobs: they take too long for a transaction."""
        return cls(
            [(block, place(blobs, block.bytes)) for block in blocks],
            [(epoch, place(blobs, data)) for epoch, data in states.items()],
        )

    def insert(
        self, connection: Connection, blobs: FolderBlobs, job: JobRecord, late: int | None, *more: Placed
    ) -> None:
        """Insert the rows, and hold the blobs they and `more` point to.

        `late` is an epoch whose row was written earlier, without the parameters that come now.
        """
        placed = [each for _, each in (*self.blocks, *self.states)] + list(more)
        if large := [each for each in placed if each.address is not None]:
            references.pointing(connection)
            hold(blobs, large)
        epochs.add_parameters(connection, job.number, [(block, each.address) for block, each in self.blocks])
        optimizer_states.add(connection, job.number, [(epoch, each.stored()) for epoch, each in self.states])
        if late is not None:
            epochs.mark_stored(connection, job.number, late)
