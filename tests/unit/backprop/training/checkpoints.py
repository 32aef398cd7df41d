"""A checkpoint for tests."""

from service.backprop.training.state import StateTaker, TrainingState


class Everywhere:
    """Stores the state wherever it is asked within an epoch."""

    def __init__(self) -> None:
        self.states: list[TrainingState] = []

    def is_due(self, stopping: bool) -> bool:
        return True

    def store(self, state: StateTaker) -> bool:
        self.states.append(TrainingState.from_bytes(state(copied=False).to_bytes()))
        return False
