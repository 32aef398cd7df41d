"""How the threads that send to webhooks are shared."""

from collections import Counter

import pytest

from service.store.webhooks.records import Claimed
from workers.deliveries import with_their_share


def claimed(tenant: int) -> Claimed:
    return Claimed(1, "msg_1", "job.succeeded", "{}", 1, 0, [], 1, "wh_1", tenant, "http://name.example/", ("whsec_",))


@pytest.mark.parametrize(
    ("under_way", "most", "full"),
    [
        ({}, 64, set()),
        ({1: 31}, 64, set()),
        ({1: 32}, 64, {1}),
        ({1: 32, 2: 15}, 64, {1}),
        ({1: 32, 2: 16}, 64, {1, 2}),
        ({1: 20, 2: 20, 3: 12}, 64, {1, 2, 3}),
        ({1: 1}, 1, {1}),
        ({1: 1, 2: 1}, 2, {1, 2}),
    ],
)
def test_a_tenant_takes_half_of_what_the_others_leave(under_way: dict[int, int], most: int, full: set[int]) -> None:
    assert with_their_share([claimed(tenant) for tenant in Counter(under_way).elements()], most) == full


def test_there_is_a_thread_for_each_of_several_tenants_that_take_all_they_can() -> None:
    under_way: list[Claimed] = []
    for tenant in range(1, 7):
        while tenant not in with_their_share(under_way, 64):
            under_way.append(claimed(tenant))
    assert Counter(each.tenant for each in under_way) == {1: 32, 2: 16, 3: 8, 4: 4, 5: 2, 6: 1}
    assert len(under_way) < 64
