"""clients/javascript/backprop.js in Node and in Chromium, against a service with keys, and behind a lossy proxy."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import quote

import pytest

from service.api.schemas import ColumnAnswer
from service.estimates.answers import EstimateAnswer
from service.jobs.answers import EpochAnswer, JobAnswer
from service.models.answers import PredictAnswer
from tests.clients.programs import CLIENT, TYPESCRIPT, node, npm_package
from tests.integration.lossy_proxy import lossy_proxy
from tests.integration.other_sites import chromium, opened
from tests.integration.service import Service
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests" / "clients"
IRIS = (ROOT / "examples" / "iris.csv").read_text()
SECONDS = 120


class Site(ThreadingHTTPServer):
    """A site with the files of this folder, on a name of its own; `reports` has what its page came to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), partial(Files, directory=str(ROOT)))
        self.origin = f"http://app.example:{self.server_port}"
        self.reports: dict[str, str] = {}


class Files(SimpleHTTPRequestHandler):
    server: Site

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        report = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.reports[self.path.removeprefix("/report?")] = report
        self.send_response(204)
        self.end_headers()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Service]:
    """A service that lets the site's pages in."""
    data = tmp_path_factory.mktemp("javascript") / "data"
    settings = {"BACKPROP_CORS_ORIGINS": site.origin, "BACKPROP_WORKERS": "1", "BACKPROP_API_PROCESSES": "1"}
    with Service(data, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def given(service: Service) -> dict[str, str]:
    """What the tours are given; from here on the service asks for the key."""
    key = service.post("/v1/keys", {"name": "tour", "scopes": ["read", "predict", "train"]})["key"]
    return {"url": service.address, "key": key, "csv": IRIS}


def run(given: dict[str, str], *program: str, url: str | None = None) -> str:
    """Run a program in Node, with what is given as JSON on its standard input and in its environment."""
    environment = {**os.environ, "BACKPROP_URL": url or given["url"], "BACKPROP_KEY": given["key"]}
    ended = subprocess.run(
        [node(), *program],
        cwd=ROOT,
        input=json.dumps(given),
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return ended.stdout


def test_the_tour_in_node(given: dict[str, str]) -> None:
    assert run(given, str(CLIENTS / "javascript_in_node.mjs")).strip() == "done"


def test_the_tour_and_the_example_in_chromium(given: dict[str, str], site: Site, tmp_path: Path) -> None:
    page = f"{site.origin}/tests/clients/javascript_on_page.html?given={quote(json.dumps(given))}"
    with opened(chromium(), tmp_path, page) as process:
        wait_until(lambda: len(site.reports) == 2 or process.poll() is not None, SECONDS, "the reports of the page")
    assert site.reports["tour"] == "done"
    progress, *predicted = site.reports["example"].splitlines()
    assert re.fullmatch(r"150 rows, epoch 500: loss \d.*", progress)
    shares = {name: float(share) for name, share in (line.split(": ") for line in predicted)}
    assert set(shares) == {"setosa", "versicolor", "virginica"} and shares["setosa"] > 0.9


def test_the_program_of_the_page_runs(given: dict[str, str]) -> None:
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"<!-- node:.*?-->\n```js\n(.*?)```", page, re.DOTALL)
    printed = run(given, "--input-type=module", "--eval", program).splitlines()
    assert printed[0] == "150 rows of sepal_length,sepal_width,petal_length,petal_width,species"
    assert printed[-2:] == ["succeeded", "[ 'virginica' ]"]


def test_lost_answers_refusals_and_cut_streams_lose_and_repeat_nothing(service: Service, given: dict[str, str]) -> None:
    before = {job["id"] for job in listed(given, "/v1/jobs")}
    with lossy_proxy(service.port) as proxy:
        seen = json.loads(run(given, str(CLIENTS / "javascript_losses.mjs"), url=proxy.address))
    assert (seen["status"], seen["labels"]) == ("succeeded", [1])
    assert {job["id"] for job in listed(given, "/v1/jobs")} - before == {seen["job"]}
    assert seen["events"] == [event["id"] for event in listed(given, f"/v1/jobs/{seen['job']}/events")]
    assert seen["epochs"] == list(range(8001))
    assert proxy.fates["cut"] >= 3 and min(proxy.fates["lost"], proxy.fates["refused"]) >= 10, proxy.fates


def listed(given: dict[str, str], path: str) -> list[dict[str, Any]]:
    """Read one page of a list, by Node's own `fetch`."""
    script = (
        "const { url, key } = JSON.parse(fs.readFileSync(0));"
        "const headers = { Authorization: `Bearer ${key}` };"
        f"fetch(url + '{path}?limit=1000', {{ headers }}).then(async (answer) => console.log(await answer.text()))"
    )
    found: list[dict[str, Any]] = json.loads(run(given, "-e", script))["data"]
    return found


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("Epoch", EpochAnswer),
        ("Job", JobAnswer),
        ("Estimate", EstimateAnswer),
        ("Column", ColumnAnswer),
        ("Predictions", PredictAnswer),
    ],
)
def test_the_described_fields_are_those_of_the_answers(name: str, answer: type) -> None:
    (described,) = re.findall(rf"@typedef {{object}} {name}\n(.*?)\*/", CLIENT.read_text(), re.DOTALL)
    fields = re.findall(r"@property {.*} (\w+)", described)
    assert fields and not set(fields) - set(get_type_hints(answer))


def test_the_types_are_accepted_by_the_strict_compiler() -> None:
    compiler = npm_package("typescript") / "bin" / "tsc"
    checked = [str(CLIENT), *map(str, CLIENTS.glob("javascript_*.mjs"))]
    flags = ["--noEmit", "--skipLibCheck", "--allowJs", "--checkJs", "--strict", "--lib", "es2022,dom,dom.iterable"]
    flags += ["--target", "es2022", "--module", "nodenext", "--typeRoots", str(npm_package("@types"))]
    ended = subprocess.run(
        [node(), str(compiler), *flags, *checked],
        cwd=TYPESCRIPT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stdout
