"""What the page of a tag shows of each of its operations."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from service.api.documentation.commands import command
from service.api.documentation.fields import Field, fields_of, parameters_of
from service.api.documentation.writer import HEADERS, Writer, code


@dataclass(frozen=True)
class Body:
    """A form of a request's body."""

    media_types: tuple[str, ...]
    type: Markup
    fields: list[Field]


@dataclass(frozen=True)
class Example:
    """A request as a command."""

    summary: str
    command: str


@dataclass(frozen=True)
class Answer:
    """An answer by its status; `content` has the media types and the type of each."""

    status: str
    text: Markup
    content: list[tuple[str, Markup]]
    headers: list[Markup]


@dataclass(frozen=True)
class Operation:
    """An operation, in the order in which it is read."""

    id: str
    method: str
    path: Markup
    summary: Markup
    text: Markup
    scope: str | None  # None where any valid key will do
    is_open: bool
    parameters: list[Field]
    body_is_required: bool
    bodies: list[Body]
    examples: list[Example]
    answers: list[Answer]
    problems: list[Answer]
    leads_to: list[Markup]


def operations_of(tag: str, writer: Writer) -> list[Operation]:
    """Return the operations of a tag, in the order of the document."""
    return [
        _operation(method, path, described, writer)
        for path, methods in writer.document["paths"].items()
        for method, described in methods.items()
        if tag in described["tags"]
    ]


def _operation(method: str, path: str, described: Mapping[str, Any], writer: Writer) -> Operation:
    body = described.get("requestBody", {})
    answers = [_answer(status, answer, writer) for status, answer in described["responses"].items()]
    scopes = [scope for scheme in described["security"] for named in scheme.values() for scope in named]
    return Operation(
        id=described["operationId"],
        method=method.upper(),
        path=writer.path(path),
        summary=writer.text(described["summary"]),
        text=writer.paragraphs(described.get("description", "")),
        scope=scopes[0] if scopes else None,
        is_open=not described["security"],
        parameters=parameters_of(described, writer),
        body_is_required=body.get("required", False),
        bodies=list(_bodies(described["operationId"], body.get("content", {}), writer)),
        examples=list(_examples(method.upper(), path, described, writer)),
        answers=[answer for answer in answers if answer.status < "400"],
        problems=[answer for answer in answers if answer.status >= "400"],
        leads_to=_leads_to(described["responses"].values(), writer),
    )


def _bodies(operation: str, content: Mapping[str, Any], writer: Writer) -> Iterator[Body]:
    """Yield the forms of a body: each that has fields, and files of all other media types together."""
    files = tuple(kind for kind, media in content.items() if media["schema"].get("format") == "binary")
    for kind, media in content.items():
        if kind in files:
            continue
        schema = writer.resolved(media["schema"])
        prefix = f"{operation}-{kind.partition('/')[2]}-"
        yield Body((kind,), writer.type(media["schema"]), fields_of(schema, writer, prefix))
    if files:
        yield Body(files, Markup("bytes"), [])


def _examples(method: str, path: str, described: Mapping[str, Any], writer: Writer) -> Iterator[Example]:
    """Yield the examples of the bodies, and one without a body where it may be left out."""
    parameters = [writer.resolved(each) for each in described["parameters"]]
    body = described.get("requestBody", {})
    content = body.get("content", {})
    if not body.get("required", False):
        yield Example("Without a body" if content else "", command(method, path, parameters, None, None))
    for kind, media in content.items():
        for example in media.get("examples", {}).values():
            yield Example(example["summary"], command(method, path, parameters, kind, example["value"]))


def _answer(status: str, node: Mapping[str, Any], writer: Writer) -> Answer:
    answer = writer.resolved(node)
    content = [
        (kind, writer.type(media["schema"]) if "schema" in media else Markup(""))
        for kind, media in answer.get("content", {}).items()
    ]
    headers = [_header(name, header, writer) for name, header in answer.get("headers", {}).items()]
    return Answer(status, writer.text(answer["description"]), content, headers)


def _header(name: str, header: Mapping[str, Any], writer: Writer) -> Markup:
    """Return a link to a header of many answers, or what one of this answer alone means."""
    if header.get("$ref", "").startswith(HEADERS):
        return writer.header(name)
    return Markup("{}: {}").format(code(name), writer.text(header.get("description", "")))


def _leads_to(answers: Iterable[Mapping[str, Any]], writer: Writer) -> list[Markup]:
    """Return links to the operations that take what is in an answer."""
    names = dict.fromkeys(name for answer in map(writer.resolved, answers) for name in answer.get("links", {}))
    return [writer.operation(name) for name in names]
