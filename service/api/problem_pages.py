"""The causes and requests on the page of each type of problem; its explanation is in `service.api.errors`.

A test sends the requests by which a client can get the problem.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HERE = "localhost:8000"


@dataclass(frozen=True)
class Sent:
    """A request, which is shown as a command for curl."""

    method: str
    path: str
    body: Any = None  # written as JSON, a text as it is
    headers: Mapping[str, str] = field(default_factory=dict)
    options: str = ""  # of curl besides

    @property
    def data(self) -> str | None:
        return self.body if self.body is None or isinstance(self.body, str) else json.dumps(self.body)

    def curl(self) -> str:
        """Return the command, to be pasted into a shell."""
        parts = ["curl -sS"]
        if self.method != ("GET" if self.body is None else "POST"):
            parts.append(f"-X {self.method}")
        parts.append(f"'{HERE}{self.path}'")
        for name, value in self.headers.items():
            quote = '"' if "$" in value else "'"  # a shell puts a variable in between double quotes alone
            parts.append(f"-H {quote}{name}: {value}{quote}")
        if self.data is not None:
            option = "--data-binary" if "\n" in self.data else "-d"
            quote = f"${self.data!r}" if "\n" in self.data else f"'{self.data}'"
            parts.append(f"{option} {quote}")
        return " ".join([*parts, self.options] if self.options else parts)


@dataclass(frozen=True)
class Page:
    """The usual causes of a problem, a request that gets it, the mended request, and what that changes.

    `before` are requests that make what the two need. `when` says in which state of the service the request gets the
    problem, where it does not always.
    """

    causes: tuple[str, ...]
    gets: Sent
    mended: Sent
    way_out: str
    before: tuple[Sent, ...] = ()
    when: str = ""


XOR = {"name": "xor", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}
STORED = Sent("PUT", "/v1/datasets/xor", {key: XOR[key] for key in ("inputs", "targets")})
JOB = {"dataset": "xor"}
NEW_JOB = Sent("POST", "/v1/jobs", JOB)
READY = Sent("GET", "/readyz")

PAGES: dict[str, Page] = {
    "malformed": Page(
        causes=(
            "A comma, a quote or a bracket of the JSON is missing, or the body was cut off.",
            "The body is empty, or a shell took its quotes away.",
            "NaN, Infinity or 1e999 stands for a number, or one key occurs twice in an object.",
        ),
        gets=Sent("POST", "/v1/networks", '{"name": "small", "hidden": [4'),
        mended=Sent("POST", "/v1/networks", {"name": "small", "hidden": [4]}),
        way_out="Send one whole JSON value, in single quotes so that the shell leaves its double quotes alone.",
    ),
    "unauthenticated": Page(
        causes=(
            "The service has keys, and the request carries none.",
            "The key is wrong, was revoked, or has expired.",
            "The word `Bearer` is missing in the header.",
        ),
        gets=Sent("GET", "/v1/jobs"),
        mended=Sent("GET", "/v1/jobs", headers={"Authorization": "Bearer $KEY"}),
        way_out="Send a valid key as `Authorization: Bearer bp_...`. The operator makes keys: `backprop keys create`.",
    ),
    "forbidden": Page(
        causes=(
            "The key lacks the scope that the operation needs: `read`, `predict`, `train` or `admin`.",
            "The key or token is limited to some models, or to one job.",
            "A page of another site made the request, or it came by a name that the service does not answer to.",
        ),
        gets=Sent("GET", "/v1/jobs", headers={"Origin": "https://elsewhere.example"}),
        mended=Sent("GET", "/v1/jobs", headers={"Host": "localhost:8000"}),
        way_out="Use a key with the scope that `detail` names. Pages of other sites need BACKPROP_CORS_ORIGINS.",
    ),
    "not-found": Page(
        causes=(
            "The name or id is misspelt, or what it named was deleted.",
            "It belongs to another tenant: what is not yours is not there.",
            "The address itself is unknown; then `detail` has a guess.",
        ),
        gets=Sent("GET", "/v1/job"),
        mended=Sent("GET", "/v1/jobs"),
        way_out="List what there is, and use its name or id.",
    ),
    "method": Page(
        causes=(
            "POST was sent to an address that is only read, or GET to a verb such as `:cancel`.",
            "The verb is missing, as zsh eats `$NAME:predict`: write `${NAME}:predict` or `$NAME/predict`.",
        ),
        gets=Sent("PUT", "/v1/datasets", STORED.body),
        mended=Sent("PUT", "/v1/datasets/xor", STORED.body),
        way_out="Use a method that the header `Allow` lists; `detail` says what they do.",
    ),
    "not-acceptable": Page(
        causes=(
            "The header `Accept` names only media types that this answer is not written in.",
            "A library sends a narrow `Accept` by itself.",
        ),
        gets=Sent("GET", "/v1/jobs", headers={"Accept": "application/xml"}),
        mended=Sent("GET", "/v1/jobs", headers={"Accept": "application/json"}),
        way_out="Name a type that `detail` lists, or leave the header out. `?format=` chooses, too.",
    ),
    "too-slow": Page(
        causes=(
            "The connection is slow or was lost while the headers or the body were sent.",
            "The client announced a longer body (`Content-Length`) than it sent.",
        ),
        gets=Sent("PUT", "/v1/datasets/table", "a,b\n1,2\n3,4\n", {"Content-Type": "text/csv"}, "--limit-rate 1"),
        mended=Sent("PUT", "/v1/datasets/table", "a,b\n1,2\n3,4\n", {"Content-Type": "text/csv"}),
        way_out="Send the request again, all of it. Files are sent faster when packed with gzip.",
        when="when the bytes of a body come too slowly",
    ),
    "conflict": Page(
        causes=(
            "The name is taken by something else: networks do not change.",
            "The job has ended, or is in another state than the command is for.",
            "What is to be deleted is still in use.",
            "The first request with the same `Idempotency-Key` is still under way.",
        ),
        gets=Sent("POST", "/v1/networks", {"name": "taken", "hidden": [5]}),
        mended=Sent("POST", "/v1/networks", {"name": "taken-2", "hidden": [5]}),
        way_out="Read the resource to see its state; choose another name, or wait until what uses it has ended.",
        before=(Sent("POST", "/v1/networks", {"name": "taken", "hidden": [4]}),),
    ),
    "stale": Page(
        causes=(
            "Somebody changed the resource after you read it, so `If-Match` names an older ETag.",
            "`If-None-Match: *` was sent for something that is there already.",
        ),
        gets=Sent("PUT", "/v1/models/xor/aliases/champion", {"version": 1}, {"If-Match": '"older"'}),
        mended=Sent("PUT", "/v1/models/xor/aliases/champion", {"version": 1}),
        way_out="Read it again, decide again, and send the ETag of that answer; or leave the condition out.",
    ),
    "too-large": Page(
        causes=(
            "The body, unpacked, is larger than the service takes: JSON 64 MiB unless set otherwise.",
            "The network has more parameters, or the rows more columns, than the limits allow.",
            "The tenant's share of the store is used up.",
        ),
        gets=Sent("PUT", "/v1/datasets/table", headers={"Content-Type": "application/json"}, options="-T large.json"),
        mended=Sent("PUT", "/v1/datasets/table", "a,b\n1,2\n3,4\n", {"Content-Type": "text/csv"}),
        way_out="Send large tables as CSV, Parquet or NPZ, which are not held in memory; rows to predict, in parts.",
        when="when `large.json` has more than 64 MiB",
    ),
    "media-type": Page(
        causes=(
            "`Content-Type` names a type that this operation does not read.",
            "The body is of another type than `Content-Type` says.",
            "A form's fields were sent where JSON is read.",
        ),
        gets=Sent("POST", "/v1/networks", {"name": "small", "hidden": [4]}, {"Content-Type": "text/plain"}),
        mended=Sent("POST", "/v1/networks", {"name": "small", "hidden": [4]}, {"Content-Type": "application/json"}),
        way_out="Send the type of what the body is; the header `Accept` of the answer lists those that are read.",
    ),
    "validation": Page(
        causes=(
            "A field or a parameter of the query is misspelt; then there is a guess.",
            "A value is of the wrong type or outside its bounds.",
            "Network, dataset and training do not fit each other.",
            "A row of a dataset cannot be read; then `row` and `column` say which.",
        ),
        gets=Sent("POST", "/v1/jobs", {"dataset": "xor", "training": {"epoch": 10}}),
        mended=Sent("POST", "/v1/jobs", {"dataset": "xor", "training": {"epochs": 10}}),
        way_out="`errors` names each place: a pointer such as `#/training/epochs`, a parameter or a cell.",
        before=(STORED,),
    ),
    "damaged": Page(
        causes=(
            "A file of the data folder was deleted or changed by something else than the service.",
            "The disk lost bytes.",
        ),
        gets=Sent("POST", "/v1/models/xor:predict", {"instances": [[0, 1]]}),
        mended=READY,
        way_out="Tell the operator the SHA-256 in `detail`: `backprop doctor` finds all such files, a backup has them.",
        when="when the model's stored parameters are damaged",
    ),
    "internal": Page(
        causes=("The service has a fault.",),
        gets=NEW_JOB,
        mended=READY,
        way_out="Tell the operator the `request_id`: the log has the reason under it. The request may be sent again.",
        when="when the service has a fault there",
    ),
    "too-many": Page(
        causes=(
            "The tenant has sent more requests or rows to predict in a second than its limit.",
            "As many of the tenant's jobs wait as may.",
        ),
        gets=NEW_JOB,
        mended=NEW_JOB,
        way_out="Wait for as many seconds as `Retry-After` says, then send the request again; send rows together.",
        before=(STORED,),
        when="when the tenant's limit is reached",
    ),
    "queue-full": Page(
        causes=(
            "As many jobs of all tenants wait as may (BACKPROP_MAX_QUEUED_JOBS).",
            "The server has too many connections.",
        ),
        gets=NEW_JOB,
        mended=NEW_JOB,
        way_out="Wait for as many seconds as `Retry-After` says, then send it again, under the same `Idempotency-Key`.",
        before=(STORED,),
        when="when the queue is full",
    ),
    "too-late": Page(
        causes=(
            "The request waited for longer than the header `X-Request-Timeout` allows, so nobody needs its answer.",
        ),
        gets=Sent("GET", "/v1/jobs", headers={"X-Request-Timeout": "0.001"}),
        mended=Sent("GET", "/v1/jobs", headers={"X-Request-Timeout": "10"}),
        way_out="Allow more seconds, or send fewer requests at once.",
        when="when it waits for longer than a millisecond",
    ),
    "unavailable": Page(
        causes=(
            "The database does not answer, or cannot be written.",
            "A part of the service is being started again.",
        ),
        gets=NEW_JOB,
        mended=READY,
        way_out="Wait for as many seconds as `Retry-After` says, then send it again. `/readyz` names the part.",
        when="while the database does not answer",
    ),
    "out-of-space": Page(
        causes=("The disk of the data folder or of the database is full, or nearly so (BACKPROP_KEEP_FREE_BYTES).",),
        gets=STORED,
        mended=Sent("GET", "/v1/jobs?status=succeeded&fields=id"),
        way_out="Delete jobs, datasets or models that are not needed: `curl -X DELETE` works on a full disk.",
        when="when the disk is full",
    ),
    "http": Page(
        causes=(
            "The headers or the address are longer than a server takes (431).",
            "The client sent an `Expect` that is not `100-continue` (417).",
        ),
        gets=Sent("GET", "/v1/jobs", options="-H \"Cookie: $(head -c 100000 /dev/zero | tr '\\0' x)\""),
        mended=Sent("GET", "/v1/jobs"),
        way_out="Leave out headers and cookies that the service does not need.",
        when="with headers of 100,000 bytes",
    ),
}
