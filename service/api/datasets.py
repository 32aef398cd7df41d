"""`/v1/datasets`: JSON in memory, files streamed to disk."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
from flask import Response, request
from numpy.typing import NDArray
from werkzeug.datastructures import MultiDict

from service.access.principal import Scope
from service.api.answer_headers import LOCATION
from service.api.answers import answer, limit, listing, page, record_page, whole
from service.api.bodies import collect, open_body, recognise, spool
from service.api.column_fields import column_fields
from service.api.context import services
from service.api.dataset_json import read_request
from service.api.dataset_options import FIELDS, QUERY, options_of
from service.api.examples import IRIS, IRIS_CSV
from service.api.fields import FIELDS_QUERY, picked, wanted_fields
from service.api.routes import PAGE, TEXT, Example, Query, Routes
from service.api.schemas import ColumnAnswer, DatasetAnswer, DatasetSummaryAnswer, ListAnswer, ReadAnswer, RowAnswer
from service.api.unpacking import MULTIPART
from service.datasets import catalog
from service.datasets.media_types import CSV, FILE_TYPES, JSON, RAW
from service.datasets.options import MIB, Limits, in_body, limits_of
from service.datasets.readers import reader_of
from service.definitions.base import NAME_PATTERN
from service.definitions.columns import Column, ColumnType
from service.definitions.dataset_names import DatasetReference, parse_reference
from service.definitions.job_columns import TargetType
from service.definitions.requests import DatasetRequest
from service.definitions.sentences import no_name
from service.errors import Fault, Invalid, Malformed, escaped
from service.preprocessing.batches import open_rows
from service.preprocessing.dates import date_of
from service.store import datasets
from service.store.datasets import IfTaken
from service.store.records import DatasetRecord, DatasetSummary

routes = Routes(
    "datasets", "Rows to train, to measure and to predict on; other content under a name is its next version."
)
KINDS = (JSON, *FILE_TYPES)
FILES = (*FILE_TYPES, RAW, MULTIPART)  # `RAW`: the first bytes say what it is
EXAMPLES = (
    Example(IRIS, "A table, whose last column is to be predicted"),
    Example({"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}, "Rows of numbers"),
    Example(IRIS_CSV, "A CSV file", CSV),
    Example({"file": IRIS_CSV, "target": ["species"]}, "A form with a file", MULTIPART),
)
ANSWERS = {200: DatasetAnswer, 201: DatasetAnswer}


def describe(record: DatasetRecord) -> DatasetAnswer:
    """Describe a dataset as clients read it."""
    return {
        **describe_summary(record.summary),
        "columns": [_describe_column(column) for column in record.table.columns],
    }


def describe_summary(summary: DatasetSummary) -> DatasetSummaryAnswer:
    """Describe a dataset as lists have it."""
    return {
        "name": summary.name,
        "version": summary.version,
        "object": "dataset",
        "created_at": summary.created_at,
        "rows": summary.rows,
        "bytes": summary.bytes,
        "sha256": summary.sha256,
        "scale": summary.scale,
        "target_type": cast(TargetType | None, summary.target_type),
        "read": None if summary.read is None else cast(ReadAnswer, summary.read.to_dict()),
        "warnings": list(summary.warnings),
    }


def _describe_column(column: Column) -> ColumnAnswer:
    categories = None if column.categories is None else list(column.categories)
    return {**column_fields(column), "categories": categories}


@routes.route(
    "POST",
    "/v1/datasets",
    body=DatasetRequest,
    files=FILES,
    examples=EXAMPLES,
    query=(Query("name", TEXT, "what the dataset is called; made up when it is left out"), *QUERY),
    answers=ANSWERS,
    sends=(LOCATION,),
    problems=(409,),
    creates=True,
    scope=Scope.TRAIN,
)
def create_dataset() -> Response:
    """Store a dataset from JSON, a file (CSV, Parquet, Arrow, JSON Lines, NPZ) or a form with one, under a new name."""
    return _store(request.args.get("name"))


@routes.route(
    "PUT",
    "/v1/datasets/{name}",
    body=DatasetRequest,
    files=FILES,
    examples=EXAMPLES,
    query=QUERY,
    answers=ANSWERS,
    sends=(LOCATION,),
    problems=(409,),
    creates=True,
    scope=Scope.TRAIN,
)
def put_dataset(name: str) -> Response:
    """Store a dataset, or its next version (unless `If-None-Match: *` is sent); made for `curl -T`."""
    _check_name(name)
    if _if_taken() is IfTaken.REFUSE_ALWAYS:
        with services().database.read() as connection:
            datasets.check_free(connection, name)
    return _store(name)


def _if_taken() -> IfTaken:
    """Return what the request does when its name is taken by other content: PUT adds a version, POST is refused."""
    if request.method != "PUT":
        return IfTaken.REFUSE
    return IfTaken.REFUSE_ALWAYS if request.if_none_match.star_tag else IfTaken.ADD_VERSION


def _store(name: str | None) -> Response:
    settings = services().settings
    limits = limits_of(settings, settings.max_upload_bytes)
    if request.mimetype == MULTIPART:
        return _store_form(name, limits)
    kind, blocks = open_body(KINDS)
    return _store_body(kind, blocks, name, request.args, limits)


def _store_form(name: str | None, limits: Limits) -> Response:
    """Store the dataset in the `file` of a form, whose other fields are its options."""
    upload = request.files.get("file")
    if not request.files and not request.form:
        raise Malformed("the form has no whole field: it is empty or cut off, or has another boundary than its header")
    if None in request.form or None in request.files:
        raise Malformed('a part of the form has no name; send `Content-Disposition: form-data; name="file"`')
    if upload is None:
        raise Invalid.at("#/file", "the form has no field `file`")
    if (count := len(list(request.files.items(multi=True)))) > 1:
        raise Invalid.at("#/file", f"the form has {count} files; send each in a request of its own")
    known = {*FIELDS, "name"}
    for field in request.form:
        if field not in known:
            raise Invalid.at(f"#/{escaped(field[:60])}", f"is not known; known are {', '.join(sorted(known))}")
    fields = MultiDict([*request.form.items(multi=True), *request.args.items(multi=True)])
    sent = iter(lambda: upload.stream.read(MIB), b"")
    declared = upload.mimetype if upload.mimetype in KINDS else ""
    kind, blocks = recognise(sent, declared, KINDS, "file")
    with in_body("#"):
        return _store_body(kind, blocks, name or request.form.get("name"), fields, limits)


def _store_body(
    kind: str, blocks: Iterator[bytes], name: str | None, fields: MultiDict[str, str], limits: Limits
) -> Response:
    """Store a dataset of that type, with options from the query or a form; JSON in memory, files by way of the disk."""
    settings = services().settings
    if kind == JSON:
        body = read_request(collect(blocks, settings.max_json_bytes), fields)
        if name is not None and body.name not in (None, name):
            raise Invalid.at("#/name", f"is `{body.name}`, but the address says `{name}`")
        return _add(body.name or name, catalog.reader_of_request(body, limits))
    options = options_of(fields, kind)
    _check_name(name)
    with services().blobs.scratch() as path:
        with path.open("wb") as stream:
            spool(blocks, stream, settings.max_upload_bytes, partial(catalog.check_space, services()))
        return _add(name, lambda target: reader_of(kind)(path, options, limits, target))


def _add(name: str | None, read: catalog.Reader) -> Response:
    _check_name(name)
    record, is_new = catalog.store_dataset(services(), name, read, _if_taken())
    return answer(describe(record), 201 if is_new else 200, {"Location": f"/v1/datasets/{record.name}"})


def _check_name(name: str | None) -> None:
    if name is not None and not re.fullmatch(NAME_PATTERN.strip("^$"), name):
        named = parse_reference(name)
        if named is not None:
            detail = f"`{name}` is a version; what is put to `{named.name}` becomes its next version"
            raise Invalid.from_faults([Fault(detail)])
        raise Invalid.from_faults([Fault(f"the dataset's name {no_name(NAME_PATTERN, name)}")])


@routes.route(
    "GET", "/v1/datasets", query=(*PAGE, FIELDS_QUERY), answers={200: ListAnswer[DatasetSummaryAnswer]}, problems=(404,)
)
def list_datasets() -> Response:
    """List the latest versions of all datasets, without columns; that whose first version is the newest comes first."""
    wanted = wanted_fields(DatasetSummaryAnswer)
    with services().database.read() as connection:
        found = datasets.list_datasets(connection, page("dataset"))
    described = [picked(describe_summary(summary), wanted) for summary in found.data]
    return record_page(found, described, "dataset", lambda record: record.name)


@routes.route("GET", "/v1/datasets/{name}", query=(FIELDS_QUERY,), answers={200: DatasetAnswer}, problems=(404,))
def get_dataset(name: str) -> Response:
    """Return a dataset's latest version, or that of `name@version`: its size, and of each column what it holds."""
    wanted = wanted_fields(DatasetAnswer)
    return answer(picked(describe(_find(name)), wanted))


def _find(name: str) -> DatasetRecord:
    with services().database.read() as connection:
        return datasets.get_dataset(connection, _reference(name))


def _reference(name: str) -> DatasetReference:
    """Return which dataset, and which of its versions, a path means."""
    return parse_reference(name) or DatasetReference(name)  # there is none of such a name


@routes.route(
    "GET",
    "/v1/datasets/{name}/versions",
    query=(PAGE[0], Query("after", TEXT, "the number of a version: those before it are listed"), FIELDS_QUERY),
    answers={200: ListAnswer[DatasetSummaryAnswer]},
    problems=(404,),
)
def list_dataset_versions(name: str) -> Response:
    """List a dataset's versions, newest first, without their columns."""
    wanted = wanted_fields(DatasetSummaryAnswer)
    below = whole("after", 0, minimum=1, maximum=2**31 - 1) or None
    with services().database.read() as connection:
        found = datasets.list_versions(connection, name, limit(), below)
    described = [describe_summary(summary) for summary in found.data]
    return listing(described, found.has_more, lambda item: item["version"], lambda item: picked(item, wanted))


@routes.route(
    "GET",
    "/v1/datasets/{name}/rows",
    query=(
        *PAGE,
        Query("columns", {"type": "integer", "minimum": 1}, "at most so many columns of each row; all if left out"),
        Query("columns_after", {"type": "integer", "minimum": 0}, "a column's index: those behind it are in the rows"),
    ),
    answers={200: ListAnswer[RowAnswer]},
    problems=(404,),
)
def list_rows(name: str) -> Response:
    """List a dataset's rows in order; `after` is a row's number, counted from 0."""
    record = _find(name)
    columns = _chosen_columns(record)
    first = whole("after", -1, minimum=0, maximum=2**53) + 1
    last = min(first + limit(), record.table.rows)
    array = open_rows(services().blobs.path(record.address))
    data: list[RowAnswer] = [
        {"row": row, "values": _values(record.table.columns[columns], array[row, columns])}
        for row in range(first, last)
    ]
    return listing(data, last < record.table.rows, lambda item: item["row"])


def _chosen_columns(record: DatasetRecord) -> slice:
    """Return which columns of each row are asked for."""
    count = len(record.table.columns)
    first = whole("columns_after", -1, minimum=0, maximum=2**53) + 1
    return slice(first, first + whole("columns", count, minimum=1, maximum=2**53))


def _values(columns: Sequence[Column], row: NDArray[Any]) -> dict[str, float | str | None]:
    """Return the stored values (columns,) of a row by column name, in the units of the dataset as it was sent."""
    values: dict[str, float | str | None] = {}
    for column, value in zip(columns, row.tolist(), strict=True):
        if value is None or np.isnan(value):
            values[column.name] = None
        elif column.type is ColumnType.CATEGORY:
            values[column.name] = (column.categories or ())[int(value)]
        elif column.is_date:
            values[column.name] = date_of(value)
        else:
            values[column.name] = value
    return values


@routes.route("DELETE", "/v1/datasets/{name}", answers={204: None}, problems=(404, 409), scope=Scope.TRAIN)
def delete_dataset(name: str) -> Response:
    """Delete a dataset with all its versions, or one `name@version`, that no unfinished job uses."""
    catalog.remove_dataset(services(), _reference(name))
    return Response(status=204)
