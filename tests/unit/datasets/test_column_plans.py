"""The roles of columns: as many names as a table may have are looked up once each."""

import pytest

from service.datasets.column_plans import plan_roles, requests_of
from service.datasets.options import ReadOptions
from service.definitions.columns import ColumnKind, Role
from tests.counted import Counted

COUNT = 2000


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(Counted, "comparisons", 0)
    return [Counted(f"column {number}") for number in range(COUNT)]


def test_no_name_is_compared_with_all_others(names: list[str]) -> None:
    others = [str(name) for name in names]  # equal, and not the same objects
    roles = plan_roles(names, None, None, others[:-2])
    assert list(roles.items()) == [(others[-2], Role.INPUT), (others[-1], Role.TARGET)]
    assert len(plan_roles(names, tuple(others[1:]), None, ())) == COUNT
    requests = requests_of(names, ReadOptions(types=dict.fromkeys(others[1:], ColumnKind.NUMBER)))
    assert [request.kind for request in requests.values()] == [None, *[ColumnKind.NUMBER] * (COUNT - 1)]
    assert 0 < Counted.comparisons < 50 * COUNT


def test_comparisons_with_all_others_would_be_counted(names: list[str]) -> None:
    assert "column 1999" in names and Counted.comparisons == COUNT
