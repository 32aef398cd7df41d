"""`/v1/models/{name}/aliases`: names for versions of a model, which are moved from one version to another."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, NotRequired

from flask import Response, request
from pydantic import Field
from typing_extensions import TypedDict

from service.access.principal import Scope
from service.api import freshness
from service.api.answer_headers import ETAG
from service.api.answers import limit, listing, tagged
from service.api.bodies import read_model
from service.api.context import model_cache, services
from service.api.granted import OWNER, services_of
from service.api.routes import PAGE, TEXT, Example, Query, Routes
from service.api.schemas import ListAnswer
from service.definitions.aliases import AliasRequest
from service.definitions.base import answer_model
from service.errors import Invalid, Stale
from service.explain import promotion
from service.explain.answers import ComparisonAnswer
from service.explain.promotion import MovedAlias, NamedAlias
from service.models.references import is_alias
from service.store import aliases, models
from service.store.model_records import AliasRecord

routes = Routes("aliases", "Names of versions, such as `champion`, that can be moved at once for all clients.")
IF_MATCH = Query("If-Match", TEXT, "an ETag of the alias; 412 where it has another one by now")
IF_NONE_MATCH = Query("If-None-Match", TEXT, "`*`: 412 where the alias is there already")


@answer_model
class AliasAnswer(TypedDict):
    """A name for a version of a model."""

    object: Literal["alias"]
    model: str
    alias: str
    version: int
    previous_version: Annotated[int | None, Field(description="what it named before; `previous` goes back to it")]
    moved_at: datetime


@answer_model
class MovedAliasAnswer(AliasAnswer):
    """An alias after a request to move it."""

    moved: Annotated[bool, Field(description="false where it named this version already")]
    because: str
    comparison: NotRequired[Annotated[ComparisonAnswer, Field(description="where `if_better_on` compared versions")]]


def _describe(model: str, alias: AliasRecord) -> AliasAnswer:
    return {
        "object": "alias",
        "model": model,
        "alias": alias.name,
        "version": alias.version,
        "previous_version": alias.previous_version,
        "moved_at": alias.moved_at,
    }


@routes.route(
    "GET", "/v1/models/{name}/aliases", query=[*PAGE, OWNER], answers={200: ListAnswer[AliasAnswer]}, problems=(404,)
)
def list_aliases(name: str) -> Response:
    """List the aliases of a model, by name; `after` is a name."""
    after = request.args.get("after", "")
    with services_of(name).database.read() as connection:
        found, has_more = aliases.list_aliases(connection, name, after, limit())
    freshness.announce_recent(alias.moved_at for alias in found)
    return listing([_describe(name, alias) for alias in found], has_more, lambda alias: alias["alias"])


@routes.route(
    "GET",
    "/v1/models/{name}/aliases/{alias}",
    query=[OWNER],
    answers={200: AliasAnswer},
    problems=(404,),
)
def get_alias(name: str, alias: str) -> Response:
    """Return the version that an alias names, with an ETag for `If-Match`."""
    with services_of(name).database.read() as connection:
        found = aliases.get_alias(connection, name, alias)
    freshness.announce_recent([found.moved_at])
    return tagged(_describe(name, found), found.tag)


@routes.route(
    "PUT",
    "/v1/models/{name}/aliases/{alias}",
    body=AliasRequest,
    examples=[
        Example({"version": 1}, "Move the alias"),
        Example(
            {"version": 1, "if_better_on": {"dataset": "iris", "metric": "accuracy"}},
            "Move it where the version is better on a dataset",
        ),
    ],
    headers=[IF_MATCH, IF_NONE_MATCH],
    answers={200: MovedAliasAnswer, 201: MovedAliasAnswer},
    sends=(ETAG,),
    problems=(404, 409, 412),
    creates=True,
    scope=Scope.TRAIN,
)
def put_alias(name: str, alias: str) -> Response:
    """Let an alias name a version, at once for all clients; `If-Match` and `If-None-Match: *` are honoured."""
    with services().database.read() as connection:
        models.number_of(connection, name)
    if not is_alias(alias):
        detail = "begins with a letter, then letters, digits, `.`, `_` and `-`, at most 64, in lower case; not `latest`"
        raise Invalid(f"`{alias[:64]}` is not a name for an alias: one {detail}")
    body = read_model(AliasRequest, services().settings.max_json_bytes)
    moved = promotion.move(services(), model_cache(), NamedAlias(name, alias), body, _check_tag)
    freshness.announce()
    return _answer(name, moved, body)


def _answer(model: str, moved: MovedAlias, asked: AliasRequest) -> Response:
    alias = _describe(model, moved.alias)
    described: MovedAliasAnswer = {
        "object": alias["object"],
        "model": model,
        "alias": alias["alias"],
        "version": alias["version"],
        "previous_version": alias["previous_version"],
        "moved_at": alias["moved_at"],
        "moved": moved.has_moved,
        "because": moved.because(asked),
    }
    if moved.comparison is not None:
        described["comparison"] = moved.comparison.answer(moved.alias.version)
    return tagged(described, moved.alias.tag, 201 if moved.before is None else 200)


@routes.route(
    "DELETE",
    "/v1/models/{name}/aliases/{alias}",
    headers=[IF_MATCH],
    answers={204: None},
    problems=(404, 409, 412),
    scope=Scope.TRAIN,
)
def delete_alias(name: str, alias: str) -> Response:
    """Delete an alias; its version stays. `If-Match` is honoured."""
    promotion.remove(services(), NamedAlias(name, alias), _check_tag)
    freshness.announce()
    return Response(status=204)


def _check_tag(tag: str | None) -> None:
    """Raise `Stale` unless the request is for an alias with this ETag, None for one that is not there."""
    if "If-Match" in request.headers:
        wanted = request.if_match
        if tag is None:
            raise Stale("there is no such alias, and `If-Match` names one; leave it out to make the alias")
        if not (wanted.star_tag or _names(wanted, tag)):
            raise Stale("the alias was moved since it had the ETag of `If-Match`; read it again")
    unwanted = request.if_none_match
    if tag is not None and (unwanted.star_tag or _names(unwanted.as_set(include_weak=True), tag)):
        raise Stale("the alias is there already; leave `If-None-Match` out to move it")


def _names(sent: Iterable[str | None], tag: str) -> bool:
    """Return whether one of these ETags is this one; the answer's form, indented or compressed, is a part of them.

    An empty ETag, `""`, which is legal and names no alias, is None.
    """
    return any(each.partition(":")[0].removesuffix("-pretty") == tag for each in sent if each is not None)
