"""Differences between the parameters of two stored epochs, layer by layer."""

from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection.parameter_index import Place
from service.backprop.network import Network, PlacedLayer
from service.explain.answers import DiffAnswer
from service.explain.array_summaries import ArrayWriter, add_nonfinite, check_full
from service.explain.subjects import Subject
from service.explain.unit_names import Names
from service.services import Services
from service.store.epochs import epochs


def diff(services: Services, before: Subject, after: Subject, full: bool) -> DiffAnswer:
    """Subtract the parameters of `before` from those of `after`, two epochs of the same job."""
    first, last = before.network, after.network
    check_full(full, first.vector.size)
    writer = ArrayWriter(Names(first), full)
    layers = [
        _layer(writer, placed, other) for placed, other in zip(first.layers, last.layers, strict=True) if placed.values
    ]
    moved = _moved(first, last)
    body: DiffAnswer = {
        "object": "diff",
        "job": after.head["job"],
        "from": {"epoch": before.head["epoch"], **_losses(services, before)},
        "to": {"epoch": after.head["epoch"], **_losses(services, after)},
        "identical": bool(np.array_equal(first.vector, last.vector)),
        "norm": float(np.linalg.norm(moved)),
        "relative": _relative(moved, np.asarray(first.parameters, dtype=np.float64)),
        "layers": layers,
    }
    add_nonfinite(body)
    return body


def _moved(first: Network, last: Network) -> FloatArray:
    return np.subtract(last.parameters, first.parameters, dtype=np.float64)


def _losses(services: Services, subject: Subject) -> dict[str, Any]:
    assert subject.job is not None
    with services.database.read() as connection:
        record = epochs.get_epoch(connection, subject.job.number, subject.job_epoch)
    if record is None:
        return {}
    losses = {"training_loss": record.training_loss, "validation_loss": record.validation_loss}
    return {**losses, "sha256": record.sha256}


def _layer(writer: ArrayWriter, placed: PlacedLayer, other: PlacedLayer) -> dict[str, Any]:
    change = {name: np.subtract(other.values[name], values, dtype=np.float64) for name, values in placed.values.items()}
    arrays = {}
    for name, moved in change.items():
        before = np.asarray(placed.values[name], dtype=np.float64)
        arrays[name] = {
            "norm": float(np.linalg.norm(moved)),
            "relative": _relative(moved, before),
            "largest": _largest(writer, placed.index, name, moved),
        }
    return {
        "layer": placed.index,
        "type": placed.layer.name,
        "identical": not any(moved.any() for moved in change.values()),
        "arrays": arrays,
        "change": writer.parameters(change, placed.index),
    }


def _relative(moved: FloatArray, before: FloatArray) -> float | None:
    """Return the norm of the change relative to the norm of the values before it; None if that is 0."""
    length = float(np.linalg.norm(before))
    return float(np.linalg.norm(moved)) / length if length else None


def _largest(writer: ArrayWriter, layer: int, name: str, moved: FloatArray) -> dict[str, Any]:
    """Return the entry with the largest change."""
    index = tuple(int(step) for step in np.unravel_index(int(np.abs(moved).argmax()), moved.shape))
    return {
        "index": list(index),
        "name": writer.names.parameter(Place(layer, name, index)),
        "change": float(moved[index]),
    }
