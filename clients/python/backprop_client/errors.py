"""What can go wrong: no answer, a problem (RFC 9457) as the answer, a job that fails, a wait that takes too long."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from backprop_client.types import Fault

MOST_TEXT = 300  # characters of an answer that is no problem of the service, such as a proxy's page


class BackpropError(Exception):
    """The base of all errors of this package.

    Attributes
    ----------
    attempts
        How often the request was sent.
    """

    attempts: int = 1


class Unreachable(BackpropError):
    """The service gave no answer, also after the retries."""


class WaitTimeout(BackpropError, TimeoutError):
    """What was waited for has not ended in time; it goes on at the service."""


class JobFailed(BackpropError):
    """A job, or a prediction of a dataset, ended as `failed` or `cancelled`.

    Attributes
    ----------
    job
        The job as the service describes it; `job["error"]` has `code`, `detail` and `epoch`.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        super().__init__(job)
        self.job = job

    def __str__(self) -> str:
        error = self.job.get("error")
        said = f": {error['detail']} ({error['code']})" if error else ""
        return f"{self.job['id']} {self.job['status']}{said}"


class Unexpected(BackpropError, ValueError):
    """What answered is not this service: the answer is no JSON, such as the page of a proxy or of another server."""


class Problem(BackpropError):
    """An answer with a status of 400 or more.

    Attributes
    ----------
    status
        The HTTP status.
    title, detail
        What went wrong, in general and in this case.
    type
        The path of the page that explains this type of problem, such as `/problems/validation`.
    errors
        Where the faults of the input are, at most the first ten: each has a `detail`, and a `pointer` into the body
        (`#/training/loss`) or the query (`?limit`), or the `row` and `column` of a dataset.
    request_id
        What the log of the service names the request by.
    retry_after
        After how many seconds the same request may succeed, if the service says so.
    """

    def __init__(
        self,
        status: int,
        title: str = "",
        detail: str = "",
        type: str = "about:blank",
        errors: Sequence[Fault] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, title, detail, type, errors, request_id, retry_after)
        self.status = status
        self.title = title
        self.detail = detail
        self.type = type
        self.errors = list(errors)
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        lines = [place_of(fault) for fault in self.errors] if len(self.errors) > 1 else []
        return "\n  ".join([f"{self.status} {self.title}: {self.detail}", *lines])


class Unauthenticated(Problem):
    """The key is missing, wrong, revoked or expired (401)."""


class Forbidden(Problem):
    """The key may not do this (403)."""


class NotFound(Problem):
    """There is nothing of this name (404)."""


class Conflict(Problem):
    """This does not go with the present state: a name is taken, a dataset in use, a job ended (409)."""


class Invalid(Problem, ValueError):
    """The request is well-formed but not valid; `errors` says where (422)."""


class TooMany(Problem):
    """A limit of the tenant is reached (429)."""


class Unavailable(Problem):
    """A part of the service does not answer, or its queue is full (503)."""


KINDS: Mapping[int, type[Problem]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Invalid,
    429: TooMany,
    503: Unavailable,
}


def place_of(fault: Fault) -> str:
    """Return a fault as one line: where it is, then what it is."""
    places = [fault.get("pointer")]
    places += [f"row {fault['row']}"] if "row" in fault else []
    places += [f"column {fault['column']}"] if "column" in fault else []
    return ": ".join([", ".join(place for place in places if place), fault["detail"]]).removeprefix(": ")


def problem_of(status: int, reason: str, data: bytes, retry_after: float | None) -> Problem:
    """Return the exception for an answer; one that is no problem document is quoted in `detail`."""
    kind = KINDS.get(status, Problem)
    try:
        body = json.loads(data)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        text = data[: 4 * MOST_TEXT].decode("utf-8", "replace")[:MOST_TEXT].strip()
        return kind(status, reason, text or "no explanation", retry_after=retry_after)
    return kind(
        status,
        str(body.get("title", reason)),
        str(body.get("detail", body.get("error", "no explanation"))),
        str(body.get("type", "about:blank")),
        body.get("errors", []),
        body.get("request_id"),
        retry_after,
    )
