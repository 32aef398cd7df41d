"""A database and a data folder of commit c315006, with jobs in every state, are migrated, read the same and go on.

`tests/data/c315006/README.md` says how they were made and what is in them.
"""

import json
import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from flask.testing import FlaskClient
from sqlalchemy import text

import migrations
from service.backprop.training.fingerprint import fingerprint
from service.services import Services
from service.store.database import Database
from service.store.migrate import migrate
from tests.conftest import POSTGRESQL_IS_LONG, Backends
from tests.data.c315006.reading import Answers, Ask, compute_everything, read_everything
from tests.integration.old_database import contents, difference, opened
from tests.integration.published import PublishedDocument
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

FIXTURE = Path(__file__).parents[1] / "data" / "c315006" / "fixture.tar.xz"
OLD_REVISION = "0006"
TOLERANCE = 1e-5  # of what another machine computes in float32
ENDED = ("succeeded", "failed", "cancelled")
# fields of answers that are new or have another form, by the beginning of their paths
ADDED = {"/v1/datasets/": ("read", "warnings"), "/v1/models/": ("example",)}
COLUMNS = ("sha256", "training_loss", "validation_loss", "metrics", "learning_rate")


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture's files in a folder: `expected.json`, and a data folder for each of the databases."""
    folder = tmp_path_factory.mktemp("c315006")
    with tarfile.open(FIXTURE) as archive:
        for member in archive:
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            stream = archive.extractfile(member)
            assert stream is not None
            target.write_bytes(stream.read())
    return folder


@pytest.fixture
def backends(empty_backends: Backends, unpacked: Path) -> Backends:
    """A database and a data folder as the old code left them."""
    shutil.copytree(unpacked / database_of(empty_backends), empty_backends.data_dir, dirs_exist_ok=True)
    dump = empty_backends.data_dir / "postgresql.sql"
    if dump.exists():
        with psycopg.connect(empty_backends.database_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(dump.read_bytes())
        dump.unlink()
    return empty_backends


@pytest.fixture
def service(service: Services) -> Services:
    """The new code on that database, once it is migrated."""
    migrate(service.database)
    return service


@pytest.fixture
def expected(backends: Backends, unpacked: Path) -> dict[str, Any]:
    """What the old code answered, and what it computed where nothing interrupted it."""
    read = json.loads((unpacked / "expected.json").read_text())
    return {**read, **read[database_of(backends)]}


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    def send(method: str, path: str, body: Any) -> tuple[int, bytes]:
        answer = client.open(path, method=method, json=body)
        return answer.status_code, answer.data

    return send


def database_of(backends: Backends) -> str:
    return "sqlite" if backends.database_url.startswith("sqlite") else "postgresql"


def test_everything_reads_as_before(ask: Ask, expected: dict[str, Any]) -> None:
    found = read_everything(ask)
    assert found.keys() == expected["answers"].keys()
    assert difference(comparable(found), comparable(expected["answers"])) is None


def test_what_was_stored_before_is_answered_as_published(client: FlaskClient, expected: dict[str, Any]) -> None:
    published = PublishedDocument(client.get("/openapi.json").json)
    for path in expected["answers"]:
        operation = published.operation_of("GET", path.partition("?")[0])
        assert operation is not None, path
        published.check(operation, client.get(path))


def test_stored_parameters_are_computed_with_as_before(ask: Ask, expected: dict[str, Any]) -> None:
    found = compute_everything(ask, expected["answers"])
    assert found.keys() == expected["computed"].keys()
    assert difference(found, expected["computed"], TOLERANCE) is None


def test_a_key_still_stands_for_the_request_it_was_sent_with(
    client: FlaskClient, service: Services, backends: Backends, expected: dict[str, Any]
) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}" + ("" if database_of(backends) == "sqlite" else "+00")
    with opened(backends) as connection:  # a key is remembered for a day
        assert connection.execute(text("UPDATE idempotency SET created_at = :now"), {"now": now}).rowcount
    assert expected["with_key"]
    for request in expected["with_key"]:
        headers = {"Idempotency-Key": request["key"], "Content-Type": "application/json"}
        again = client.post(request["path"], data=request["body"], headers=headers)
        assert again.status_code < 300, again.text
        assert again.json == request["answer"]
        other = client.post(request["path"], json={"name": "another"}, headers=headers)
        assert other.status_code in (409, 422), other.text


def test_whatever_has_not_ended_goes_on_as_if_nothing_had_happened(
    client: FlaskClient, service: Services, ask: Ask, expected: dict[str, Any]
) -> None:
    before = expected["answers"]
    finish_all(client, service)
    ended = read_everything(ask)
    is_alike = fingerprint(service.settings.kernels) == expected["fingerprint"]
    for label, id in expected["jobs"].items():
        path = f"/v1/jobs/{id}"
        job = ended[path]["body"]
        if before[path]["body"]["status"] in ENDED:
            unchanged = {name: ended[name] for name in comparable(before) if name.startswith(path)}
            assert difference(unchanged, {name: before[name] for name in unchanged}) is None
        elif label == "running-cancelling":
            assert job["status"] == "cancelled"
            assert len(ended[f"{path}/epochs"]) == len(before[f"{path}/epochs"])
            check_stored(label, ended[f"{path}/epochs"], before[f"{path}/epochs"])
        elif label == "queued-wait" and not is_alike:
            assert job["status"] == "queued"
        elif job["replay"] is not None:
            assert job["status"] == "succeeded" and job["replay"]["identical"] in {True, is_alike}
        else:
            assert job["status"] == "succeeded", (label, job["error"])
            check_course(label, job, ended[f"{path}/epochs"], expected["undisturbed"][label], is_alike)
            if label != "queued-restart" or is_alike:
                check_stored(label, ended[f"{path}/epochs"], before[f"{path}/epochs"])


def test_the_old_schema_can_be_had_back(backends: Backends) -> None:
    with opened(backends) as connection:
        before = contents(connection)
    database = Database(backends.database_url)
    migrate(database)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["database"] = database
    command.downgrade(config, OLD_REVISION)
    database.dispose()
    with opened(backends) as connection:
        after = contents(connection)
    assert after.keys() == before.keys()
    for table, rows in before.items():
        assert after[table] == rows, table


def comparable(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers that did not change on purpose.

    `?points=` chooses other epochs now (see test_points.py), and epochs as CSV and JSON Lines, of which the record has
    the SHA-256 alone, have `true` for `True` and name what is not finite (see test_not_finite.py).
    """
    changed = ("points=", "epochs?format=")
    return {
        path: without_added(path, answer)
        for path, answer in answers.items()
        if not any(part in path for part in changed)
    }


def without_added(path: str, answer: Any) -> Any:
    """The answer without the fields that later releases added to it or gave another form.

    Of a list of jobs the ids remain: it shows summaries now, and the jobs themselves are compared too.
    """
    if path == "/v1/jobs":
        return [item["id"] if isinstance(item, dict) else item for item in answer]
    added = {name for prefix, names in ADDED.items() if path.startswith(prefix) for name in names}
    if not added or not isinstance(answer, dict) or not isinstance(answer.get("body"), dict):
        return answer
    return {**answer, "body": {name: value for name, value in answer["body"].items() if name not in added}}


def finish_all(client: FlaskClient, service: Services) -> None:
    """Run what waits and resume what is paused until neither is there."""
    while True:
        while run_next_job(service, "test", lambda: False):
            pass
        paused = client.get("/v1/jobs?status=paused&limit=1000").json["data"]
        if not paused:
            return
        for job in paused:
            assert client.post(f"/v1/jobs/{job['id']}:resume").status_code == 202


def check_course(label: str, job: Answers, epochs: list[Any], undisturbed: Answers, is_alike: bool) -> None:
    """Compare all epochs of a job that was interrupted with those of one that was not."""
    course = {column: [epoch[column] for epoch in epochs] for column in COLUMNS}
    if is_alike:
        ends = {name: job[name] for name in ("chain", "best_epoch", "stopped")}
        assert difference({**course, **ends}, undisturbed) is None, label
        return
    for column in ("training_loss", "validation_loss"):  # early stopping may choose another epoch
        count = min(len(course[column]), len(undisturbed[column]))
        assert difference(course[column][:count], undisturbed[column][:count], TOLERANCE) is None, label


def check_stored(label: str, epochs: list[Any], before: list[Any]) -> None:
    """The epochs from before the upgrade are the same, but for parameters that were thinned since."""
    for epoch, old in zip(epochs, before, strict=False):
        assert difference({**epoch, "parameters_stored": None}, {**old, "parameters_stored": None}) is None, label
