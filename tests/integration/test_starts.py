"""Starts of real processes: names and port 0, a part that cannot start, and logs that hold no secret."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import redis

from service.ops.supervisor import MOST_QUICK_ENDS, Part, Running
from tests.conftest import POSTGRESQL_IS_LONG, Backends
from tests.integration.service import Service
from tests.waiting import wait_until

SECRET = "geheim"  # marks what no log may hold
ROWS = {"name": "rows", "columns": ["a", f"{SECRET}-column", "kind"], "types": {"a": "number"}}
ROWS |= {"rows": [[n, n * 7 % 5, f"{SECRET}-{'even' if n % 2 else 'odd'}"] for n in range(20)]}


def test_a_name_as_host_port_0_and_lines_of_json(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", BACKPROP_LOG_FORMAT="json", BACKPROP_LOG_LEVEL="INFO", BACKPROP_WORKERS="1")
    service.environment |= {"BACKPROP_HOST": "localhost", "BACKPROP_PORT": "0", "BACKPROP_API_PROCESSES": "1"}
    with service.log.open("wb") as log:
        command = [sys.executable, "-m", "service.ops.cli", "serve"]
        service.process = subprocess.Popen(command, env=service.environment, stdout=log, stderr=log)
    try:
        wait_until(
            lambda: "http://localhost:" in service.log.read_text(), seconds=60, what="the address of the service"
        )
        said = next(line for line in lines_of(service) if "http://localhost:" in line["message"])
        service.address = said["message"].partition(",")[0]
        assert not service.address.endswith(":0")
        wait_until(service.is_ready, seconds=60, what=f"a service that is ready, see {service.log}")
        job = service.post(
            "/v1/jobs", {"dataset": {"inputs": [[0], [1]], "targets": [0, 1]}, "training": {"epochs": 2}}
        )
        service.get(f"/v1/jobs/{job['id']}?wait=30")
        assert service.send("GET", "/v1/jobs/%0d%0aINFO%1b%5b2K%e2%80%ae")[0] == 404
    finally:
        assert service.stop() == 0
    lines = lines_of(service)  # each is one object
    assert {"backprop", "workers.run.run", "service.requests"} <= {line["logger"] for line in lines}
    attempt = [line for line in lines if line.get("job_id") == job["id"]]
    assert {line["attempt"] for line in attempt} == {1} and attempt[-1]["message"] == "succeeded"
    requests = [line for line in lines if line["logger"] == "service.requests"]
    assert all(line["request_id"] and line["milliseconds"] >= 0 for line in requests)
    assert requests[-1]["path"] == "/v1/jobs/\\r\\nINFO\\x1b[2K\\u202e" and requests[-1]["status"] == 404


def lines_of(service: Service) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.log.read_text().splitlines()]


@POSTGRESQL_IS_LONG
def test_no_log_holds_a_row_a_parameter_a_header_or_a_password(backends: Backends) -> None:
    form = "text" if backends.database_url.startswith("sqlite") else "json"
    url = backends.database_url.replace("postgres@", f"postgres:{SECRET}@")
    with redis.Redis.from_url(backends.queue_url) as server:
        server.config_set("requirepass", SECRET)
        try:
            queue = backends.queue_url.replace("redis://", f"redis://:{SECRET}@")
            service = Service(
                backends.data_dir,
                BACKPROP_DATABASE_URL=url,
                BACKPROP_QUEUE_URL=queue,
                BACKPROP_LOG_LEVEL="debug",
                BACKPROP_LOG_FORMAT=form,
                BACKPROP_WORKERS="1",
                BACKPROP_API_PROCESSES="1",
            )
            with service:
                use(service)
        finally:
            server.execute_command("AUTH", SECRET)
            server.config_set("requirepass", "")
    text = service.log.read_text()
    assert "service.requests" in text and "succeeded" in text
    assert SECRET not in text and "0.7612" not in text


def use(service: Service) -> None:
    """Send rows, parameters, faults and headers that hold marked secrets, and train on them."""
    assert service.send("POST", "/v1/datasets", ROWS)[0] == 201
    body = {"dataset": "rows", "training": {"epochs": 2}, "metadata": {"note": SECRET}, "model": "m"}
    job = service.post("/v1/jobs", body)
    ended = service.get(f"/v1/jobs/{job['id']}?wait=60")
    assert ended["status"] == "succeeded", ended
    service.post("/v1/models/m:predict", {"instances": [[1, 2]]})
    for method, path, body in (
        ("POST", "/v1/datasets", {"name": SECRET + "/", "inputs": [[SECRET]]}),
        ("POST", "/v1/datasets", {"inputs": [[0.7612], [1, 2]], "targets": [SECRET]}),
        ("POST", "/v1/jobs", {"dataset": SECRET, "training": {SECRET: 0.7612}}),
        ("POST", "/v1/models/m:predict", {"instances": [[SECRET, 0.7612]]}),
        ("PUT", "/v1/networks/n", {"layers": [{"type": SECRET}]}),
        ("GET", f"/v1/jobs?after={SECRET}", None),
    ):
        assert 400 <= service.send(method, path, body)[0] < 500
    named = {"Authorization": f"Bearer bp_{SECRET}", "Cookie": f"session={SECRET}"}
    asked = urllib.request.Request(f"{service.address}/v1/jobs?key={SECRET}", headers=named)
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(asked, timeout=30) as answer:
        answer.read()


def test_a_part_that_cannot_start_is_given_up_with_the_reason(tmp_path: Path) -> None:
    kinds = {"raise SystemExit(3)": MOST_QUICK_ENDS, "raise SystemExit(2)": 1}
    for code, times in kinds.items():
        state = Running()
        part = Part("API", [sys.executable, "-c", code], dict(os.environ))
        part.start()
        while (failure := ended(part, state)) is None:
            assert part.quick_ends < MOST_QUICK_ENDS
        assert failure.startswith(f"the API cannot start: {times} time(s) in a row") and "exit code" in failure


def ended(part: Part, state: Running) -> str | None:
    assert part.process is not None
    part.process.wait()
    return part.check(state.over)


def test_a_part_that_is_killed_and_the_queue_server_are_started_again(tmp_path: Path) -> None:
    state = Running()
    killed = Part("API", [sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ))
    queue = Part("queue server", [sys.executable, "-c", "raise SystemExit(1)"], dict(os.environ), is_needed=False)
    for part in (killed, queue):
        part.start()
    for _ in range(MOST_QUICK_ENDS + 1):
        assert killed.process is not None
        os.kill(killed.process.pid, signal.SIGKILL)
        killed.pause = queue.pause = 0.01
        assert ended(killed, state) is None and ended(queue, state) is None
    killed.stop()
    queue.stop()


def test_serve_gives_up_when_a_part_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers cannot start with kernels that are not installed; numba and scipy are hidden from them."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['numba'] = None\n")
    service = Service(tmp_path / "data", BACKPROP_KERNELS="numba", BACKPROP_API_PROCESSES="1", PYTHONPATH=str(hidden))
    command = [sys.executable, "-m", "service.ops.cli", "serve"]
    found = subprocess.run(
        command, env=service.environment, capture_output=True, text=True, timeout=120, cwd=os.getcwd()
    )
    assert found.returncode == 2, found.stderr
    assert "pip install numba" in found.stderr and "Traceback" not in found.stderr
    assert found.stderr.splitlines()[-1].startswith("backprop serve: the workers cannot start: 1 time(s) in a row")
