"""The resources that need few lines: networks, keys and webhooks."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from backprop_client.http import Transport, segment
from backprop_client.types import Delivery, Key, Network, Scope, Webhook


class Networks:
    """Definitions of networks, which never change."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, definition: Mapping[str, Any]) -> Network:
        """Store a definition: `{"name", "inputs", "layers": [...]}`, `{"hidden": [16]}`, or Keras's own JSON.

        The same content again is the one that is there; other content under its name raises `Conflict`.
        """
        return cast(Network, self._transport.send("POST", "/v1/networks", dict(definition), creates=True).json())

    def get(self, name: str) -> Network:
        """Return a definition with every default filled in."""
        return cast(Network, self._transport.send("GET", f"/v1/networks/{segment(name)}").json())

    def list(self, *, page_size: int = 50) -> Iterator[Network]:
        """Yield definitions, newest first."""
        return self._transport.pages("/v1/networks", {"limit": page_size})

    def delete(self, name: str) -> None:
        """Delete a definition; jobs keep copies of theirs."""
        self._transport.delete(f"/v1/networks/{segment(name)}")


class Keys:
    """Keys of the own tenant; all methods need a key with the scope `admin`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, scopes: list[Scope], *, name: str | None = None, expires: str | None = None, **fields: Any) -> Key:
        """Make a key; its text is `key` of this answer and is not shown again.

        Parameters
        ----------
        expires
            A duration (`"90d"`) or a time; by default never.
        **fields
            Further fields: `models`, `origins`.

        Notes
        -----
        The request is not repeated when its answer is lost: a key may then exist that nobody knows, which `list` shows.
        """
        body = {"scopes": scopes, "name": name, "expires": expires, **fields}
        given = {field: value for field, value in body.items() if value is not None}
        return cast(Key, self._transport.send("POST", "/v1/keys", given, repeats=False).json())

    def list(self, *, page_size: int = 50) -> Iterator[Key]:
        """Yield the keys, without their texts."""
        return self._transport.pages("/v1/keys", {"limit": page_size})

    def rotate(self, id: str, *, overlap: str = "1d") -> Key:
        """Make a key that replaces another, which goes on for `overlap`."""
        path = f"/v1/keys/{segment(id)}:rotate"
        return cast(Key, self._transport.send("POST", path, {"overlap": overlap}, repeats=False).json())

    def revoke(self, id: str) -> None:
        """End a key now."""
        self._transport.delete(f"/v1/keys/{segment(id)}")


class Webhooks:
    """Addresses that the service sends events to, signed as Standard Webhooks says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, url: str, events: list[str], **fields: Any) -> Webhook:
        """Register an address for events such as `job.succeeded`; the answer has the secret that signs."""
        body = {"url": url, "events": events, **fields}
        return cast(Webhook, self._transport.send("POST", "/v1/webhooks", body, creates=True).json())

    def get(self, id: str) -> Webhook:
        """Return a webhook, and whether it is disabled and why."""
        return cast(Webhook, self._transport.send("GET", _webhook(id)).json())

    def list(self, *, page_size: int = 50) -> Iterator[Webhook]:
        """Yield the webhooks, newest first."""
        return self._transport.pages("/v1/webhooks", {"limit": page_size})

    def change(self, id: str, **fields: Any) -> Webhook:
        """Change `url` or `events`, or disable and enable it by `enabled`; what is left out stays."""
        return cast(Webhook, self._transport.send("PATCH", _webhook(id), fields, creates=True).json())

    def rotate(self, id: str, *, overlap: str = "1d") -> Webhook:
        """Make another secret, which the answer has; for `overlap` deliveries are signed with both."""
        path = f"{_webhook(id)}:rotate"
        return cast(Webhook, self._transport.send("POST", path, {"overlap": overlap}, creates=True).json())

    def test(self, id: str) -> Delivery:
        """Send a test event to a webhook now, and return its delivery."""
        return cast(Delivery, self._transport.send("POST", f"{_webhook(id)}:test", creates=True).json())

    def deliveries(self, id: str, *, status: str | None = None, page_size: int = 50) -> Iterator[Delivery]:
        """Yield what was sent to a webhook and what came back, newest first."""
        return self._transport.pages(f"{_webhook(id)}/deliveries", {"status": status, "limit": page_size})

    def resend(self, id: str, delivery: str) -> Delivery:
        """Send a delivery again, under its id."""
        path = f"{_webhook(id)}/deliveries/{segment(delivery)}:resend"
        return cast(Delivery, self._transport.send("POST", path, creates=True).json())

    def delete(self, id: str) -> None:
        """Delete a webhook."""
        self._transport.delete(_webhook(id))


def _webhook(id: str) -> str:
    return f"/v1/webhooks/{segment(id)}"
