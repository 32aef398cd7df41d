"""The answer models of keys, shared jobs, sessions and the record of changes, and how they are filled."""

from datetime import datetime
from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.access.keys import MadeKey
from service.definitions.base import answer_model
from service.store.audit import AuditRecord
from service.store.keys import KeyRecord

Secret = Annotated[str, Field(description="the key itself, in this answer alone: it is stored nowhere")]


@answer_model
class KeyAnswer(TypedDict):
    """A key, without its text; restrictions that are null do not restrict."""

    id: str
    object: Literal["key"]
    tenant: str
    name: str | None
    scopes: list[str]
    models: Annotated[list[str] | None, Field(description="the only models that it may use")]
    origins: Annotated[list[str] | None, Field(description="of the only pages that may send it")]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="to about half a minute")]
    replaces: Annotated[str | None, Field(description="the id of the key in whose place it was made")]
    key: NotRequired[Secret]


@answer_model
class ShareAnswer(TypedDict):
    """A token that reads one job."""

    id: str
    object: Literal["share"]
    job: str
    name: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    token: NotRequired[Secret]


@answer_model
class SessionAnswer(TypedDict):
    """Who is signed in; `csrf_token` goes into the header `X-CSRF-Token` of every request that changes something."""

    object: Literal["session"]
    key: Annotated[str | None, Field(description="the id of the key; null where no key is asked for")]
    tenant: str
    scopes: list[str]
    job: Annotated[str | None, Field(description="the only job that may be read, of a token that shares one")]
    csrf_token: Annotated[str | None, Field(description="null where no session is needed")]


@answer_model
class ChangeAnswer(TypedDict):
    """One change: when, by which key, and what it was done to."""

    id: int
    object: Literal["change"]
    at: datetime
    tenant: str
    key: Annotated[str | None, Field(description="the id; null for the command line, and where no key was asked for")]
    action: Annotated[str, Field(description="the operation's id in the OpenAPI document, or the command")]
    resource: str
    request_id: str | None


def describe_key(record: KeyRecord) -> KeyAnswer:
    """Describe a key as clients read it."""
    return {
        "id": record.id,
        "object": "key",
        "tenant": record.tenant_name,
        "name": record.name,
        "scopes": list(record.scopes),
        "models": None if record.models is None else list(record.models),
        "origins": None if record.origins is None else list(record.origins),
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
        "last_used_at": record.last_used_at,
        "replaces": record.replaces,
    }


def describe_made(made: MadeKey) -> KeyAnswer:
    """Describe a new key, with its text."""
    return {**describe_key(made.record), "key": made.token.text}


def describe_share(record: KeyRecord) -> ShareAnswer:
    """Describe a token that shares a job as clients read it."""
    return {
        "id": record.id,
        "object": "share",
        "job": record.job or "",
        "name": record.name,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
        "last_used_at": record.last_used_at,
    }


def describe_change(record: AuditRecord) -> ChangeAnswer:
    """Describe a change as clients read it."""
    return {
        "id": record.number,
        "object": "change",
        "at": record.at,
        "tenant": record.tenant_name,
        "key": record.key,
        "action": record.action,
        "resource": record.resource,
        "request_id": record.request,
    }
