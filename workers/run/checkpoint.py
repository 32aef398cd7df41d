"""Within long epochs: the state is kept now and then, and where a run stops there."""

from dataclasses import dataclass

from service.backprop.training.state import StateTaker
from workers.run.lease import Watch
from workers.run.recorder import Recorder


@dataclass(frozen=True)
class Within:
    """The checkpoint of a run (see `service.backprop.training.state.Checkpoint`)."""

    recorder: Recorder
    watch: Watch

    def is_due(self, stopping: bool) -> bool:
        """Once a minute; where others wait for this run's turn to be over; and where it stops and is to go on later."""
        if stopping:
            return self.watch.goes_on_elsewhere
        return self.recorder.is_due_within() or self.watch.leaves_within

    def store(self, state: StateTaker) -> bool:
        """Store it with all that is pending; whether the run makes room for others here."""
        self.recorder.keep_within(state)
        return self.watch.leaves_within
