"""The answers about replays, as the OpenAPI document shows them."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model


@answer_model
class ReplayChains(TypedDict):
    """Three chains of hashes; only the first is known before the replay has ended."""

    recorded: str | None
    of_rows: NotRequired[str | None]
    replayed: NotRequired[str | None]


@answer_model
class ReplayChecked(TypedDict):
    """How many epochs had their hashes, their losses and metrics, and their stored parameters compared."""

    epochs: int
    losses: NotRequired[int]
    stored_parameters: int


@answer_model
class ReplayedNumber(TypedDict):
    """A loss or a metric that differs: as recorded and as replayed."""

    recorded: float | None
    replayed: float | None


@answer_model
class ReplayHashes(TypedDict):
    """The SHA-256 of an epoch's parameters: as recorded, of the stored bytes, and as replayed."""

    recorded: str | None
    stored: str | None
    replayed: str | None


# one of its keys is a keyword of Python, so this one cannot be written as a class
ReplayDifference = TypedDict(
    "ReplayDifference",
    {
        "epoch": int | None,
        "layer": int | None,
        "in": Annotated[str, Field(description="where the difference lies")],
        "sha256": NotRequired[ReplayHashes],
        "parameter": NotRequired[str | None],
        "index": NotRequired[list[int] | None],
        "values": NotRequired[dict[str, ReplayedNumber]],
        "reason": NotRequired[str],
    },
)
ReplayDifference.__doc__ = "The first thing that a replay found to differ from the record."
answer_model(ReplayDifference)


@answer_model
class ReplayAnswer(TypedDict):
    """What a replay repeats, and its verdict; `identical` is null until it has ended."""

    of: str
    through: int
    identical: bool | None
    first_difference: ReplayDifference | None
    chain: ReplayChains
    checked: NotRequired[ReplayChecked]
