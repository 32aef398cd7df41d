"""Every file in `tables/` is stored cell for cell as its answer says, or refused with the words that help."""

from collections import Counter

import pytest
from flask.testing import FlaskClient

from tests.abuse.reading import Case, bounds, cases, crowded, notes, shown, table
from tests.integration.contract import problem

CASES = list(cases())


def test_there_are_150_cases_with_a_title_each() -> None:
    assert len(CASES) >= 150
    assert [title for title, times in Counter((case.theme, case.title) for case in CASES).items() if times > 1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.theme}: {case.title}")
def test_a_table(client: FlaskClient, case: Case) -> None:
    name = f"t{CASES.index(case)}"
    path = f"/v1/datasets/{name}?{case.query.replace(' ', '&')}"
    answer = client.put(path, data=case.data, content_type=case.media_type)
    if case.refusal is not None:
        status = (
            answer.status_code
            if case.refusal == "4xx" and answer.status_code < 500
            else int(case.refusal.replace("x", "9"))
        )
        detail = problem(answer, status)["detail"]
        assert all(part in detail for part in case.fragments), detail
        return
    assert answer.status_code == 201, answer.text
    rows = client.get(f"/v1/datasets/{name}/rows?limit=1000").json["data"]
    expected = table(case.expected)
    assert shown(answer.json, rows) == expected
    numbers = [column for column in answer.json["columns"] if column["type"] == "number"]
    assert [(column["minimum"], column["maximum"]) for column in numbers] == bounds(expected)
    read, warnings = notes(case.expected)
    assert {key: answer.json["read"][key] for key in read} == read
    said = answer.json["warnings"]
    warnings += [f"column `{column}` has" for column in crowded(expected)]
    assert len(said) == len(warnings) and all(any(part in words for words in said) for part in warnings), said
