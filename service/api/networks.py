"""`/v1/networks`: definitions of networks, and their JSON for Keras."""

from collections.abc import Mapping
from typing import cast

from flask import Response

from service.access.principal import Scope
from service.api.answer_headers import LOCATION
from service.api.answers import answer, page, record_page
from service.api.bodies import read_model
from service.api.context import services
from service.api.examples import NETWORK
from service.api.formats import choice
from service.api.routes import PAGE, Example, Query, Routes
from service.api.schemas import ListAnswer, NetworkAnswer, NetworkInEitherFormat
from service.datasets import catalog
from service.definitions.keras import write_sequential
from service.definitions.network import NetworkRequest, describe
from service.store import networks
from service.store.records import NetworkRecord

routes = Routes("networks", "Definitions of networks, without parameters; a job has a copy of its own.")
FORMATS = ("json", "keras")


def describe_record(record: NetworkRecord) -> NetworkAnswer:
    """Describe a network as clients read it."""
    head = {"name": record.name, "object": "network", "created_at": record.created_at}
    return cast(NetworkAnswer, {**head, **describe(record.definition)})


@routes.route(
    "POST",
    "/v1/networks",
    body=NetworkRequest,
    examples=[
        Example(NETWORK, "Layer by layer"),
        Example({"hidden": [16, 8], "activation": "relu"}, "Hidden layers; the output fits each job's targets"),
    ],
    answers={200: NetworkAnswer, 201: NetworkAnswer},
    sends=(LOCATION,),
    problems=(409,),
    creates=True,
    scope=Scope.TRAIN,
)
def create_network() -> Response:
    """Store a network."""
    body = read_model(NetworkRequest, services().settings.max_json_bytes)
    with body.pointing():
        record, is_new = catalog.store_network(services(), body.name, body.definition())
    return answer(describe_record(record), 201 if is_new else 200, {"Location": f"/v1/networks/{record.name}"})


@routes.route("GET", "/v1/networks", query=PAGE, answers={200: ListAnswer[NetworkAnswer]}, problems=(404,))
def list_networks() -> Response:
    """List the networks, newest first."""
    with services().database.read() as connection:
        found = networks.list_networks(connection, page("network"))
    return record_page(found, [describe_record(record) for record in found.data], "network", lambda record: record.name)


@routes.route(
    "GET",
    "/v1/networks/{name}",
    query=[Query("format", {"enum": list(FORMATS)}, "keras: JSON that Keras's `model_from_json` takes")],
    answers={200: NetworkInEitherFormat},
    problems=(404,),
)
def get_network(name: str) -> Response:
    """Return a network; with `?format=keras` as Keras's JSON."""
    wanted = choice("format", FORMATS) or "json"
    with services().database.read() as connection:
        record = networks.get_network(connection, name)
    body: Mapping[str, object] = describe_record(record)
    if wanted == "keras":
        body = write_sequential(record.name, record.definition)
    return answer(body)


@routes.route("DELETE", "/v1/networks/{name}", answers={204: None}, problems=(404,), scope=Scope.TRAIN)
def delete_network(name: str) -> Response:
    """Delete a network; jobs have copies of their own."""
    services().ending(lambda connection: networks.delete_network(connection, name))
    return Response(status=204)
