"""How long a model stays on the service that an estimator trained under no name.

It is deleted when no estimator refers to it any more (they are collected, or fitted again): not at that moment, as a
request may not be sent from within a garbage collection, but before the next fit of the process, and at the end of the
process. A copy of an estimator shares its model. An estimator that is pickled leaves its model on the service for good,
as nobody knows where the pickle is used.
"""

import atexit
import logging
import os
import weakref
from collections import deque
from typing import Self

from backprop_client.client import Client
from backprop_client.errors import BackpropError, NotFound

log = logging.getLogger(__name__)

_abandoned: deque[tuple[Client, str]] = deque()
_living: dict[str, tuple[int, Client]] = {}


class ModelLifetime:
    """What estimators hold as long as they need a model."""

    def __init__(self, client: Client, model: str) -> None:
        self.model = model
        _living[model] = (os.getpid(), client)
        weakref.finalize(self, _abandon, model).atexit = False  # `_at_exit` deletes what is left

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        _living.pop(self.model, None)
        return _no_lifetime, ()


def _no_lifetime() -> None:
    """Return what an unpickled estimator has in place of a lifetime."""


def _abandon(model: str) -> None:
    """Remember to delete a model, unless it was pickled or belongs to the process that this one was forked from."""
    process, client = _living.pop(model, (None, None))
    if client is not None and process == os.getpid():
        _abandoned.append((client, model))


def delete_abandoned() -> None:
    """Delete the models that no estimator of this process refers to any more."""
    while _abandoned:
        client, model = _abandoned.popleft()
        _delete(client, model)


def _delete(client: Client, model: str) -> None:
    try:
        client.models.delete(model)
    except NotFound:
        log.debug("model %s was deleted by somebody else", model)
    except BackpropError as error:
        log.warning("model %s stays on the service: %s", model, error)


@atexit.register
def _at_exit() -> None:
    for model in list(_living):
        _abandon(model)
    while _abandoned:
        client, model = _abandoned.popleft()
        _delete(client.hurried(), model)
