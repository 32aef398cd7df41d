"""Parameters of epochs and the optimizer's states that belong to them, placed in rows or blobs, and their insertion.

Used by the flushes of a run, and when a job ends that no worker runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from service.store.blobs import references
from service.store.blobs.folder import FolderBlobs
from service.store.blobs.placement import Placed, hold, place
from service.store.epoch_records import ParameterBlock
from service.store.epochs import epochs, optimizer_states
from service.store.records import JobRecord


@dataclass(frozen=True)
class PlacedParameters:
    """Blocks of parameters and the optimizer's states by epoch; large ones have been stored as blobs already."""

    blocks: list[tuple[ParameterBlock, Placed]]
    states: list[tuple[int, Placed]]

    @property
    def size(self) -> int:
        """The bytes of all of them."""
        return sum(len(value.data or b"") for _, value in (*self.blocks, *self.states))

    @classmethod
    def place(
        cls, blobs: FolderBlobs, blocks: Sequence[ParameterBlock], states: Mapping[int, bytes]
    ) -> "PlacedParameters":
        """Store large byte strings as blobs, which would take too long within a transaction."""
        return cls(
            [(block, place(blobs, block.bytes)) for block in blocks],
            [(epoch, place(blobs, data)) for epoch, data in states.items()],
        )

    def insert(
        self, connection: Connection, blobs: FolderBlobs, job: JobRecord, late: int | None, *more: Placed
    ) -> None:
        """Insert the rows, and make sure that the blobs they and `more` point to exist.

        `late` is an epoch whose row was written earlier without its parameters, which are among these blocks.
        """
        placed = [value for _, value in (*self.blocks, *self.states)] + list(more)
        if large := [value for value in placed if value.address is not None]:
            references.pointing(connection)
            hold(blobs, large)
        epochs.add_parameters(connection, job.number, [(block, value.address) for block, value in self.blocks])
        optimizer_states.add(connection, job.number, [(epoch, value.stored()) for epoch, value in self.states])
        if late is not None:
            epochs.mark_stored(connection, job.number, late)
