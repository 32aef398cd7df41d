"""Pages of documents that hold markup and odd names, the types and limits they show, and the commands for curl."""

import json
import re
import shlex
from typing import Any

import pytest

from service.api.documentation.commands import command
from service.api.documentation.fields import fields_of
from service.api.documentation.pages import Pages
from service.api.documentation.writer import Writer

EVIL = '<script>alert("1")</script>&"\'`<b>x</b>`{{ 7 * 7 }}'
SCHEMA: dict[str, Any] = {
    "description": EVIL,
    "type": "object",
    "required": [EVIL],
    "properties": {EVIL: {"enum": [EVIL], "default": EVIL, "description": EVIL, "pattern": EVIL}},
}
OPERATION: dict[str, Any] = {
    "operationId": EVIL,
    "summary": EVIL,
    "description": EVIL,
    "tags": [EVIL],
    "parameters": [{"name": EVIL, "in": "query", "schema": {"const": EVIL}, "description": EVIL, "example": EVIL}],
    "requestBody": {
        "content": {
            EVIL: {"schema": {"$ref": f"#/components/schemas/{EVIL.replace('/', '~')}"}},
            "application/json": {
                "schema": {"type": "object"},
                "examples": {EVIL: {"summary": EVIL, "value": {EVIL: EVIL}}},
            },
        }
    },
    "responses": {"200": {"description": EVIL, "headers": {EVIL: {"description": EVIL}}, "content": {EVIL: {}}}},
    "security": [{"key": [EVIL]}],
}
DOCUMENT: dict[str, Any] = {
    "info": {"title": EVIL, "version": EVIL, "summary": EVIL, "description": EVIL},
    "servers": [{"url": EVIL, "description": EVIL}],
    "tags": [{"name": EVIL, "description": EVIL}],
    "paths": {EVIL: {"post": OPERATION}},
    "components": {
        "schemas": {EVIL.replace("/", "~"): SCHEMA},
        "headers": {EVIL: {"description": EVIL}},
        "securitySchemes": {EVIL: {"description": EVIL}},
    },
}
SMALL: dict[str, Any] = {
    "paths": {
        "/v1/jobs": {"get": {"operationId": "list_jobs", "tags": ["jobs"]}},
    },
    "components": {"schemas": {"Job": {"type": "object"}}},
}


@pytest.fixture
def writer() -> Writer:
    return Writer(SMALL, "../")


def test_everything_that_a_document_says_is_escaped() -> None:
    pages = Pages(lambda: DOCUMENT)
    name = EVIL.replace("/", "~")
    for text in (pages.index(""), pages.tag(EVIL, "../"), pages.schemas("../"), pages.schema(name, "../../")):
        assert "<script" not in text and "<b>" not in text and "alert(&#34;1&#34;)" in text
        assert "{{ 7 * 7 }}" in text and ">49<" not in text
        for attribute in re.findall(r'(?:id|href|aria-label|aria-labelledby)="([^"]*)"', text):
            assert "<" not in attribute and ">" not in attribute


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"type": "string", "format": "binary"}, "bytes"),
        ({"$ref": "#/components/schemas/Job"}, '<a href="../docs/schemas/Job"><code>Job</code></a>'),
        ({"const": "a"}, "<code>&#34;a&#34;</code>"),
        ({"enum": [1, "b"]}, "<code>1</code> | <code>&#34;b&#34;</code>"),
        ({"type": ["integer", "null"]}, "integer or null"),
        ({"type": "array", "items": {"type": "number"}}, "array of number"),
        ({"type": "array", "items": {"anyOf": [{"type": "null"}, {"type": "number"}]}}, "array of (number or null)"),
        ({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}, {"type": "string"}]},
         "string or array of string or null"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object, values: integer"),
        ({"type": "object", "additionalProperties": False}, "object"),
        ({}, "any value"),
    ],
)  # fmt: skip
def test_types(writer: Writer, schema: dict[str, Any], shown: str) -> None:
    assert writer.type(schema) == shown


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"minimum": 0, "exclusiveMaximum": 1}, "at least 0, below 1"),
        ({"exclusiveMinimum": 1e-9, "maximum": 1000000}, "above 1e-09, at most 1,000,000"),
        ({"minLength": 1, "maxLength": 255}, "1 to 255 characters"),
        ({"minItems": 1}, "at least 1 item"),
        ({"maxItems": 1}, "at most 1 item"),
        ({"minItems": 2, "maxItems": 2}, "2 items"),
        ({"type": "array", "items": {"minimum": 0}}, "each at least 0"),
        ({"anyOf": [{"minimum": 0}, {"type": "null"}, {"minimum": 0}]}, "at least 0"),
        ({"pattern": "^a$"}, "matches <code>^a$</code>"),
        ({}, ""),
    ],
)
def test_limits(writer: Writer, schema: dict[str, Any], shown: str) -> None:
    [field] = fields_of({"properties": {"x": schema}}, writer)
    assert field.limits == shown


def test_what_is_required_is_said_of_bodies_and_what_may_be_absent_of_answers(writer: Writer) -> None:
    schema = {"required": ["a"], "properties": {"a": {"default": None}, "b": {"default": 0.5}}}
    assert [field.mark for field in fields_of(schema, writer)] == ["required", ""]
    assert [field.mark for field in fields_of(schema, writer, is_sent=False)] == ["", "may be absent"]
    assert [field.default for field in fields_of(schema, writer)] == ["<code>null</code>", "<code>0.5</code>"]


def test_code_in_texts_is_linked_where_it_names_something(writer: Writer) -> None:
    assert writer.text("`GET /v1/jobs` and `x<y`") == (
        '<a href="../docs/jobs#list_jobs"><code>GET /v1/jobs</code></a> and <code>x&lt;y</code>'
    )
    assert writer.text("`/problems/validation`") == (
        '<a href="../problems/validation"><code>/problems/validation</code></a>'
    )
    assert writer.text("a `Job` and one ` alone") == (
        'a <a href="../docs/schemas/Job"><code>Job</code></a> and one ` alone'
    )
    assert writer.paragraphs("a\nb\n\nc") == "<p>a\nb</p>\n<p>c</p>"
    assert writer.path("/v1/jobs/{id}:cancel") == "/v1/jobs/<var>{id}</var>:cancel"


PARAMETERS = [
    {"name": "id", "in": "path", "example": "job_1"},
    {"name": "layer", "in": "query", "required": True, "example": 0},
    {"name": "points", "in": "query", "required": False, "example": 5},
]


def words(*arguments: Any) -> list[str]:
    """The words of a command, as a shell reads them."""
    return shlex.split(command(*arguments).replace("\\\n", ""))


def test_commands_are_read_by_a_shell_as_what_is_sent() -> None:
    path = "/v1/jobs/{id}/slope"
    assert words("GET", path, PARAMETERS, None, None) == ["curl", "-sS", "localhost:8000/v1/jobs/job_1/slope?layer=0"]
    assert words("DELETE", "/x", [], None, None) == ["curl", "-sS", "-X", "DELETE", "localhost:8000/x"]
    assert words("POST", "/x", [], None, None) == ["curl", "-sS", "-X", "POST", "localhost:8000/x"]
    assert (
        command("POST", "/x" * 40, [], "application/json", {}) == f"curl -sS localhost:8000{'/x' * 40} \\\n  -d '{{}}'"
    )
    for body in ({"it's": '"$HOME"`id`'}, {"a": list(range(50)), "b": {"c": "d\n"}}, [1, 2], "text"):
        sent = words("POST", "/x", [], "application/json", body)
        assert sent[:4] == ["curl", "-sS", "localhost:8000/x", "-d"] and json.loads(sent[4]) == body
    assert words("PUT", "/x", [], "text/csv", "a,b\n1,2\n")[2:] == [
        *("-X", "PUT", "localhost:8000/x", "-H", "Content-Type: text/csv", "--data-binary", "a,b\n1,2\n")
    ]
    assert words("POST", "/x", [], "multipart/form-data", {"file": "a\n1\n", "target": ["a", "b"]})[3:] == [
        *("-F", 'file="a\n1\n";filename=table.csv', "-F", "target=a", "-F", "target=b")
    ]
