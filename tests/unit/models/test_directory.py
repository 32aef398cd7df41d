"""What names mean, held until a change of models is seen: nothing stale, nothing lost while the database is away."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.errors import NotFound, Unavailable
from service.models import directory as module
from service.models.directory import AWAY_SECONDS, MOST_UNKNOWN, MOST_USED, Directory
from service.models.shared_number import SharedNumber
from service.store import models
from service.store.changes import Seen
from service.store.model_records import VersionReference


@dataclass
class Store:
    """A database that counts the questions for names, the changes of it, and the clock."""

    now: float = 1000.0
    value: int = 1
    unseen: int = 0  # changes that are seen only when the database is asked again
    answers: bool = True
    latest: int = 1
    asked: list[str] = field(default_factory=list)
    tenant: int = 1
    at: float = 1000.0

    @property
    def database(self) -> "Store":
        return self

    def read(self) -> "Store":
        return self

    def __enter__(self) -> "Store":
        if not self.answers:
            raise Unavailable("the database does not answer")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def look(self, _: str) -> Seen:
        if self.answers:
            self.at = self.now
        return Seen(self.value, self.at)

    def look_again(self) -> None:
        self.value, self.unseen = self.value + self.unseen, 0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    made = Store()

    def find_version(connection: Store, name: str, wanted: int | None) -> VersionReference:
        connection.asked.append(name)
        if name.startswith("no"):
            raise NotFound(f"there is no model named `{name}`")
        return VersionReference(connection.latest if wanted is None else wanted, "job_1", 3, datetime.now(UTC), None)

    monkeypatch.setattr(models, "find_version", find_version)
    monkeypatch.setattr(module, "time", made)
    yield made


def opened(store: Any, number: SharedNumber | None = None) -> Directory:
    return Directory(store, number)


def version(directory: Directory, store: Any, name: str = "m", wanted: int | None = None) -> int:
    return directory.find(store, name, wanted).version


def test_a_name_is_asked_once_and_again_after_a_change(store: Store) -> None:
    directory = opened(store)
    assert [version(directory, store) for _ in range(3)] == [1, 1, 1] and store.asked == ["m"]
    store.latest, store.value = 2, 2
    assert [version(directory, store) for _ in range(3)] == [2, 2, 2] and store.asked == ["m", "m"]
    assert version(directory, store, wanted=1) == 1 and len(store.asked) == 3


def test_a_change_between_the_look_and_the_answer_is_not_missed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, find = opened(store), models.find_version

    def changed_after(connection: Any, **name: Any) -> VersionReference:
        found = find(connection, **name)
        store.latest, store.value = store.latest + 1, store.value + 1
        return found

    monkeypatch.setattr(models, "find_version", changed_after)
    assert version(directory, store) == 1
    monkeypatch.setattr(models, "find_version", find)
    assert version(directory, store) == 2


def test_what_another_process_has_told_is_asked_for_before_the_next_answer(store: Store, tmp_path: Path) -> None:
    number = SharedNumber(tmp_path / "number")
    directory, other = opened(store, number), opened(Store(), SharedNumber(tmp_path / "number"))
    assert version(directory, store) == 1
    store.latest, store.unseen = 2, 1  # committed, and this process has not been notified yet
    assert version(directory, store) == 1
    other.announce()
    assert version(directory, store) == 2
    store.latest, store.unseen = 3, 1
    directory.announce()
    assert version(directory, store) == 3


def test_names_that_mean_nothing_are_held_too_and_bounded(store: Store) -> None:
    directory = opened(store)
    for _ in range(2):
        with pytest.raises(NotFound, match="there is no model named `no`"):
            version(directory, store, "no")
    assert store.asked == ["no"]
    version(directory, store)
    for number in range(2 * MOST_UNKNOWN):
        with pytest.raises(NotFound):
            version(directory, store, f"no{number}")
    assert len(directory._versions) == MOST_UNKNOWN + 1
    before = len(store.asked)
    assert version(directory, store) == 1 and len(store.asked) == before


def test_names_go_on_while_the_database_is_away(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    directory = opened(store)
    version(directory, store)
    assert directory.state().since is None
    store.value, store.answers = 2, False  # a change was seen, and then nothing more
    for _ in range(3):
        assert version(directory, store) == 1
    assert len(caplog.records) == 1
    with pytest.raises(Unavailable):
        version(directory, store, "cold")
    store.now += AWAY_SECONDS + 1
    assert version(directory, store) == 1 and len(caplog.records) == 1
    assert directory.state().since is not None
    store.answers, store.latest = True, 2
    assert version(directory, store) == 2 and directory.state().since is None


def test_names_in_use_are_remembered_until_they_are_taken(store: Store) -> None:
    directory = opened(store)
    for number in range(2 * MOST_USED):
        version(directory, store, f"m{number}")
    assert directory.is_used and len(directory.take_used()) == MOST_USED
    assert not directory.is_used and directory.take_used() == []


def test_threads_see_a_number_that_was_raised_before_they_look(store: Store, tmp_path: Path) -> None:
    number = SharedNumber(tmp_path / "number")
    directory = opened(store, number)
    found = list[int]()
    for latest in range(2, 20):
        store.latest, store.unseen = latest, 1
        number.raise_by_one()
        threads = [threading.Thread(target=lambda: found.append(version(directory, store))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(found[-8:]) == {latest}
