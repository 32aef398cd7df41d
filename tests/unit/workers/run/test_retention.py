"""Which epochs' parameters are stored, and how neighbours share a row."""

from service.store.epoch_records import ParameterBlock
from workers.run.retention import Retention, joined


def test_every_nth_first_and_last_are_stored() -> None:
    retention = Retention(total=25, every=10, size=8, budget=1_000_000)
    assert [epoch for epoch in range(26) if epoch in retention] == [0, 10, 20, 25]
    assert retention.chosen_of(8, 18).nonzero()[0].tolist() == [2, 12, 17]


def test_neighbours_share_a_row() -> None:
    blocks = [ParameterBlock(epoch, epoch, 2, 1, bytes([epoch])) for epoch in (0, 2, 4, 8)]
    assert joined(blocks, range(0, 9, 2).__contains__) == [
        ParameterBlock(0, 4, 2, 1, b"\x00\x02\x04"),
        ParameterBlock(8, 8, 2, 1, b"\x08"),
    ]


def test_a_best_epoch_that_may_go_has_a_row_of_its_own() -> None:
    blocks = [ParameterBlock(epoch, epoch, 1, 1, bytes([epoch])) for epoch in (12, 13, 14)]
    assert [(block.first_epoch, block.last_epoch) for block in joined(blocks, {13, 14}.__contains__)] == [
        (12, 12),
        (13, 14),
    ]
