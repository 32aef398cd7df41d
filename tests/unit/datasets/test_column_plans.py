"""The roles of columns: as many names as a table may have are looked up once each."""

import time

from service.datasets.column_plans import plan_roles, requests_of
from service.datasets.options import ReadOptions
from service.definitions.columns import ColumnKind, Role

NAMES = [f"column {number}" for number in range(100_000)]


def test_a_hundred_thousand_names_are_no_work_of_seconds() -> None:
    begun = time.process_time()
    roles = plan_roles(NAMES, None, None, NAMES[:-2])
    assert list(roles.items()) == [(NAMES[-2], Role.INPUT), (NAMES[-1], Role.TARGET)]
    assert len(plan_roles(NAMES, tuple(NAMES[1:]), None, ())) == len(NAMES)
    requests = requests_of(NAMES, ReadOptions(types=dict.fromkeys(NAMES[1:], ColumnKind.NUMBER)))
    assert [request.kind for request in requests.values()] == [None, *[ColumnKind.NUMBER] * (len(NAMES) - 1)]
    assert time.process_time() - begun < 10  # comparing each name with all others takes minutes
