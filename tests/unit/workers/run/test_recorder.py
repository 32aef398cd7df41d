"""What a recorder holds in memory: parameters that are not written yet, and no others."""

from workers.run.best_epoch import BestEpoch, NewestEpoch
from workers.run.epoch_buffer import EpochBuffer
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
