"""A dataset's JSON body: an object with `rows` or `inputs`, or a list of records; options may stand in the query."""

from itertools import islice
from typing import Any

from werkzeug.datastructures import MultiDict

from service.api.dataset_options import check_format, scale_of
from service.datasets.faulty_rows import with_faulty_rows
from service.datasets.media_types import CSV, JSON, JSONL
from service.datasets.strict_json import parse_json
from service.definitions.guessing import MOST_COMPARED, meant
from service.definitions.requests import DatasetRequest
from service.definitions.validation import check
from service.errors import Invalid, Malformed

KNOWN = DatasetRequest.model_fields.keys()
NEEDED = ("inputs", "rows")
RECORDS = '`[{"column": value, ...}, ...]`, one object a row'
ARRAYS = '`{"inputs": [[...], ...], "targets": [...]}`'
PANDAS = 'pandas\' `df.to_json(orient="records")` writes that'


def read_request(data: bytes, fields: MultiDict[str, str]) -> DatasetRequest:
    """Read a JSON body, with the fields of the query or the form that it does not have itself."""
    body = with_faulty_rows(data, ("inputs",)) or _parsed(data)
    if isinstance(body, list):
        body = _records(body)
    if not isinstance(body, dict):
        return check(DatasetRequest, body)
    _check_form(body)
    check_format(fields, JSON)
    given: dict[str, Any] = {name: fields[name] for name in ("weight", "target_type") if name in fields}
    given |= {name: fields.getlist(name) for name in ("target", "drop", "types") if name in fields}
    if "scale" in fields:
        given["scale"] = scale_of(fields["scale"])
    return check(DatasetRequest, {**given, **body})


def _parsed(data: bytes) -> Any:
    """Parse a JSON body; when that fails because it is another type, name the header to send."""
    try:
        return parse_json(data)
    except Malformed as error:
        text = data.lstrip()
        if text and not text.startswith((b"{", b"[")):
            raise Malformed(f"{error.detail}; if it is CSV, send `Content-Type: {CSV}`") from None
        if text.startswith(b"{") and b"\n{" in text:
            raise Malformed(f"{error.detail}; if it is one object a line, send `Content-Type: {JSONL}`") from None
        raise


def _records(body: list[Any]) -> dict[str, Any]:
    """Return a list of records as the `rows` of a body."""
    if not body:
        raise Invalid("the list is empty; a dataset has at least one row")
    if not isinstance(body[0], dict):
        way_out = ARRAYS if isinstance(body[0], list) else RECORDS
        raise Invalid(f"a list must hold objects with a value for each column; send {way_out}")
    return {"rows": body}


def _check_form(body: dict[str, Any]) -> None:
    """Raise `Invalid` for a table in another form of JSON, as pandas writes some, with the way to one that is read."""
    if "inputs" in body or "rows" in body:
        return
    if "data" in body and ("index" in body or "schema" in body):
        raise Invalid(f"a table as `columns` and `data` is not read; send {RECORDS}: {PANDAS}")
    if not body or body.keys() & KNOWN or any(meant(name, NEEDED, 0.75) for name in islice(body, MOST_COMPARED)):
        return  # a field is missing or misspelt
    values = list(body.values())
    if all(isinstance(value, dict) for value in values):
        raise Invalid(f"a table by columns is not read; send {RECORDS}: {PANDAS}")
    if all(isinstance(value, list) for value in values):
        raise Invalid(f"a table by columns is not read; send {RECORDS}, or numbers as {ARRAYS}")
    if not any(isinstance(value, list | dict) for value in values):
        raise Invalid(f"one object is no dataset; send a list, {RECORDS}, or one a line with `Content-Type: {JSONL}`")
