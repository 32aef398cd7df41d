"""Registers the operations on a trained network, each for all three ways to name one.

A request names the network after an epoch of a job, the latest version of a model, or one version of it. An operation
is written once; `register` serves it at `{path of the network}:{verb}` for each way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Response, request
from pydantic import BaseModel

from service.access.principal import Scope
from service.api.answer_headers import Header
from service.api.context import model_cache, services
from service.api.granted import OWNER, services_of
from service.api.routes import TEXT, Example, Query, Routes
from service.explain.subjects import Subject, epoch_subject, version_subject
from service.models.cache import TrainedNetwork
from service.models.loading import load_epoch, load_version
from service.models.references import Wanted, wanted_version

EPOCH = Query("epoch", TEXT, "the network as it was after that epoch: a number, `best` or `last`")
PROBLEMS = (404, 409)


class NetworkReference(Protocol):
    """A trained network as a request names it; nothing is read before a method is called."""

    def trained(self) -> TrainedNetwork:
        """Return the network, ready to predict."""

    def subject(self) -> Subject:
        """Return the network together with how it is trained."""


@dataclass(frozen=True)
class EpochReference:
    """The network of a job as it was after an epoch: a number, `best` or `last`."""

    id: str
    epoch: str

    def trained(self) -> TrainedNetwork:
        return load_epoch(services(), model_cache(), self.id, self.epoch)

    def subject(self) -> Subject:
        return epoch_subject(services(), model_cache(), self.id, self.epoch)


@dataclass(frozen=True)
class VersionReference:
    """A version of a model by its number or an alias; with `?epoch=`, the network of its job after that epoch.

    Without one it is that of the alias `default` where it is set, else the latest.
    """

    name: str
    version: str | None = None

    def trained(self) -> TrainedNetwork:
        mine = services_of(self.name)
        return load_version(mine, model_cache(), self.name, self._wanted(), request.args.get("epoch"))

    def subject(self) -> Subject:
        return version_subject(services(), model_cache(), self.name, self._wanted(), request.args.get("epoch"))

    def _wanted(self) -> Wanted | None:
        return None if self.version is None else wanted_version(self.version)


@dataclass(frozen=True)
class Naming:
    """One way to name a trained network; `words` describe it in the summaries of operations.

    `owner` is the parameter that names another tenant's network, where one may be granted.
    """

    path: str
    reference: Callable[..., NetworkReference]
    query: tuple[Query, ...]
    words: str
    owner: tuple[Query, ...] = ()


NAMINGS = (
    Naming("/v1/jobs/{id}/epochs/{epoch}", EpochReference, (), "a job's network as it was after an epoch"),
    Naming("/v1/models/{name}", VersionReference, (EPOCH,), "a model's version `default`, else its latest", (OWNER,)),
    Naming(
        "/v1/models/{name}/versions/{version}",
        VersionReference,
        (EPOCH,),
        "a model's version, by number or alias",
        (OWNER,),
    ),
)


@dataclass(frozen=True)
class Operation:
    """An operation on a trained network; `grantable` says whether other tenants may do it with what is granted to them.

    Without a `body` it is a GET of the path with `verb` as its last part. `ids` are its operation ids, one for each of
    `NAMINGS`. `{}` in `summary` is replaced by the naming's `words`.
    """

    verb: str
    ids: tuple[str, str, str]
    summary: str
    view: Callable[[NetworkReference], Response]
    body: type[BaseModel] | None
    answer: Any
    scope: Scope
    body_optional: bool = False
    files: tuple[str, ...] = ()
    examples: Sequence[Example] = ()
    sends: Sequence[Header] = ()
    query: Sequence[Query] = ()
    grantable: bool = False
    has_formats: bool = False  # of the answer, which `Accept` chooses from


def register(routes: Routes, operation: Operation) -> None:
    """Serve an operation for each way to name a trained network."""
    for naming, id in zip(NAMINGS, operation.ids, strict=True):
        method, separator = ("GET", "/") if operation.body is None else ("POST", ":")
        routes.route(
            method,
            f"{naming.path}{separator}{operation.verb}",
            body=operation.body,
            body_optional=operation.body_optional,
            files=operation.files,
            query=(*naming.query, *(naming.owner if operation.grantable else ()), *operation.query),
            examples=operation.examples,
            answers={200: operation.answer},
            sends=operation.sends,
            problems=(*PROBLEMS, 406) if operation.has_formats else PROBLEMS,
            scope=operation.scope,
        )(_view(operation, naming, id))


def _view(operation: Operation, naming: Naming, id: str) -> Callable[..., Response]:
    def view(**values: str) -> Response:
        return operation.view(naming.reference(**values))

    view.__name__ = id
    view.__doc__ = operation.summary.format(naming.words)
    return view
