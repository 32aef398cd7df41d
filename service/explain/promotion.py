"""Moves aliases: checks what a client of the alias would meet, compares versions, and warms the new one before.

May import what evaluates and explains networks, and `service.models`; knows no HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from service.definitions.aliases import AliasRequest, better_on
from service.errors import Conflict, Invalid, NotFound
from service.explain.comparison import Comparison, compare
from service.explain.subjects import version_subject
from service.jobs.fitted import read_fitted
from service.models.cache import ModelCache
from service.models.interfaces import differences
from service.models.loading import load_version
from service.models.signature import signature
from service.models.signature_answers import SignatureFields
from service.services import Services
from service.store import aliases, models
from service.store.aliases import Moved
from service.store.database import Connection
from service.store.model_records import AliasRecord

MOST_TRIES = 5  # of a move that others overtake
# Raises `Stale` unless the request is for an alias of that ETag, None for one that is not there.
CheckTag = Callable[[str | None], None]


@dataclass(frozen=True)
class MovedAlias:
    """An alias as it is now, what it was before, and what its versions were compared by, if they were."""

    alias: AliasRecord
    before: AliasRecord | None
    comparison: Comparison | None = None

    @property
    def has_moved(self) -> bool:
        return self.alias != self.before

    def because(self, asked: AliasRequest) -> str:
        """Say in a sentence why the alias names its version now."""
        if not self.has_moved:
            return f"it named version {self.alias.version} already"
        if self.comparison is not None:
            return f"version {self.alias.version} is better: {self.comparison.sentence}"
        if asked.if_better_on is not None:
            return "the alias is new, so there was no version to be better than"
        return "it was asked for"


@dataclass(frozen=True)
class NamedAlias:
    """An alias of a model."""

    model: str
    name: str


def move(
    services: Services, cache: ModelCache, named: NamedAlias, request: AliasRequest, check_tag: CheckTag
) -> MovedAlias:
    """Let an alias name another version, unless that breaks its clients or is not better.

    Raises
    ------
    NotFound
        When there is no such model.
    Stale
        When `check_tag` raises it.
    Invalid
        When there is no such version, or versions cannot be compared on the dataset.
    Conflict
        When the version is not better, or has other columns, or there is none to go back to.
    """
    for _ in range(MOST_TRIES):
        try:
            return _move(services, cache, named, request, check_tag)
        except Moved:
            continue
    raise Conflict(f"alias `{named.name}` of model `{named.model}` is being moved by others; try again")


def remove(services: Services, named: NamedAlias, check_tag: CheckTag) -> None:
    """Delete an alias; its version stays."""
    for _ in range(MOST_TRIES):
        with services.database.read() as connection:
            before = aliases.get_alias(connection, named.model, named.name)
        check_tag(before.tag)
        try:
            services.ending(partial(aliases.delete_alias, model=named.model, before=before))
            return
        except Moved:
            continue
    raise Conflict(f"alias `{named.name}` of model `{named.model}` is being moved by others; try again")


def _move(
    services: Services, cache: ModelCache, named: NamedAlias, request: AliasRequest, check_tag: CheckTag
) -> MovedAlias:
    with services.database.read(snapshot=True) as connection:
        before = aliases.find_alias(connection, named.model, named.name)
        check_tag(None if before is None else before.tag)
        version = _wanted(connection, named, request, before)
        if before is not None and before.version == version:
            return MovedAlias(before, before)
        if not request.force:
            check_interface(connection, named, version, before)
    comparison = None
    if request.if_better_on is not None and before is not None:
        subject = version_subject(services, cache, named.model, version, None)
        current = version_subject(services, cache, named.model, before.version, None)
        comparison = compare(services, better_on(request.if_better_on), subject, current, before.version)
        if not comparison.is_better:
            detail = f"alias `{named.name}` stays with version {before.version}: version {version} is refused, as "
            raise Conflict(detail + comparison.sentence, comparison=comparison.answer(version))
    load_version(services, cache, named.model, version)  # so that no request after the move waits for it
    with services.database.begin() as connection:
        alias = aliases.move_alias(connection, named.model, named.name, version, before)
    return MovedAlias(alias, before, comparison)


def _wanted(connection: Connection, named: NamedAlias, request: AliasRequest, before: AliasRecord | None) -> int:
    """Return the number of the version that the alias is to name, which exists."""
    version = request.version
    if version == "previous":
        previous = None if before is None else before.previous_version
        if previous is None:
            raise Conflict(f"alias `{named.name}` of model `{named.model}` has named no other version before")
        version = previous
    try:
        return models.find_version(connection, named.model, version).version
    except NotFound as error:
        if request.version == "previous":
            raise Conflict(f"{error.detail} any more, which alias `{named.name}` named before") from None
        raise Invalid.at("#/version", error.detail) from None


def check_interface(connection: Connection, named: NamedAlias, version: int, before: AliasRecord | None) -> None:
    """Raise `Conflict` when a version takes or predicts something else than the one that the alias names."""
    if before is None:
        return
    found = differences(*(signature_of(connection, named.model, each) for each in (before.version, version)))
    if found:
        raise Conflict(
            f"clients of alias `{named.name}` send what version {before.version} takes, and version {version} differs: "
            f"{'; '.join(found)}. Move it nevertheless with `force`: true"
        )


def signature_of(connection: Connection, model: str, version: int) -> SignatureFields:
    """Return what a version takes and predicts."""
    record = models.load_version(connection, model, version)
    return signature(record.network, read_fitted(connection, record.job_id, record.preprocessing))
