"""Tenants share the workers by their weights, in the one query by which jobs are claimed."""

import threading
from collections import Counter

import pytest
from sqlalchemy import select, update

from service.services import Services
from service.store.tables import jobs as table
from service.store.tables import tenants
from service.store.tenancy import DEFAULT_TENANT
from tests.integration.queues import add_tenant, claim, end, queue


def claims(service: Services, count: int) -> list[int]:
    found = [claim(service) for _ in range(count)]
    return [each[0] for each in found if each is not None]


def test_two_hundred_claims_are_shared_by_weights_of_three_to_one(service: Services) -> None:
    large, small = add_tenant(service, "large", weight=3.0), add_tenant(service, "small")
    queue(service, small, 1000)
    queue(service, large, 1000)
    shared = Counter(claims(service, 200))
    assert shared == {large: 150, small: 50}


def test_one_job_waits_for_at_most_one_of_another_tenant_with_a_hundred(service: Services) -> None:
    many, one = add_tenant(service, "many"), add_tenant(service, "one")
    queue(service, many, 100)
    assert claims(service, 10) == [many] * 10
    queue(service, one, 1)
    assert one in claims(service, 1)  # of the tenant with many, only the job that runs is before it


def test_time_without_jobs_is_no_credit(service: Services) -> None:
    busy, idle = add_tenant(service, "busy"), add_tenant(service, "idle")
    queue(service, busy, 200)
    claims(service, 100)
    queue(service, idle, 100)
    assert Counter(claims(service, 40)) == {busy: 20, idle: 20}


def test_a_queue_that_was_empty_for_a_moment_earns_nothing(service: Services) -> None:
    steady, sly = add_tenant(service, "steady"), add_tenant(service, "sly")
    queue(service, steady, 100)
    found = []
    for number in range(20):
        queue(service, sly, 1, start=number)  # one at a time: whenever it is claimed, its queue is empty
        found += claims(service, 2)
    assert Counter(found) == {steady: 20, sly: 20}


def test_priorities_count_within_a_tenant_alone(service: Services) -> None:
    plain, pushy = add_tenant(service, "plain"), add_tenant(service, "pushy")
    queue(service, plain, 10)
    queue(service, pushy, 5)
    queue(service, pushy, 5, start=5, priority=100)
    found = [claim(service) for _ in range(10)]
    assert Counter(each[0] for each in found if each) == {plain: 5, pushy: 5}
    assert [each[1] for each in found if each and each[0] == pushy] == [f"job_{pushy}_{n}" for n in range(5, 10)]


def test_a_tenant_at_its_limit_of_running_jobs_waits(service: Services) -> None:
    bounded, other = add_tenant(service, "bounded", running_jobs=2), add_tenant(service, "other")
    queue(service, bounded, 10)
    queue(service, other, 2)
    assert Counter(claims(service, 10)) == {bounded: 2, other: 2}
    end(service, f"job_{bounded}_0")
    assert claims(service, 10) == [bounded]
    assert claim(service, running_jobs=1) is None  # a limit of its own stands before that of all


def test_the_limit_of_all_is_for_tenants_without_one(service: Services) -> None:
    free, plain = add_tenant(service, "free", running_jobs=0), add_tenant(service, "plain")
    queue(service, free, 3)
    queue(service, plain, 3)
    found = [claim(service, running_jobs=1) for _ in range(6)]
    assert Counter(each[0] for each in found if each) == {free: 3, plain: 1}


def test_workers_at_once_get_every_job_once_and_keep_the_shares(service: Services) -> None:
    large, small = add_tenant(service, "large", weight=3.0), add_tenant(service, "small")
    queue(service, large, 60)
    queue(service, small, 60)
    found: list[tuple[int, str] | None] = []

    def work(worker: str) -> None:
        for _ in range(10):
            found.append(claim(service, worker=worker))

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [each for each in found if each is not None]
    assert len(found) == len(taken) == len({job for _, job in taken}) == 80
    assert Counter(tenant for tenant, _ in taken) == {large: 60, small: 20}


def test_a_job_that_a_command_holds_is_passed_over(service: Services) -> None:
    first, second = add_tenant(service, "first"), add_tenant(service, "second")
    queue(service, first, 1)
    queue(service, second, 1)
    if service.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with service.database.begin() as held:
        held.execute(select(table.c.number).where(table.c.tenant == first).with_for_update())
        assert claims(service, 2) == [second]
    assert claims(service, 2) == [first]


def test_weights_count_from_the_next_claim_on(service: Services) -> None:
    one, two = add_tenant(service, "one"), add_tenant(service, "two")
    queue(service, one, 100)
    queue(service, two, 100)
    assert Counter(claims(service, 20)) == {one: 10, two: 10}
    with service.database.begin() as connection:
        connection.execute(update(tenants).where(tenants.c.number == two).values(weight=4.0))
    assert Counter(claims(service, 50)) == {one: 10, two: 40}


def test_what_the_default_tenant_has_is_claimed_as_before(service: Services) -> None:
    queue(service, DEFAULT_TENANT, 3)
    queue(service, DEFAULT_TENANT, 1, start=3, priority=1)
    assert [each[1] for each in iter(lambda: claim(service), None) if each] == [
        f"job_{DEFAULT_TENANT}_{number}" for number in (3, 0, 1, 2)
    ]
