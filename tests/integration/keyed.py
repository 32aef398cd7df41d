"""Clients with keys, for tests of who may do what."""

from typing import Any

from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings

ADMIN = ("admin",)


class Keyed:
    """The application with keys of any scopes; `admin` is the operator's."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        self.client: FlaskClient = self.app.test_client()
        self.admin = self.client.post("/v1/keys", json={"scopes": ["admin"], "name": "operator"}).json["key"]

    def close(self) -> None:
        self.app.extensions["services"].database.dispose()

    def key(self, *scopes: str, by: str | None = None, **body: Any) -> str:
        """Return the text of a new key."""
        made = self.send("POST", "/v1/keys", by or self.admin, json={"scopes": list(scopes), **body})
        assert made.status_code == 201, made.text
        text: str = made.json["key"]
        return text

    def send(self, method: str, path: str, key: str | None, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """Send a request with a key, or without one."""
        sent = dict(headers or {}) if key is None else {"Authorization": f"Bearer {key}", **(headers or {})}
        return self.client.open(path, method=method, headers=sent, **more)
