"""The request that makes a version of a model: of an epoch of a job, another version, or a network with its weights."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from service.definitions.base import Integer, Model, Name, Text
from service.definitions.decisions import Decision
from service.definitions.keys import Expiry, expiry_of
from service.definitions.network import NetworkRequest


class VersionRequest(Model):
    """An epoch of a job, which may be running or have failed, a version of the same model to copy, or a network."""

    job: Text | None = Field(default=None, description="the id of a job, one of whose stored epochs is the version")
    epoch: Annotated[Integer, Field(ge=0, lt=10**9)] | Literal["best", "last"] = Field(
        default="last", description="of the `job`"
    )
    version: Annotated[Integer, Field(ge=1, lt=10**9)] | None = Field(
        default=None, description="of this model, to copy, with another `decision` or `keep_until`"
    )
    network: Name | NetworkRequest | None = Field(
        default=None, description="whose layers carry their `weights` and `biases`, also as Keras's JSON"
    )
    decision: Decision | None = Field(
        default=None, description="how outputs become one of two classes; a copy has that of its original if left out"
    )
    keep_until: Expiry | None = Field(
        default=None, description="the version is deleted after that, unless an alias points to it; by default it stays"
    )

    @model_validator(mode="after")
    def _one_source(self) -> "VersionRequest":
        given = [name for name in ("job", "version", "network") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give one of `job`, with an `epoch`, a `version` to copy, or a `network` with weights")
        if self.job is None and "epoch" in self.model_fields_set:
            raise ValueError(f"`epoch` goes with `job`, not with `{given[0]}`")
        return self

    @property
    def kept_until(self) -> datetime | None:
        """The moment after which the version may be deleted."""
        return expiry_of(self.keep_until)
