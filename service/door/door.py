"""Answers plain predictions by the names of models without Flask, and passes all other requests on.

The steps are those that Flask takes, and the parts are the same objects: routes, keys, limits, networks, metrics, log.
Errors are never answered here: the request goes on, whole, and Flask finds the same error. What was taken from a limit
by then goes with it, so that nothing is counted twice.
"""

import io
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from service import logs
from service.access.keyring import KeyRing
from service.access.limits import LimitBook
from service.access.principal import ANYBODY, Principal
from service.access.rates import Kind, Rates
from service.api.answers import json_bytes
from service.api.authentication import SENT, bearer_of
from service.api.authorization import refusal
from service.api.browsers import Browsers
from service.api.finding import Finder, Found
from service.api.limiting import LIMITER, Limiter, headers_of
from service.api.request_log import log_request
from service.api.timing import NAME as SERVER_TIMING
from service.api.timing import Timing
from service.config import Settings
from service.datasets.media_types import JSON, RAW
from service.door.plain import MOST_BYTES, Environ, Form, form_of, may_be_packed
from service.errors import ServiceError
from service.front.environ import admission_of
from service.models import prediction, raw_numbers
from service.models.cache import ModelCache, TrainedNetwork
from service.models.loading import load_version
from service.models.prediction import RawRows
from service.models.raw_numbers import SHAPE_HEADER
from service.models.references import wanted_version
from service.models.source_headers import source_headers
from service.ops.model_statistics import Counted, ModelStatistics
from service.ops.request_metrics import RequestMetrics
from service.services import Services
from service.store.changes import Changes
from service.web.request_ids import request_id_of

Header = tuple[str, str]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

NUMBER_CHARACTERS = 12  # of a number in an answer of JSON, about

log = logging.getLogger(__name__)


class PassOn(Exception):
    """The request is not plain after all."""


@dataclass(frozen=True)
class Parts:
    """What the door shares with the application behind it."""

    settings: Settings
    finder: Finder
    browsers: Browsers
    changes: Changes
    ring: KeyRing
    book: LimitBook
    rates: Rates
    cache: ModelCache
    scoped: Callable[[int], Services]
    requests: RequestMetrics
    statistics: ModelStatistics
    always: list[Header]  # of every answer that is predicted
    packed_from: int  # bytes of an answer that is packed for clients that take that


class Door:
    """A WSGI application in front of another one, `behind`."""

    def __init__(self, behind: Application, parts: Parts) -> None:
        self.behind = behind
        self.parts = parts

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        form = form_of(environ)
        found = None if form is None else self.parts.finder.find(environ["PATH_INFO"])
        if form is None or found is None:
            return self.behind(environ, start_response)
        answer = self._attempt(environ, form, found)
        if answer is None:
            return self.behind(environ, start_response)
        status, headers, data = answer
        start_response(status, headers)
        return [data]

    def _attempt(self, environ: Environ, form: Form, found: Found) -> tuple[str, list[Header], bytes] | None:
        """Return status, headers and body; None where the request must go on."""
        self.parts.changes.begin()
        try:
            admission = admission_of(environ)
            if admission is None:
                return "200 OK", *self._answer(environ, form, found)
            admission.most_bytes = self._admitted(environ, found)
            return "204 NO CONTENT", [], b""
        except (PassOn, ServiceError):
            return None
        except Exception:  # a fault of this way must not be one of the service: the other way answers
            log.exception("a prediction failed before Flask, which is asked now")
            return None
        finally:
            logs.set_ids()
            self.parts.changes.end()

    def _answer(self, environ: Environ, form: Form, found: Found) -> tuple[list[Header], bytes]:
        """Return the headers and the body of an answer."""
        began = time.perf_counter()
        id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        logs.set_ids(request_id=id)
        principal, limiter = self._begun(environ, found)
        if not limiter.may_request():
            raise PassOn
        trained = self._trained(principal, found.values)
        data, rows, timing = self._predicted(environ, form, trained, limiter)
        headers = [
            ("Content-Type", RAW if form.wants_raw else JSON),
            ("Content-Length", str(len(data))),
            (SERVER_TIMING, timing.header),
            ("X-Request-Id", id),
            *self.parts.always,
        ]
        if form.wants_raw:
            headers += [(SHAPE_HEADER, f"{rows},{trained.network.outputs}"), *source_headers(trained)]
        if limiter.taken:
            headers += headers_of(limiter.taken)
        if trained.version is not None:
            counted = Counted(principal.tenant, trained.name, trained.version)
            self.parts.statistics.count(counted, rows, *timing.nanoseconds)
        seconds = time.perf_counter() - began
        self.parts.requests.count(found.route.path, "POST", 200, seconds, rows)
        log_request("POST", environ["PATH_INFO"], 200, seconds)
        return headers, data

    def _admitted(self, environ: Environ, found: Found) -> int:
        """Return how many bytes the body of a request may have, of which there are only the headers now."""
        _, limiter = self._begun(environ, found)
        limiter.take(Kind.REQUESTS, 0)
        most = self.parts.settings.max_json_bytes
        if int(environ.get("CONTENT_LENGTH") or 0) > most:
            raise PassOn
        return most

    def _begun(self, environ: Environ, found: Found) -> tuple[Principal, Limiter]:
        """Return who asks, who may, and what the request is counted with."""
        principal = self._principal(environ)
        if refusal(principal, found.route.path, found.route.scope, found.values) is not None:
            raise PassOn
        limiter = Limiter(self.parts.book.of(principal.tenant), self.parts.rates, principal.tenant)
        environ[LIMITER] = limiter
        return principal, limiter

    def _principal(self, environ: Environ) -> Principal:
        """Return who asks, by the rules for a request without an Origin and without a proxy's headers."""
        parts = self.parts
        asks = parts.ring.asks
        if not parts.browsers.takes_host(environ.get("HTTP_HOST", ""), asks):
            raise PassOn
        if not asks:
            return ANYBODY
        principal = parts.ring.recognised(bearer_of(environ), SENT)
        if principal is None or principal.origins is not None:
            raise PassOn
        return principal

    def _trained(self, principal: Principal, values: dict[str, str]) -> TrainedNetwork:
        parts, version = self.parts, values.get("version")
        wanted = None if version is None else wanted_version(version)
        return load_version(parts.scoped(principal.tenant), parts.cache, values["name"], wanted)

    def _predicted(
        self, environ: Environ, form: Form, trained: TrainedNetwork, limiter: Limiter
    ) -> tuple[bytes, int, Timing]:
        """Return the answer's bytes, the number of rows, and how long the steps took."""
        timing = Timing()
        rows = _rows_of(self._body(environ), form, trained)
        count = len(rows.rows.values)
        timing.end("parse")
        if not form.wants_raw and self._will_be_packed(count * trained.network.outputs, environ):
            raise PassOn  # before anything is computed, which would be done twice
        limiter.take_with_request(count)
        if form.wants_raw:
            values = prediction.restored(trained, prediction.outputs(trained, rows), rows)
            timing.end("predict")
            data = raw_numbers.bytes_of_values(prediction.as_float32(values, rows))
        else:
            answer = prediction.predict(trained, rows)
            timing.end("predict")
            data = json_bytes(answer)
            if len(data) >= self.parts.packed_from and may_be_packed(environ):
                raise PassOn
        timing.end("encode")
        return data, count, timing

    def _will_be_packed(self, numbers: int, environ: Environ) -> bool:
        """Return whether an answer of so many numbers is probably packed; a wrong guess costs time alone."""
        return numbers * NUMBER_CHARACTERS >= self.parts.packed_from and may_be_packed(environ)

    def _body(self, environ: Environ) -> bytes:
        """Read the whole body; whoever gets the request next can read it again."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not 0 < length <= min(MOST_BYTES, self.parts.settings.max_json_bytes):
            raise PassOn
        data: bytes = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(data)
        return data


def _rows_of(data: bytes, form: Form, trained: TrainedNetwork) -> RawRows:
    if form.shape is not None:
        return raw_numbers.rows_of(trained, data, form.shape)
    rows = prediction.plain_raw_rows(trained, data)
    if rows is None:
        raise PassOn
    return rows
