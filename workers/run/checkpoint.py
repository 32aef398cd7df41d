"""Stores the state of training within long epochs: now and then, and where a run stops there."""

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
        """Once a minute; where others wait for this run's turn to be over; and where it stops and is to go on later."""
        if stopping:
            return self.lease.goes_on_elsewhere
        return self.recorder.policy.is_due_within_epoch() or self.lease.leaves_within

    def store(self, state: StateTaker) -> bool:
        """Store it with all that is buffered; whether the run makes room for others here."""
        self.recorder.store_within_epoch(state)
        return self.lease.leaves_within
