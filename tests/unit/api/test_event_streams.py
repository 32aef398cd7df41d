"""Which events of epochs a stream may leave out: those that a newer one of the same attempt follows."""

from datetime import UTC, datetime
from random import Random

from service.api.event_streams import superseded
from service.store.records import EventRecord, Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = (*[Kind.EPOCH] * 8, Kind.STATUS, Kind.WARNING, Kind.END)


def some_events(random: Random, count: int) -> list[EventRecord]:
    return [EventRecord(3 * at + 1, f"job_{random.randrange(4)}", random.choice(KINDS), {}, NOW) for at in range(count)]


def test_what_is_left_out_is_followed_by_a_newer_epoch_of_the_attempt() -> None:
    random = Random(1)
    left_out_in_all = 0
    for count in [*range(30)] * 20:
        found = some_events(random, count)
        left_out = superseded(found)
        left_out_in_all += len(left_out)
        assert not found or found[-1].id not in left_out
        for at, event in enumerate(found):
            later = [each.kind for each in found[at + 1 :] if each.job_id == event.job_id and each.kind != Kind.WARNING]
            assert (event.id in left_out) == (event.kind is Kind.EPOCH and later[:1] == [Kind.EPOCH])
    assert left_out_in_all > 1000


def test_the_same_is_left_out_wherever_a_client_goes_on() -> None:
    found = some_events(Random(2), 60)
    left_out = superseded(found)
    for at in range(len(found)):
        assert superseded(found[at:]) == {event.id for event in found[at:]} & left_out
