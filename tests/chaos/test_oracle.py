"""The oracle finds every fault: each test damages one thing in an undamaged database and reads the violations."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, insert, select, update

from chaos.client import Client, Entry, Log, NoAnswer, in_process, read_log
from chaos.kinds import KINDS, post_datasets
from chaos.oracle import References, Report, examine
from service.app import create_app
from service.config import Settings
from service.jobs.commands import collect
from service.services import Services, open_services
from service.store.epochs import runs
from service.store.epochs.runs import RunRecord
from service.store.migrate import migrate
from service.store.tables import (
    epochs,
    events,
    jobs,
    layer_diagnostics,
    model_versions,
    parameters,
    resume_states,
)
from workers.run.run import run_next_job

REFERENCE, ALONE, WIDE, TOGETHER = "reference", "alone", "wide", "together"
FAILURE = {"code": "internal", "detail": "the worker failed", "epoch": None}


@dataclass
class Ground:
    """A database with three jobs that are right, the log of their client, and the run they are compared with."""

    services: Services
    entries: tuple[Entry, ...]
    references: References

    def report(self) -> Report:
        return examine(self.services, self.entries, self.references)

    def write(self, statement: Any) -> None:
        with self.services.database.begin() as connection:
            assert connection.execute(statement).rowcount

    def first(self, query: Any) -> Any:
        with self.services.database.read() as connection:
            return connection.execute(query).first()

    def job(self, key: str) -> str:
        return str(next(entry.job for entry in self.entries if entry.key == key))

    def number(self, key: str) -> int:
        return int(self.first(select(jobs.c.number).where(jobs.c.id == self.job(key)))[0])


def settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, queue_url=f"filesystem://{folder / 'queue'}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Entry, ...], References]:
    folder = tmp_path_factory.mktemp("oracle")
    services = open_services(settings(folder / "data"))
    migrate(services.database)
    app = create_app(services.settings)
    log = Log(folder / "log.jsonl")
    client = Client(in_process(app.test_client()), log)
    post_datasets(client)
    kinds = {REFERENCE: "adam float32", ALONE: "adam float32", WIDE: "wide float32", TOGETHER: "short float64"}
    for key, kind in kinds.items():
        job = client.submit(KINDS[kind], key)
        assert job is not None and run_next_job(services, "test", lambda: False)
        assert client.read(job) is not None
    references = References()
    references.learn(services, [REFERENCE])
    collect(services)
    for each in (services, app.extensions["services"]):
        each.database.dispose()
    return folder / "data", tuple(read_log(folder / "log.jsonl")), references


@pytest.fixture
def ground(made: tuple[Path, tuple[Entry, ...], References], tmp_path: Path) -> Iterator[Ground]:
    folder, entries, references = made
    shutil.copytree(folder, tmp_path / "data")
    services = open_services(settings(tmp_path / "data"))
    yield Ground(services, entries, references)
    services.database.dispose()


def test_undamaged_data_has_no_violations(ground: Ground) -> None:
    report = ground.report()
    assert report.is_good, report.violations
    assert report.counts["jobs"] == report.counts["acknowledged"] == report.counts["succeeded"] == 4
    assert report.counts["epochs"] == 13 + 13 + 9 + 4001 and report.counts["epochs compared"] == 26


def of_job(table: Any, number: int, **more: Any) -> list[Any]:
    return [table.c.job == number, *(table.c[name] == value for name, value in more.items())]


def changed(table: Any, key: str, where: dict[str, Any], **values: Any) -> Callable[[Ground], None]:
    def spoil(ground: Ground) -> None:
        ground.write(update(table).where(*of_job(table, ground.number(key), **where)).values(**values))

    return spoil


def gone(table: Any, key: str, **where: Any) -> Callable[[Ground], None]:
    return lambda ground: ground.write(delete(table).where(*of_job(table, ground.number(key), **where)))


def column(key: str, **values: Any) -> Callable[[Ground], None]:
    return lambda ground: ground.write(update(jobs).where(jobs.c.id == ground.job(key)).values(**values))


def one_more_event(kind: str, **changes: Any) -> Callable[[Ground], None]:
    """The newest event of that kind of `ALONE`, reported once more, with other data."""

    def spoil(ground: Ground) -> None:
        mine = [events.c.job == ground.number(ALONE), events.c.kind == kind]
        row = ground.first(select(events).where(*mine).order_by(events.c.id.desc()))
        ground.write(insert(events).values({**row._mapping, "id": 10_000, "data": {**row.data, **changes}}))

    return spoil


def first_event(kind: str, **changes: Any) -> Callable[[Ground], None]:
    def spoil(ground: Ground) -> None:
        mine = [events.c.job == ground.number(ALONE), events.c.kind == kind]
        row = ground.first(select(events).where(*mine).order_by(events.c.id))
        ground.write(update(events).where(events.c.id == row.id).values(data={**row.data, **changes}))

    return spoil


def last_claim(**changes: Any) -> Callable[[Ground], None]:
    """The event that `ALONE` is running, with other data."""

    def spoil(ground: Ground) -> None:
        mine = [events.c.job == ground.number(ALONE), events.c.kind == "status"]
        row = ground.first(select(events).where(*mine, events.c.data["status"].as_string() == "running"))
        ground.write(update(events).where(events.c.id == row.id).values(data={**row.data, **changes}))

    return spoil


def second_job(ground: Ground) -> None:
    row = ground.first(select(jobs).where(jobs.c.id == ground.job(ALONE)))
    ground.write(insert(jobs).values({**row._mapping, "number": 99, "id": "job_other"}))


def more_epochs_wanted(ground: Ground) -> None:
    training = ground.first(select(jobs.c.training).where(jobs.c.id == ground.job(ALONE)))[0]
    column(ALONE, training={**training, "epochs": 13})(ground)


def single_epochs(ground: Ground, key: str) -> list[RunRecord]:
    """Every stored epoch of a job as a run of length 1."""
    query = select(epochs).where(epochs.c.job == ground.number(key)).order_by(epochs.c.first_epoch)
    with ground.services.database.read() as connection:
        stored = [runs.unpacked(row) for row in connection.execute(query)]
    return [runs.cut(run, index, index + 1) for run in stored for index in range(len(run))]


def stored_anew(ground: Ground, key: str, records: list[RunRecord]) -> None:
    """Replace a job's epochs."""
    number = ground.number(key)
    ground.write(delete(epochs).where(epochs.c.job == number))
    for run in records:
        ground.write(insert(epochs).values(runs.packed(number, run)))


def epoch_changed(key: str, epoch: int, **values: Any) -> Callable[[Ground], None]:
    def spoil(ground: Ground) -> None:
        records = single_epochs(ground, key)
        records[epoch] = replace(records[epoch], **{name: np.array([value]) for name, value in values.items()})
        stored_anew(ground, key, records)

    return spoil


def epoch_gone(ground: Ground) -> None:
    stored_anew(ground, ALONE, [run for run in single_epochs(ground, ALONE) if run.first_epoch != 5])


def epoch_twice(ground: Ground) -> None:
    row = replace(single_epochs(ground, ALONE)[0], first_epoch=1000)
    ground.write(insert(epochs).values(runs.packed(ground.number(TOGETHER), row)))


def one_epoch_more(ground: Ground) -> None:
    row = replace(single_epochs(ground, ALONE)[0], first_epoch=13, parameters_stored=np.array([False]))
    ground.write(insert(epochs).values(runs.packed(ground.number(ALONE), row)))


def bytes_turned(ground: Ground) -> None:
    mine = of_job(parameters, ground.number(TOGETHER))
    row = ground.first(select(parameters).where(*mine).order_by(parameters.c.first_epoch.desc()))
    mine.append(parameters.c.first_epoch == row.first_epoch)
    ground.write(update(parameters).where(*mine).values(bytes=bytes([row.bytes[0] ^ 1]) + row.bytes[1:]))


def no_owner(ground: Ground) -> None:
    with ground.services.database.engine.connect() as connection:
        # a transaction has started by now, and within one the foreign keys cannot be switched off
        for statement in ("COMMIT", "PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE"):
            connection.exec_driver_sql(statement)
        connection.execute(delete(jobs).where(jobs.c.id == ground.job(WIDE)))
        for statement in ("COMMIT", "PRAGMA foreign_keys=ON"):
            connection.exec_driver_sql(statement)


def resume_state_left(ground: Ground) -> None:
    ground.write(insert(resume_states).values(job=ground.number(ALONE), epoch=3, bytes=b"1", sha256="0"))


def version_of_other_bytes(ground: Ground) -> None:
    mine = model_versions.c.job_id == ground.job(ALONE)
    ground.write(update(model_versions).where(mine).values(sha256="0" * 64))


def no_version(ground: Ground) -> None:
    ground.write(delete(model_versions).where(model_versions.c.job_id == ground.job(ALONE)))


SPOILT: dict[str, tuple[Callable[[Ground], None], str]] = {
    "an acknowledged job is gone": (lambda g: g.write(delete(jobs).where(jobs.c.id == g.job(ALONE))), "made no job"),
    "a request was done twice": (second_job, "was done 2 times"),
    "a job has not ended": (column(ALONE, status="running"), "has not ended"),
    "a job failed": (column(ALONE, status="failed", error=FAILURE), "failed: {'code': 'internal'"),
    "an end was reported twice": (one_more_event("end"), "has ended 2 times"),
    "a job went on after its end": (one_more_event("epoch"), "went on after its end"),
    "an end reports something else": (column(ALONE, epoch=11), "its end was reported as"),
    "an attempt came late": (first_event("status", attempt=3), "attempt 3 came after 0"),
    "a state came out of order": (one_more_event("status", status="queued"), "became queued when it was succeeded"),
    "a cancel was not obeyed": (last_claim(requested="cancel"), "was requested to cancel and became succeeded"),
    "a pause was not obeyed": (last_claim(requested="pause"), "was requested to pause and became succeeded"),
    "the last state reported is another": (column(ALONE, attempt=2), "but is succeeded in 2"),
    "an epoch is missing": (epoch_gone, "1 of its epochs 0 to 12 are missing"),
    "an epoch is there twice": (epoch_twice, "epoch 1000 is stored 2 times"),
    "there is an epoch too many": (one_epoch_more, "holds epoch 13, though it says it got to 12"),
    "a job succeeded early": (more_epochs_wanted, "of 13 ep"),
    "an old epoch was reported late": (one_more_event("epoch", epoch=0), "somebody else wrote"),
    "an epoch was reported with another hash": (first_event("epoch", sha256="0" * 64), "which is not what is stored"),
    "a parameter's bit turned": (bytes_turned, "are not those its SHA-256 names"),
    "parameters are gone": (gone(parameters, WIDE, first_epoch=0), "parameters of epoch 0 are gone"),
    "an epoch's row is wrong": (epoch_changed(WIDE, 1, parameters_stored=True), "epoch 1 says True of"),
    "a version holds other bytes": (version_of_other_bytes, "its model version holds other bytes"),
    "a version is missing": (no_version, "has made 0 model versions"),
    "a state is left": (resume_state_left, "still holds a state to go on from"),
    "a hash differs": (epoch_changed(ALONE, 4, sha256=np.zeros(32, dtype=np.uint8)), "epoch 4: sha256 is 000000"),
    "a loss differs": (epoch_changed(ALONE, 4, training_loss=1.0), "epoch 4: training_loss is 1.0"),
    "the best is another": (column(ALONE, best_epoch=3), "best_epoch is 3, undisturbed 8"),
    "layers differ": (changed(layer_diagnostics, ALONE, {"epoch": 4}, layers=[]), "measured of the layers at epoch 4"),
    "rows have no job": (no_owner, "belong to no job"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_spoilt_is_seen(ground: Ground, what: str) -> None:
    spoil, words = SPOILT[what]
    spoil(ground)
    report = ground.report()
    assert any(words in str(violation) for violation in report.violations), report.violations


def a_blob(ground: Ground) -> Path:
    return next(path for path in sorted(ground.services.blobs.root.glob("??/*")))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "is pointed to and is gone"),
        (lambda path: path.write_bytes(b"other"), "holds other bytes than its address says"),
        (lambda path: (path.parent / "left").write_bytes(b""), "nothing points to it"),
    ],
)
def test_blobs_are_looked_at(ground: Ground, spoil: Callable[[Path], Any], words: str) -> None:
    spoil(a_blob(ground))
    assert any(words in str(violation) for violation in ground.report().violations)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": 500, "detail": "oh"}, "was answered 500: oh"),
        ({"state": "failed"}, "was failed in an answer, and is succeeded"),
        ({"epoch": 13}, "at epoch 13 in an answer, and is in 1 at 12"),
        ({"attempt": 2}, "was in attempt 2"),
        ({"job": "job_never"}, "is gone"),
        ({"path": "/v1/jobs/job_1:cancel", "status": 202}, "its cancel was answered 202, and it is succeeded"),
    ],
)
def test_the_log_is_held_against_it(ground: Ground, change: dict[str, Any], words: str) -> None:
    last = next(entry for entry in reversed(ground.entries) if entry.job == ground.job(ALONE))
    ground.entries = (*ground.entries, replace(last, **change))
    assert any(words in str(violation) for violation in ground.report().violations)


def test_a_failure_may_be_meant(ground: Ground) -> None:
    column(ALONE, status="failed", error={**FAILURE, "code": "diverged"})(ground)
    found = [
        str(violation) for violation in examine(ground.services, (), References(), frozenset({"diverged"})).violations
    ]
    assert found and not any("failed: " in words for words in found)


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    entries = [Entry(1.5, "GET", "/", None, 200), Entry(2.0, "POST", "/v1/jobs", "k", None, detail="broken")]
    log = Log(tmp_path / "log.jsonl")
    for entry in entries:
        log.add(entry)
    assert list(read_log(tmp_path / "log.jsonl")) == entries == list(log.entries)
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[1])["status"] is None


def test_a_client_asks_again_with_the_same_key_until_it_is_answered() -> None:
    answers: list[Any] = [None, (503, {"detail": "away"}), (409, {"detail": "under way"}), (202, job())]
    keys = []

    def send(method: str, path: str, body: Any, headers: Any) -> Any:
        keys.append(headers["Idempotency-Key"])
        answer = answers.pop(0)
        if answer is None:
            raise NoAnswer("broken")
        return answer

    log = Log()
    assert Client(send, log).submit({"dataset": "xor"}, "key") == "job_1"
    assert keys == ["key"] * 4 and [entry.status for entry in log.entries] == [None, 503, 409, 202]


def job() -> dict[str, Any]:
    return {"object": "job", "id": "job_1", "status": "queued", "attempt": 0, "progress": {"epoch": 0}}
