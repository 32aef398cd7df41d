"""Ten thousand wrong keys, wrong in every way there is: nobody can tell from the answer which way it was."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import pytest

from service.access import tokens
from service.access.tokens import id_of, new_token
from service.config import Settings
from tests.integration.keyed import Keyed

MANY = 10_000
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)


@pytest.fixture
def keyed(settings: Settings) -> Iterator[Keyed]:
    made = Keyed(settings)
    yield made
    made.close()


def wrong_headers(keyed: Keyed) -> dict[str, Callable[[], dict[str, str]]]:
    """Return a maker of headers for each way in which a key may be wrong."""
    revoked = keyed.key("admin")
    keyed.send("DELETE", f"/v1/keys/{id_of(revoked)}", keyed.admin)
    session = keyed.client.post("/v1/session", json={"key": keyed.admin})
    cookie = session.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    keyed.client.delete_cookie("backprop_session")

    def bearer(text: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {text}"}

    def other_secret() -> str:
        head = tokens.PREFIX + str(id_of(keyed.admin)) + new_token().text[15:58]
        return head + tokens._checksum(head)

    return {
        "none": lambda: {},
        "empty": lambda: bearer(""),
        "another scheme": lambda: {"Authorization": "Basic " + new_token().text},
        "no scheme": lambda: {"Authorization": new_token().text},
        "mistyped": lambda: bearer(new_token().text[:-1] + "-"),
        "cut off": lambda: bearer(keyed.admin[:-1]),
        "one character wrong": lambda: bearer(
            keyed.admin[:40] + ("a" if keyed.admin[40] != "a" else "b") + keyed.admin[41:]
        ),
        "unknown": lambda: bearer(new_token().text),
        "of a known id": lambda: bearer(other_secret()),
        "revoked": lambda: bearer(revoked),
        "a session's": lambda: bearer(cookie),
        "long": lambda: bearer("x" * 5000),
        "not ASCII": lambda: bearer("bp_\u00e9\u00ff"),
        "a key as cookie": lambda: {"Cookie": f"backprop_session={keyed.admin}"},
        "a wrong cookie": lambda: {"Cookie": f"backprop_session={new_token().text}"},
    }


def test_ten_thousand_wrong_keys_get_one_answer(keyed: Keyed, record_property: Callable[[str, object], None]) -> None:
    ways = wrong_headers(keyed)
    names = list(ways)
    seconds: dict[str, list[float]] = defaultdict(list)
    answers: set[tuple[Any, ...]] = set()
    for number in range(MANY):
        name = names[number % len(names)]
        headers = ways[name]()
        began = time.perf_counter()
        answer = keyed.client.get("/v1/jobs", headers=headers)
        seconds[name].append(time.perf_counter() - began)
        body = {key: value for key, value in answer.json.items() if key != "request_id"}
        others = sorted((key, value) for key, value in answer.headers if key != "X-Request-Id")
        answers.add((answer.status_code, str(body), str(others)))
    assert len(answers) == 1 and next(iter(answers))[0] == 401, answers
    medians = {name: median(each) for name, each in seconds.items()}
    ratio = max(medians.values()) / min(medians.values())
    record_property("slowest to fastest way of being wrong, by medians", f"{ratio:.3f}")
    for name, value in medians.items():
        print(f"{name:24} {value * 1e6:8.1f} us")
    print(f"slowest to fastest {ratio:.3f}")
    assert keyed.send("GET", "/v1/jobs", keyed.admin).status_code == 200
