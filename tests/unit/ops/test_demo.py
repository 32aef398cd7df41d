"""The demo finds its example data, in a checkout and in an installed wheel."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import service
from service.errors import Misconfigured, ServiceError
from service.ops import demo


@pytest.mark.parametrize("name", ["digits.csv", "iris.csv"])
def test_examples_are_found_next_to_the_package(name: str) -> None:
    assert demo._example(name) == Path(service.__file__).parents[1] / "examples" / name


def test_examples_are_found_within_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = tmp_path / "service" / "examples"
    examples.mkdir(parents=True)
    (examples / "digits.csv").write_text("a,b")
    monkeypatch.setattr(service, "__file__", str(tmp_path / "service" / "__init__.py"))
    assert demo._example("digits.csv") == examples / "digits.csv"


def test_a_missing_example_is_an_error_of_the_installation() -> None:
    with pytest.raises(Misconfigured, match=r"nothing\.csv is not installed"):
        demo._example("nothing.csv")


class Refuses(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401 if self.path == "/keys" else 507)
        self.end_headers()
        self.wfile.write(b"no space")

    def log_message(self, *_: object) -> None:
        """Nothing is written to the output of the tests."""


def test_what_the_service_refuses_is_told_in_a_sentence() -> None:
    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = demo.Client(f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(ServiceError, match="keys are asked for here"):
            client.send("GET", "/keys")
        with pytest.raises(ServiceError, match="GET /v1/jobs is answered with 507: no space"):
            client.send("GET", "/v1/jobs")
        server.shutdown()
