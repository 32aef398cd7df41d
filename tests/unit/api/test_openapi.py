"""The OpenAPI document has the form that generators of clients and tools that follow links take."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from service.api import openapi
from service.app import RESOURCES

NAME = re.compile(r"[A-Za-z0-9._-]+")


@cache
def document() -> dict[str, Any]:
    return openapi.document([module.routes for module in RESOURCES])


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(inner)


def operations() -> list[dict[str, Any]]:
    return [each for methods in document()["paths"].values() for each in methods.values()]


def schemas() -> list[dict[str, Any]]:
    found = list(nodes(document()["components"]["schemas"]))
    assert len(found) > 1000  # otherwise a test of all of them would show nothing
    return found


def test_no_schema_has_a_title_or_a_default_that_is_no_plain_value() -> None:
    for schema in schemas():
        assert not isinstance(schema.get("title"), str), schema
        if "properties" not in schema:
            assert isinstance(schema.get("default", 0), bool | int | float | str), schema


def test_every_array_says_what_is_in_it() -> None:
    assert [schema for schema in schemas() if schema.get("type") == "array" and "items" not in schema] == []


def test_every_reference_leads_to_a_component() -> None:
    for kind, components in document()["components"].items():
        assert all(NAME.fullmatch(name) for name in components), kind
    for node in nodes(document()):
        if isinstance(node.get("$ref"), str):
            kind, name = node["$ref"].removeprefix("#/components/").split("/")
            assert name in document()["components"][kind], node


def test_operations_have_different_ids_and_links_lead_to_them() -> None:
    ids = [each["operationId"] for each in operations()]
    assert len(set(ids)) == len(ids)
    by_id = dict(zip(ids, operations(), strict=True))
    for link in document()["components"]["links"].values():
        named = {each["name"] for each in by_id[link["operationId"]]["parameters"] if each.get("in") == "path"}
        assert named == set(link["parameters"]), link


def test_every_command_of_a_job_is_linked_from_its_submission() -> None:
    links = document()["paths"]["/v1/jobs"]["post"]["responses"]["202"]["links"]
    assert {"get_job", "cancel_job", "pause_job", "resume_job", "step_job", "fork_job", "list_epochs"} <= links.keys()


def test_what_takes_fields_answers_a_whole_or_a_part_of_which_nothing_is_required() -> None:
    for operation in operations():
        if "fields" in {each.get("name") for each in operation["parameters"]}:
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            whole, part = (each["$ref"].rpartition("/")[2] for each in schema["anyOf"])
            assert part == re.sub("(List)?$", r"Part\1", whole, count=1), whole
    parts = {name: each for name, each in document()["components"]["schemas"].items() if name.endswith("Part")}
    assert len(parts) > 40 and not [name for name, each in parts.items() if "required" in each]


def test_answers_have_the_names_of_what_they_describe() -> None:
    names = document()["components"]["schemas"].keys()
    assert {"Job", "JobSummaryList", "Epoch", "EpochList", "Event", "EventList", "Model", "Dataset", "Problem"} <= names
    assert [name for name in names if name.startswith("ListAnswer")] == []


def test_metadata_are_filtered_by_parameters_that_begin_so() -> None:
    [found] = [each for each in document()["paths"]["/v1/jobs"]["get"]["parameters"] if each.get("name") == "metadata"]
    assert (found["style"], found["explode"]) == ("form", True)
    assert re.match(found["schema"]["propertyNames"]["pattern"], "metadata.team")


def test_validation_has_no_default_as_null_and_absent_differ() -> None:
    assert "default" not in document()["components"]["schemas"]["TrainingDefinition"]["properties"]["validation"]


def test_a_form_with_a_file_has_its_options_as_fields() -> None:
    body = document()["paths"]["/v1/datasets"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["required"] == ["file"]
    assert {"file", "name", "target", "delimiter"} <= body["properties"].keys()
    assert body["properties"]["target"]["type"] == "array"


def test_the_document_is_json_of_one_version() -> None:
    assert json.loads(json.dumps(document()))["openapi"] == "3.1.0"
