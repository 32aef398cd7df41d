"""A small application behind the checks of browsers, which opens no database, and what tests ask of it."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, redirect, request
from flask.testing import FlaskClient

from service.api import browsers, errors
from service.config import Settings
from service.errors import NotFound

FRIEND = "https://shop.example"
KEYED_FRIEND = "https://class.example"
BASE = Settings(auth="off", cors_origins=FRIEND)
FOREIGN = {"Origin": "http://evil.example"}
CROSS = {"Sec-Fetch-Site": "cross-site"}
NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def client_of(settings: Settings, keys: bool = False) -> FlaskClient:
    """A small application behind the checks: it counts nothing and stores nothing."""
    app = Flask("small", static_folder=None)
    errors.register(app)
    browsers.register(app, settings, lambda: keys, lambda origin: origin == KEYED_FRIEND)

    @app.route("/x", methods=["GET", "POST", "PUT", "DELETE"])
    def x() -> dict[str, Any]:
        return {"peer": request.remote_addr, "url": request.url, "cookies": dict(request.cookies)}

    @app.get("/healthz")
    def healthz() -> str:
        return "alive"

    @app.get("/page")
    def page() -> Response:
        policy = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "no-store"}
        return Response("<p>", mimetype="text/html", headers=policy)

    @app.get("/stream")
    def stream() -> Response:
        return Response(iter([b"data: 1\n\n"]), mimetype="text/event-stream")

    @app.get("/missing")
    def missing() -> Response:
        raise NotFound("nothing")

    @app.get("/bug")
    def bug() -> Response:
        raise ZeroDivisionError

    @app.get("/a/x")
    @app.get("/evil.example/x")
    def deep() -> str:
        return "deep"

    @app.get("/elsewhere")
    def elsewhere() -> Any:
        return redirect(request.args["to"])

    return app.test_client()


def status(client: FlaskClient, method: str, headers: Mapping[str, str], path: str = "/x") -> int:
    return client.open(path, method=method, headers=dict(headers)).status_code


def preflight(client: FlaskClient, origin: str, path: str = "/x") -> Any:
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-any"}
    return client.options(path, headers=headers)
