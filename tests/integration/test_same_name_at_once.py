"""Uploads of the same name at the same moment: the same content is made once, other content is refused or a version."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from flask.testing import FlaskClient

from service.datasets import catalog
from service.datasets.options import Limits
from service.definitions.dataset_names import DatasetReference
from service.definitions.network import NetworkDefinition
from service.definitions.requests import DatasetRequest
from service.errors import Conflict
from service.services import Services
from service.store.datasets import IfTaken

AT_ONCE = 6
Keep = Callable[[Services, str, int], bool]


def store_dataset(if_taken: IfTaken, services: Services, name: str, content: int) -> bool:
    request = DatasetRequest(inputs=[[0, 1], [1, content]], targets=[0, 1])
    reader = catalog.reader_of_request(request, Limits(max_bytes=10_000))
    return catalog.store_dataset(services, name, reader, if_taken)[1]


keep_dataset = partial(store_dataset, IfTaken.REFUSE)
put_dataset = partial(store_dataset, IfTaken.ADD_VERSION)
put_new_dataset = partial(store_dataset, IfTaken.REFUSE_ALWAYS)


def keep_network(services: Services, name: str, content: int) -> bool:
    return catalog.store_network(services, name, NetworkDefinition(hidden=[content]))[1]


def at_once(keep: Keep, services: Services, name: str, contents: list[int]) -> list[str]:
    """What each of several threads got: `new`, `there` or `refused`."""
    start = threading.Barrier(len(contents))

    def run(content: int) -> str:
        start.wait()
        try:
            return "new" if keep(services, name, content) else "there"
        except Conflict as error:
            assert "is there already" in error.detail
            return "refused"

    with ThreadPoolExecutor(len(contents)) as pool:
        return list(pool.map(run, contents))


@pytest.mark.parametrize("keep", [keep_dataset, keep_network])
def test_the_same_content_is_made_once(default: Services, client: FlaskClient, keep: Keep) -> None:
    for attempt in range(5):
        got = at_once(keep, default, f"same-{attempt}", [1] * AT_ONCE)
        assert sorted(got) == ["new"] + ["there"] * (AT_ONCE - 1)
    if keep is keep_dataset:
        assert client.get("/v1/datasets/same-0").json["rows"] == 2
        assert len([path for path in default.blobs.root.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("keep", [keep_dataset, keep_network])
def test_other_content_is_refused(default: Services, keep: Keep) -> None:
    for attempt in range(5):
        contents = [*range(1, AT_ONCE), 1]
        got = at_once(keep, default, f"other-{attempt}", contents)
        made = contents[got.index("new")]
        assert got.count("new") == 1
        assert all((answer == "refused") == (content != made) for answer, content in zip(got, contents, strict=True))


def test_the_rows_of_refused_content_are_not_kept(default: Services) -> None:
    assert sorted(at_once(keep_dataset, default, "one", [1, 2, 3])) == ["new", "refused", "refused"]
    assert len([path for path in default.blobs.root.rglob("*") if path.is_file()]) == 1


def test_a_name_given_up_meanwhile_is_free(default: Services) -> None:
    for _ in range(10):
        keep_dataset(default, "brief", 1)
        with ThreadPoolExecutor() as pool:
            removed = pool.submit(catalog.remove_dataset, default, DatasetReference("brief"))
            added = pool.submit(keep_dataset, default, "brief", 1)
            removed.result()
            if added.result():
                catalog.remove_dataset(default, DatasetReference("brief"))


def test_each_other_content_that_is_put_is_a_version(default: Services, client: FlaskClient) -> None:
    for attempt in range(5):
        assert at_once(put_dataset, default, f"put-{attempt}", list(range(AT_ONCE))) == ["new"] * AT_ONCE
        listed = client.get(f"/v1/datasets/put-{attempt}/versions").json["data"]
        assert [answer["version"] for answer in listed] == list(range(AT_ONCE, 0, -1))
        assert len({answer["sha256"] for answer in listed}) == AT_ONCE


def test_the_same_content_that_is_put_at_once_is_one_version(default: Services, client: FlaskClient) -> None:
    keep_dataset(default, "same", 1)
    assert sorted(at_once(put_dataset, default, "same", [2] * AT_ONCE)) == ["new"] + ["there"] * (AT_ONCE - 1)
    assert client.get("/v1/datasets/same").json["version"] == 2


def test_one_of_several_uploads_that_only_create_does(default: Services, client: FlaskClient) -> None:
    got = at_once(put_new_dataset, default, "once", [1, 1, 1, 2, 2, 2])
    assert sorted(got) == ["new"] + ["refused"] * 5
    assert len(client.get("/v1/datasets/once/versions").json["data"]) == 1
