"""`POST /v1/models/{name}/versions` and `DELETE` of one: versions made by clients, of epochs, copies and parameters."""

import re
from contextlib import nullcontext
from functools import partial

from flask import Response, request

from service.access.principal import Scope
from service.api import freshness
from service.api.answer_headers import LOCATION
from service.api.answers import answer
from service.api.bodies import collect, is_unspecific, open_raw_body, read_model
from service.api.context import services
from service.api.examples import JOB_ID
from service.api.formats import choice
from service.api.idempotency import record_made
from service.api.routes import TEXT, Example, Query, Routes
from service.api.unpacking import first_bytes
from service.datasets.media_types import RAW
from service.definitions.base import NAME_PATTERN
from service.definitions.dataset_names import parse_reference
from service.definitions.decisions import Decision
from service.definitions.network import NetworkDefinition, NetworkRequest, check_network
from service.definitions.sentences import no_name
from service.definitions.versions import VersionRequest
from service.errors import Fault, Invalid, NotFound, UnknownMedia
from service.export.formats import FORMATS, READERS, format_of
from service.models import adding, sent_columns, sent_parameters, views
from service.models.adding import Extras, Sent
from service.models.answers import VersionAnswer
from service.models.given_weights import given_parameters
from service.models.references import wanted_version
from service.models.sent_columns import SentNetwork
from service.store import datasets, model_removal, networks
from service.store.database import Connection

routes = Routes("versions", "Versions of models: made from an epoch, copied, sent as parameters or files, and deleted.")
SAFETENSORS = FORMATS["safetensors"].media_type
NAMES = {"type": "array", "items": {"type": "string"}}
OF_PARAMETERS = ("dataset", "inputs", "classes")  # parameters of the query that go with `network`


@routes.route(
    "POST",
    "/v1/models/{name}/versions",
    body=VersionRequest,
    examples=[
        Example({"job": JOB_ID, "epoch": "best"}, "An epoch of a job"),
        Example({"version": 1, "keep_until": "1d"}, "A copy of a version, for a day"),
    ],
    files=(SAFETENSORS, *(FORMATS[kind].media_type for kind in READERS)),
    query=[
        Query("format", {"enum": list(READERS)}, "of a file of another program; without it `Content-Type` says it"),
        Query("network", TEXT, "a stored network's name; the body is then its parameters, as safetensors"),
        Query("dataset", TEXT, "with `network` or a file: whose columns and classes its inputs and outputs are"),
        Query("inputs", NAMES, "with `network` or a file, repeatable: the names of its inputs, in their order"),
        Query("classes", NAMES, "with `network` or a file, repeatable: what its outputs stand for; values if left out"),
    ],
    answers={201: VersionAnswer},
    sends=(LOCATION,),
    problems=(404, 409),
    creates=True,
    scope=Scope.TRAIN,
)
def create_version(name: str) -> Response:
    """Make a version of an epoch of a job, of another version, or of parameters; the model itself if there is none."""
    _check_name(name)
    record = partial(_record, name)
    if (kind := _file_kind()) is not None:
        version = adding.add_sent(services(), name, *_of_file(kind), record)
    elif "network" in request.args:
        version = adding.add_sent(services(), name, _sent(), Extras(), record)
    else:
        version = _of_request(name, _read_request(), record)
    freshness.announce()
    described = views.read_version(services(), name, str(version))
    return answer(described, 201, {"Location": f"/v1/models/{name}/versions/{version}"})


def _check_name(name: str) -> None:
    if not re.fullmatch(NAME_PATTERN.strip("^$"), name):
        raise Invalid.from_faults([Fault(f"the model's name {no_name(NAME_PATTERN, name)}")])


def _record(name: str, connection: Connection, version: int) -> None:
    record_made(connection, f"/v1/models/{name}/versions/{version}", 201)


def _read_request() -> VersionRequest:
    """Read the body as JSON; the error for another body says how a request declares its format."""
    try:
        return read_model(VersionRequest, services().settings.max_json_bytes)
    except UnknownMedia:
        _check_alone()
        raise UnknownMedia(
            "the body is not JSON: say `?format=onnx` or `?format=keras` for a file of another program, and "
            "`?network=NAME`, a stored network, for its parameters as safetensors",
            ("application/json", SAFETENSORS, *(FORMATS[kind].media_type for kind in READERS)),
        ) from None


def _of_request(name: str, body: VersionRequest, record: adding.RecordVersion) -> int:
    extras = Extras(body.decision, body.kept_until, "decision" in body.model_fields_set)
    if body.network is not None:
        return adding.add_sent(services(), name, _of_definition(body.network), extras, record)
    _check_alone()
    if body.job is not None:
        return adding.add_epoch(services(), name, body.job, str(body.epoch), extras, record)
    assert body.version is not None
    return adding.add_copy(services(), name, body.version, extras, record)


def _check_alone() -> None:
    """Raise `Invalid` for parameters of the query that say what a network's columns are, as no network is sent."""
    if wrong := next((parameter for parameter in OF_PARAMETERS if parameter in request.args), None):
        raise Invalid.at(f"?{wrong}", "goes with `network`, the name of a stored network, or with one that is sent")


def _of_definition(network: str | NetworkRequest) -> Sent:
    """Return a network whose definition, stored or sent, carries its parameters."""
    definition = _stored_network(network, "#/network") if isinstance(network, str) else network.definition()
    with nullcontext() if isinstance(network, str) else network.pointing("#/network"):
        check_network(definition, services().settings.max_parameters, "#/network")
        found = _columns_of_query(definition)
        parameters = given_parameters(found.definition, "#/network")
    return Sent(found.definition, "float32", parameters, found.preprocessing)


def _sent() -> Sent:
    """Read the body as the parameters of the network that the query names."""
    network = _columns_of_query(_stored_network(request.args["network"], "?network"))
    blocks = open_raw_body(SAFETENSORS, "network", (RAW,))
    data = collect(blocks, sent_parameters.most_bytes(network.definition))
    precision, parameters = sent_parameters.read_safetensors(data, network.definition)
    return Sent(network.definition, precision, parameters, network.preprocessing)


def _file_kind() -> str | None:
    """Return the format of a file of another program; None for other bodies.

    `?format=` says it, or `Content-Type`, or the first bytes where this says nothing.
    """
    by_type = next((each for each in READERS if FORMATS[each].media_type == request.mimetype), None)
    wanted = choice("format", READERS) or by_type
    if wanted is None and "network" not in request.args and is_unspecific(request.mimetype):
        return format_of(first_bytes())
    return wanted


def _of_file(kind: str) -> tuple[Sent, Extras]:
    """Read the body as a file of another program: a network with its parameters."""
    if "network" in request.args:
        raise Invalid.at("?network", f"goes with safetensors: a file of {kind} has its network in it")
    blocks = open_raw_body(FORMATS[kind].media_type, f"format={kind}", (RAW,))
    settings = services().settings
    found = READERS[kind](collect(blocks, settings.max_json_bytes), settings.max_parameters)
    if found.preprocessing is None:
        network = _columns_of_query(found.definition)
        preprocessing = found.rescaled(network.preprocessing)
        return Sent(network.definition, found.precision, found.parameters, preprocessing), Extras()
    if wrong := next((parameter for parameter in OF_PARAMETERS if parameter in request.args), None):
        raise Invalid.at(f"?{wrong}", "is what the file itself says; leave it out")
    threshold = found.preprocessing.decision
    extras = Extras(None if threshold is None else Decision(threshold=threshold))
    return Sent(found.definition.normalised(), found.precision, found.parameters, found.preprocessing), extras


def _stored_network(name: str, where: str) -> NetworkDefinition:
    with services().database.read() as connection:
        try:
            record = networks.get_network(connection, name)
        except NotFound as error:
            raise Invalid.at(where, error.detail) from None
    return NetworkDefinition.model_validate(record.definition)


def _columns_of_query(network: NetworkDefinition) -> SentNetwork:
    """Return the network with what the query says of its inputs and outputs."""
    names = request.args.getlist("inputs"), request.args.getlist("classes")
    with services().database.read() as connection:
        if "dataset" not in request.args:
            return sent_columns.named(network, *names)
        if any(names):
            raise Invalid.at("?dataset", "names the inputs and the classes itself: leave `inputs` and `classes` out")
        reference = parse_reference(request.args["dataset"])
        if reference is None:
            raise Invalid.at("?dataset", f"must be a dataset's name, got {request.args['dataset'][:40]!r}")
        try:
            table = datasets.get_dataset(connection, reference).table
        except NotFound as error:
            raise Invalid.at("?dataset", error.detail) from None
    return sent_columns.of_dataset(network, table, services().settings.max_parameters)


@routes.route(
    "DELETE", "/v1/models/{name}/versions/{version}", answers={204: None}, problems=(404, 409), scope=Scope.TRAIN
)
def delete_version(name: str, version: str) -> Response:
    """Delete a version, unless an alias points to it; its number is not given again."""
    wanted = wanted_version(version)
    services().ending(lambda connection: model_removal.delete_version(connection, name, wanted))
    freshness.announce()
    return Response(status=204)
