"""What a recorder holds in memory: parameters that are not written yet, and no others."""

import numpy as np

from service.backprop.training.results import EpochRun
from service.store.epochs.runs import packed
from workers.run.best_epoch import BestEpoch, NewestEpoch
from workers.run.epoch_buffer import EpochBuffer
from workers.run.flush_policy import FlushPolicy
from workers.run.recorder import Recorder


def recorder_after(is_stored: bool) -> Recorder:
    """A recorder that has just added epoch 7; the best was epoch 5."""
    recorder = Recorder.__new__(Recorder)
    recorder.newest = NewestEpoch(7, b"seventh", is_stored, None)
    recorder.best = BestEpoch(5, stored_as_best=True, data=b"fifth")
    recorder.buffer, recorder.warnings, recorder.state = EpochBuffer(), [], None
    recorder._progress = lambda: {}  # type: ignore[method-assign]
    return recorder


def test_parameters_on_their_way_are_released() -> None:
    recorder = recorder_after(is_stored=True)
    assert (recorder.bytes_of(7), recorder.bytes_of(5)) == (b"seventh", b"fifth")
    recorder._flush()
    assert (recorder.bytes_of(7), recorder.bytes_of(5)) == (None, None)


def test_the_newest_epoch_stays_in_memory_where_it_is_not_stored_as_it_may_be_the_last() -> None:
    recorder = recorder_after(is_stored=False)
    recorder._flush()
    assert recorder.bytes_of(7) == b"seventh"


def many_epochs(first: int, count: int) -> EpochRun:
    """Return epochs of a network of nine parameters, none of which are to be stored."""
    losses = np.full(count, 0.5)
    metrics = {"accuracy": losses}
    return EpochRun(first, losses, losses, metrics, metrics, 0.1, 1e-5, np.zeros((count, 9)), 0, None)


def test_a_buffer_of_many_short_epochs_is_full_although_no_parameters_are_stored() -> None:
    """What it writes in one transaction is bounded, as all other writers wait for that on SQLite."""
    buffer, run = EpochBuffer(), many_epochs(0, 1000)
    data = run.parameters.tobytes()
    epochs = 0
    while not FlushPolicy.is_full(buffer.total_bytes):
        buffer.add(many_epochs(epochs, 1000), data, np.zeros(1000, dtype=np.bool_), every=10**6)
        epochs += 1000
    assert buffer.size_bytes == 0
    assert 10_000 < epochs < 40_000
    columns = [value for run in buffer.runs for value in packed(1, run).values() if isinstance(value, bytes)]
    assert sum(map(len, columns)) == buffer.total_bytes
