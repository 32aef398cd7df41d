"""Trained networks as files of other programs: `GET /v1/models/{name}/export?format=onnx`."""

from flask import Response, request

from service.api.answer_headers import FILE_NAME, Header
from service.api.context import model_cache
from service.api.formats import choice
from service.api.routes import Query, Routes
from service.api.trained_networks import EPOCH, VersionReference
from service.errors import Invalid
from service.export.formats import FORMATS, Format, left_out
from service.export.subject import ExportedNetwork

LARGE = 50 * 1024 * 1024  # bytes of parameters; of such networks one is exported at a time
LEFT_OUT = "Export-Leaves-Out"  # what a prediction needs and the file does not have

FORMAT = Query("format", {"enum": list(FORMATS)}, "of the file", required=True, example="onnx")
FILES = {each.media_type: {"schema": {"type": "string", "format": "binary"}} for each in FORMATS.values()}
SENDS = (FILE_NAME, Header(LEFT_OUT, "what a prediction needs and the file does not have"))

routes = Routes("exports", "Trained networks as files of other programs: ONNX, safetensors, NPZ, Keras, Python.")


@routes.route(
    "GET",
    "/v1/models/{name}/export",
    query=[FORMAT, EPOCH],
    answers={200: FILES},
    sends=SENDS,
    problems=(404, 409),
)
def export_model(name: str) -> Response:
    """Return the version of a model that its bare name means as a file of another program."""
    return _export(VersionReference(name))


@routes.route(
    "GET",
    "/v1/models/{name}/versions/{version}/export",
    query=[FORMAT, EPOCH],
    answers={200: FILES},
    sends=SENDS,
    problems=(404, 409),
)
def export_version(name: str, version: str) -> Response:
    """Return one version of a model as a file of another program."""
    return _export(VersionReference(name, version))


def _export(reference: VersionReference) -> Response:
    """Answer with the file; `owner` is no parameter here, as a tenant grants predictions and no parameters."""
    trained = reference.trained()
    wanted = _wanted()
    exported = ExportedNetwork(
        trained.name, trained.version, trained.epoch, trained.network, trained.preprocessing, "epoch" in request.args
    )
    response = _answer(wanted, exported)
    if (missing := left_out(wanted, exported)) is not None:
        response.headers[LEFT_OUT] = missing
    return response


def _answer(wanted: str, exported: ExportedNetwork) -> Response:
    format = FORMATS[wanted]
    if exported.network.vector.nbytes < LARGE:
        return _file(format, exported)
    with model_cache().one_large:
        return _file(format, exported)


def _file(format: Format, exported: ExportedNetwork) -> Response:
    response = Response(format.write(exported), mimetype=format.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{format.file_name(exported)}"'
    return response


def _wanted() -> str:
    name = choice("format", FORMATS)
    if name is None:
        raise Invalid.at("?format", f"is missing; give one of {', '.join(FORMATS)}")
    return name
