"""Stores the state of training within an epoch: at intervals in long epochs, and when a run stops there."""

from dataclasses import dataclass

from service.backprop.training.state import StateTaker
from workers.run.lease import Lease
from workers.run.recorder import Recorder


@dataclass(frozen=True)
class EpochCheckpoint:
    """The checkpoint of a run (see `service.backprop.training.state.Checkpoint`)."""

    recorder: Recorder
    lease: Lease

    def is_due(self, stopping: bool) -> bool:
        """Return whether to store the state before the next batch.

        It is stored once a minute, when the run makes room for other jobs, and when the run stops and the job is to be
        resumed later.
        """
        if stopping:
            return self.lease.is_to_be_resumed
        return self.recorder.policy.is_due_within_epoch() or self.lease.must_make_room

    def store(self, state: StateTaker) -> bool:
        """Store the state and everything buffered; return whether the run stops here to make room for other jobs."""
        self.recorder.store_within_epoch(state)
        return self.lease.must_make_room
