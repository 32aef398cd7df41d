"""`backprop train`, `watch`, `predict`, `jobs` and `logs` against a service, as scripts and people use them."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest

from backprop_client import Client
from backprop_client.types import Event, Job
from service.ops.client.live import Live
from service.ops.client.options import name_of
from tests.clients.scripted import Reply, scripted
from tests.integration import commands
from tests.integration.commands import Ended
from tests.integration.service import Service

ROOT = Path(__file__).parents[2]
IRIS = ROOT / "examples" / "iris.csv"
FOREVER = ("--epochs", "10000000")


@pytest.fixture(scope="module")
def address(service: Service) -> str:
    return service.address


@pytest.fixture
def nothing_runs(client: Client) -> Iterator[None]:
    yield
    for status in ("queued", "running", "paused"):
        for job in client.jobs.list(status=cast(Any, status)):
            client.jobs.wait(client.jobs.cancel(job["id"]), check=False)


def backprop(*arguments: object, url: str, **settings: str) -> Ended:
    return commands.backprop(*arguments, BACKPROP_URL=url, **settings)


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_file_is_trained_on_watched_and_predicted(address: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("petal_width,petal_length,sepal_width,sepal_length\n1.8,5.1,3.0,5.9\n")
    options = ["--epochs", 60, "--hidden", "8", "--activation", "relu", "--learning-rate", 0.05, "--seed", 3]
    trained = backprop("train", IRIS, *options, url=address)
    assert trained.code == 0, trained.errors
    assert "epoch 60 of 60: training loss 0." in trained.output and "model iris, version" in trained.output
    assert "\x1b" not in trained.output and "\r" not in trained.output
    assert trained.errors == "dataset iris, version 1: 150 rows\n"
    assert backprop("predict", "iris", rows, url=address).output.splitlines()[1].startswith("virginica,")
    assert lines(backprop("predict", "iris", rows, "--json", url=address).output)[0]["labels"] == ["virginica"]
    written = backprop("predict", "iris", rows, "--epoch", "last", "--output", tmp_path / "out.csv", url=address)
    assert written == Ended(0, "", "") and "virginica" in (tmp_path / "out.csv").read_text()


def test_the_request_is_what_file_options_and_fields_say_together(address: str, client: Client, tmp_path: Path) -> None:
    config = tmp_path / "job.json"
    config.write_text('{"metadata": {"team": "c"}, "training": {"epochs": 9, "batch_size": 10, "optimizer": "adam"}}')
    fields = [
        "--set",
        "training.validation=null",
        "--set",
        "training.optimizer.learning_rate=0.25",
        "--set",
        "priority=5",
    ]
    given = ["--config", config, "--epochs", 2, "--optimizer", "rmsprop", *fields, "--model", "other"]
    queued = backprop("train", IRIS, "--name", "again", "--drop", "sepal_width", *given, "--detach", url=address)
    job = client.jobs.wait(queued.output.strip())
    training = job["training"]
    assert (training["epochs"], training["batch_size"], training["validation"]) == (2, 10, None)
    assert (training["optimizer"]["type"], training["optimizer"]["learning_rate"]) == ("rmsprop", 0.25)
    assert (job["model"]["name"], job["priority"], job["metadata"]) == ("other", 5, {"team": "c"})
    assert (job["dataset"], job["network"]["inputs"]) == ("again", 3)
    kept = backprop("train", "--dataset", "again", "--learning-rate", 0.5, "--epochs", 1, "--detach", url=address)
    assert client.jobs.wait(kept.output.strip())["training"]["optimizer"]["momentum"] == 0.9


def test_json_is_all_that_is_printed(address: str, client: Client) -> None:
    trained = backprop("train", IRIS, "--epochs", 3, "--json", url=address)
    *events, job = lines(trained.output)
    assert {event["object"] for event in events} == {"event"} and events[-1]["type"] == "end"
    assert job["object"] == "job" and job["status"] == "succeeded"
    assert lines(backprop("watch", job["id"], "--json", url=address).output)[-1]["id"] == job["id"]
    assert [event["id"] for event in lines(backprop("logs", job["id"], "--json", url=address).output)] == [
        event["id"] for event in events
    ]
    listed = lines(backprop("jobs", "--json", "--limit", 2, url=address).output)
    assert len(listed) == 2 and listed[0]["id"] == job["id"]
    assert lines(backprop("train", IRIS, "--epochs", 1, "--detach", "--json", url=address).output)[0]["object"] == "job"


def test_jobs_and_logs_are_tables_of_text(address: str, client: Client) -> None:
    job = client.jobs.wait(client.jobs.create({"inputs": [[0], [1]], "targets": [0, 1]}, metadata={"team": "d"}))
    table = backprop("jobs", "--metadata", "team=d", url=address).output.splitlines()
    assert (
        table[0].startswith("job ")
        and table[0].endswith("created (UTC)")
        and table[1].startswith(f"{job['id']}  succeeded  ")
        and len(table) == 2
    )
    followed = backprop("logs", "-f", job["id"], url=address).output
    assert followed == backprop("logs", job["id"], url=address).output
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  epoch 0  training_loss=", followed, re.MULTILINE)
    assert followed.endswith("  end  succeeded\n")


@pytest.mark.usefixtures("nothing_runs")
def test_the_exit_code_is_the_outcome(address: str, client: Client) -> None:
    limit = ["--set", "training.time_limit_seconds=0.01", *FOREVER]
    failed = backprop("train", IRIS, *limit, url=address)
    assert failed.code == 1 and "(time_limit)" in failed.errors
    queued = backprop("train", IRIS, *FOREVER, "--detach", url=address)
    client.jobs.cancel(queued.output.strip())
    assert backprop("watch", queued.output.strip(), url=address).code == 3


def test_what_is_refused_is_named_by_its_place(address: str, tmp_path: Path) -> None:
    refused = backprop("train", IRIS, "--set", "training.epocs=1", "--batch-size", -1, url=address)
    assert refused.code == 2 and refused.output == ""
    assert "backprop train: #/training/epocs: `epocs` is not known; did you mean `epochs`?" in refused.errors
    assert "backprop train: #/training/batch_size: must be" in refused.errors
    faulty = tmp_path / "faulty.csv"
    faulty.write_text("a,b\n" + "1,2\n" * 20 + "no idea,3\n")
    errors = backprop("train", faulty, url=address).errors
    assert "row 21, column a" in errors and "is given as --read 'missing=no idea'" in errors
    unknown = backprop("watch", "job_x", "--json", url=address)
    assert unknown == Ended(2, "", "backprop watch: there is no job `job_x`\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train"], "name what to train on: a FILE, --dataset NAME"),
        (["train", "nope.csv"], "nope.csv: No such file"),
        (["train", str(IRIS), "--dataset", "iris"], "two sources"),
        (["train", "-"], "--name"),
        (["train", str(IRIS), "--set", "epochs"], "--set training.epochs=10; got 'epochs'"),
        (["train", str(IRIS), "--hidden", "a"], "--hidden must be whole numbers such as 16,8, got 'a'"),
        (["train", str(IRIS), "--hidden", "3", "--network", "n"], "give one of them"),
        (["train", str(IRIS), "--activation", "relu"], "--activation goes with --hidden"),
        (["train", str(IRIS), "--config", "nope.json"], "--config nope.json cannot be read"),
        (["jobs", "--metadata", "team"], "--metadata needs a name and a value, as in --metadata team=a; got 'team'"),
        (["jobs", "--limit", "0"], "must be at least 1, got 0"),
        (["jobs", "--status", "done"], "invalid choice: 'done'"),
    ],
)
def test_a_mistake_is_a_line_that_names_the_way_out(address: str, arguments: list[str], said: str) -> None:
    ended = backprop(*arguments, url=address)
    assert ended.code == 2 and said in ended.errors and len(ended.errors.splitlines()) <= 2


def test_a_service_that_does_not_answer_is_named() -> None:
    ended = backprop("jobs", url="http://127.0.0.1:1")
    assert ended.code == 4 and "no answer from http://127.0.0.1:1" in ended.errors and "BACKPROP_URL" in ended.errors
    assert backprop("jobs", url="127.0.0.1:8000").code == 2


def test_a_key_that_is_missing_or_wrong_is_said_in_the_words_of_the_command() -> None:
    refusal = Reply(
        401, b'{"type": "/problems/unauthenticated", "status": 401, "detail": "in the header Authorization"}'
    )
    with scripted(Reply(body=b'{"status": "ok"}'), refusal) as server:
        ended = backprop("jobs", url=server.url, BACKPROP_KEY="bp_wrong")
    assert ended.code == 2 and "set BACKPROP_KEY to a key" in ended.errors and "bp_wrong" not in ended.errors


def test_standard_input_is_predicted(address: str, client: Client) -> None:
    client.datasets.upload(IRIS, name="flowers")
    client.jobs.wait(client.jobs.create("flowers", model="flowers", training={"epochs": 20}))
    script = f"cat {IRIS} | {sys.executable} -m service.ops.cli predict flowers -"
    environment = {**os.environ, "BACKPROP_URL": address}
    ended = subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert len(ended.stdout.splitlines()) == 151 and ended.stderr == ""


def test_settings_of_a_service_do_not_count_and_those_of_clients_are_none_of_its(address: str, tmp_path: Path) -> None:
    assert backprop("jobs", url=address, BACKPROP_PORT="many", BACKPROP_NO_SUCH="1").code == 0
    assert backprop("migrate", url=address, BACKPROP_KEY="bp_x", BACKPROP_DATA_DIR=str(tmp_path)).code == 0


def process(address: str, *arguments: str, output: Any = subprocess.PIPE) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "service.ops.cli", *arguments]
    environment = {**os.environ, "BACKPROP_URL": address, "TERM": "xterm", "COLUMNS": "90", "LINES": "40"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.PIPE, text=True)


@pytest.mark.usefixtures("nothing_runs")
def test_control_c_leaves_the_job_running_and_says_how_to_go_on(address: str, client: Client) -> None:
    with process(address, "train", str(IRIS), *FOREVER) as running:
        assert running.stdout is not None
        assert any("epoch " in line for line in running.stdout)
        running.send_signal(signal.SIGINT)
        errors = running.communicate(timeout=30)[1]
    found = re.search(r"(job_\w+) goes on; `backprop watch \1` shows it again", errors)
    assert running.returncode == 130 and found, errors
    assert client.jobs.get(found[1])["status"] == "running"


def test_a_pipe_that_is_closed_ends_a_command_quietly(address: str, client: Client) -> None:
    script = f"{sys.executable} -m service.ops.cli jobs --json --limit 1000 | head -c 1"
    environment = {**os.environ, "BACKPROP_URL": address}
    ended = subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.stdout == "{" and ended.stderr == ""


def test_the_loss_is_drawn_in_place_in_a_terminal(address: str) -> None:
    leader, follower = pty.openpty()
    with process(address, "train", str(IRIS), "--epochs", "400", output=follower) as running:
        os.close(follower)
        drawn = b"".join(iter(lambda: _read(leader), b"")).decode()
        running.communicate(timeout=60)
    os.close(leader)
    assert running.returncode == 0
    assert "loss, logarithmic: * training, o validation" in drawn
    assert (
        re.search(r"\x1b\[\d+A", drawn)
        and f"[{'#' * 60}]\x1b[K" in drawn
        and "\nepoch 400 of 400: training loss" in drawn
    )


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # the other side is closed
        return b""


def epoch(number: int, loss: float | None) -> Event:
    data = {"epoch": number, "training_loss": loss, "validation_loss": None}
    data["metrics"] = cast(Any, {"training": {"mae": loss}, "validation": {}})
    return cast(Event, {"type": "epoch", "data": data})


class Terminal(StringIO):
    """A terminal that keeps what it was sent."""

    def isatty(self) -> bool:
        return True


def shown(output: StringIO, epochs: int) -> str:
    job = {"id": "job_1", "status": "running", "progress": {"epochs": epochs}}
    live = Live(cast(Job, job), output)
    for number in range(epochs + 1):
        live.show(epoch(number, 1.0 / (1 + number)))
    live.show(cast(Event, {"type": "warning", "data": {"epoch": 3, "detail": "look"}}))
    live.show(epoch(epochs, None))
    live.end()
    return output.getvalue()


def test_a_file_has_lines_and_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(StringIO(), 50)
    assert "\x1b" not in text and "\r" not in text
    assert text.splitlines() == [
        "epoch 0 of 50: training loss 1, training mae 1",
        "warning, epoch 3: look",
        "epoch 50 of 50: training loss undefined, training mae undefined",
    ]
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown(Terminal(), 50)


def test_a_drawing_of_many_epochs_stays_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "30")
    text = shown(Terminal(), 3000)
    plain = re.sub(r"\x1b\[\d*[AK]|\r", "", text)
    assert max(map(len, plain.splitlines())) < 60
    assert "warning, epoch 3: look" in plain and "epoch 3000 of 3000: training loss undefined" in plain


@pytest.mark.parametrize("columns", [1, 5, 12, 30, 39, 45, 60])
def test_no_line_of_a_drawing_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "30")
    live = Live(cast(Job, {"id": "job_1", "status": "running", "progress": {"epochs": 3}}), output := Terminal())
    live.set_past([cast(Any, epoch(number, 1.0 / (1 + number)))["data"] for number in range(4)])
    live.end()
    drawn = re.sub(r"\x1b\[\d*[AKJ]|\r", "", output.getvalue()).splitlines()
    assert max(map(len, drawn)) < columns
    assert len(drawn) == (13 if columns >= 39 else 2)


def test_a_line_that_stays_takes_the_place_of_the_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "30")
    live = Live(cast(Job, {"id": "job_1", "status": "running", "progress": {"epochs": 3}}), output := Terminal())
    live.show(epoch(0, 1.0))
    live.show(cast(Event, {"type": "status", "data": {"status": "running", "requested": "pause"}}))
    assert output.getvalue().endswith("\r\x1b[2A\x1b[Jjob_1 running, pause requested\n")
    live.show(cast(Event, {"type": "warning", "data": {"epoch": 0, "detail": "look"}}))
    assert output.getvalue().endswith("requested\nwarning, epoch 0: look\n")


@pytest.mark.parametrize(
    ("file", "name"),
    [("Iris.csv", "iris"), ("a b (1).csv.gz", "a-b-1"), ("x" * 80 + ".csv", "x" * 64), ("Straße.csv", "stra-e")],
)
def test_a_dataset_is_called_like_its_file(file: str, name: str) -> None:
    assert name_of(Path(file)) == name
