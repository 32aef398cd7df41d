"""What a recorder keeps at hand: parameters that are not written yet, and no others."""

from workers.run.epoch_buffer import Pending
from workers.run.recorder import Recorder


def recorder_after(kept: bool) -> Recorder:
    """One that has just noted epoch 7, the best was epoch 5."""
    recorder = Recorder.__new__(Recorder)
    recorder.latest, recorder.latest_kept, recorder.best = (7, b"seventh"), kept, (5, b"fifth")
    recorder.pending, recorder.warnings, recorder.state = Pending(), [], None
    recorder._progress = lambda: {}  # type: ignore[method-assign]
    return recorder


def test_what_is_on_its_way_is_let_go_of() -> None:
    recorder = recorder_after(kept=True)
    assert (recorder.bytes_of(7), recorder.bytes_of(5)) == (b"seventh", b"fifth")
    recorder._flush()
    assert (recorder.bytes_of(7), recorder.bytes_of(5)) == (None, None)


def test_the_newest_epoch_stays_at_hand_where_it_is_not_kept_as_it_may_be_the_last() -> None:
    recorder = recorder_after(kept=False)
    recorder._flush()
    assert recorder.bytes_of(7) == b"seventh"
