"""Operations of the API as views declare them: parameters, bodies, answers, and what follows from them."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from service.access.principal import Scope
from service.api.answer_headers import Header
from service.datasets.media_types import JSON


@dataclass(frozen=True)
class Query:
    """One parameter of the query, with its JSON schema. A name that ends in `*` matches all names with that prefix."""

    name: str
    schema: dict[str, Any]
    description: str = ""
    required: bool = False
    example: Any = None

    @property
    def is_single(self) -> bool:
        """Whether it is a number or one of a few words, of which a second one would be ignored."""
        return "enum" in self.schema or self.schema.get("type") in ("boolean", "integer", "number")


@dataclass(frozen=True)
class Example:
    """A body that the document shows; a test sends each and expects an answer below 300.

    `body` is what JSON holds, the text of another media type, or the fields of a form by name.
    """

    body: Any
    summary: str = "An example"
    media_type: str = JSON


@dataclass(frozen=True)
class Route:
    """One operation of the API."""

    method: str
    path: str
    operation: str
    summary: str
    tag: str
    body: type[BaseModel] | None
    body_optional: bool
    files: tuple[str, ...]
    query: tuple[Query, ...]
    headers: tuple[Query, ...]
    examples: tuple[Example, ...]
    answers: dict[int, Any]
    sends: tuple[Header, ...]
    problems: tuple[int, ...]
    creates: bool
    scope: Scope | None
    is_open: bool  # to everybody, so no key is looked at
    is_published: bool = True  # in the OpenAPI document

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of its answers that are no errors; none where these have no body."""
        described = [answer for status, answer in self.answers.items() if status < 300 and answer is not None]
        return tuple(dict.fromkeys(kind for answer in described for kind in _kinds(answer)))

    @property
    def has_etag(self) -> bool:
        """Whether its answers carry an `ETag` and it honours `If-None-Match`."""
        return self.method == "GET" and bool(self.media_types)

    @property
    def varies(self) -> str:
        """The headers that choose between its answers, besides those that all operations have."""
        return ", ".join((["Accept"] if len(self.media_types) > 1 else []) + (["Prefer"] if self.waits else []))

    @property
    def has_no_fields(self) -> bool:
        """Whether it reads no body, though it could; clients of the Open Inference Protocol may send any."""
        return self.method != "GET" and self.body is None and not self.files and not self.path.startswith("/v2")

    @property
    def waits(self) -> bool:
        """Whether its answer may be held until what it is about has ended."""
        return WAIT in self.query

    @property
    def changes(self) -> bool:
        """Whether it changes what is stored; explanations and predictions are POSTs that do not."""
        makes = self.creates or self.method == "DELETE"
        return self.method != "GET" and (self.scope in (Scope.TRAIN, Scope.ADMIN) or (makes and self.scope is not None))


def _kinds(answer: Any) -> tuple[str, ...]:
    """Return the media types of an answer, as `Routes.route` takes it."""
    if isinstance(answer, dict):
        return tuple(answer)
    model, *others = answer if isinstance(answer, tuple) else (answer,)
    return (JSON, *others) if model is not None else tuple(others)


TEXT: dict[str, Any] = {"type": "string"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}  # of a parameter that may be given several times
BOOLEAN: dict[str, Any] = {"type": "boolean", "default": False}  # `?full` alone is true, and so is `?full=1`
PAGE = (
    Query("limit", {"type": "integer", "minimum": 1, "default": 50}, "more than 1000 is taken as 1000"),
    Query("after", TEXT, "the `last_id` of the page before, or as the `Link` of that page has it"),
)
WAIT = Query("wait", {"type": "number", "minimum": 0}, "seconds to wait for the job to end or pause, at most 60")
DRY_RUN = Query("dry_run", BOOLEAN, "check everything and answer with the job; nothing is stored, whatever the key")
