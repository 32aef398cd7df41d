"""The loss of a job's network as a function of one parameter (slope) or two (surface)."""

from dataclasses import asdict
from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection.landscape import Landscape, row_cost, row_numbers
from service.backprop.inspection.optimizer_step import fresh, take_step
from service.backprop.inspection.parameter_index import Place, position, stored_position
from service.backprop.network import Network
from service.backprop.training.trainer import EPOCH_0_ROWS
from service.errors import Invalid
from service.explain.answers import SlopeAnswer, SurfaceAnswer
from service.explain.array_summaries import add_nonfinite
from service.explain.batches import first_training_rows
from service.explain.subjects import Subject
from service.explain.unit_names import Names
from service.services import Services
from service.store.epochs import parameter_history
from service.store.epochs.parameter_history import Waypoint

WORK = 300_000_000  # multiplications that a curve or a surface may take: some tens of milliseconds
NUMBERS = 4_000_000  # that the arrays of all rows may have together
FEWEST_ROWS = 16
MOST_WAYPOINTS = 100
MARGIN = 0.1  # of the path's extent, added on either side of a surface


def rows_for(network: Network, layer: int, points: int) -> int:
    """Return on how many rows to compute the loss at each point; at most as many as for the loss of epoch 0."""
    by_work = WORK // row_cost(network, layer, points)
    by_memory = NUMBERS // row_numbers(network)
    return max(FEWEST_ROWS, min(EPOCH_0_ROWS, by_work, by_memory))


def _landscape(services: Services, subject: Subject, layer: int, points: int) -> Landscape:
    batch = first_training_rows(services, subject, rows_for(subject.network, layer, points))
    return Landscape(subject.network, subject.weighing(), batch.X, batch.Y, batch.samples)


def slope(services: Services, subject: Subject, place: Place, span: float, points: int) -> SlopeAnswer:
    """Compute the loss from `span` below a parameter's value to `span` above, its tangent, and the optimizer's step."""
    landscape = _landscape(services, subject, place.layer, points)
    value, gradient = landscape.value(place), landscape.gradient(place)
    values = np.linspace(value - span, value + span, points)
    losses = landscape.along(place, values)
    step, updating = _step(subject, landscape, place), subject.updating()
    body: SlopeAnswer = {
        "object": "slope",
        "job": subject.head["job"],
        "epoch": subject.job_epoch,
        "layer": place.layer,
        "name": Names(subject.network).parameter(place),
        "rows": landscape.count,
        "value": value,
        "loss": landscape.loss,
        "points": [
            {"value": float(at), "loss": float(loss), "tangent": landscape.loss + gradient * (float(at) - value)}
            for at, loss in zip(values, losses, strict=True)
        ],
        "tangent": {"slope": gradient, "loss": landscape.loss},
        "step": {
            "step": step,
            "value": value + step,
            "predicted_change": gradient * step,
            "loss": float(landscape.along(place, np.array([value + step]))[0]),
        },
        "optimizer": {"type": updating.optimizer.name, **asdict(updating.optimizer)},
        "learning_rate": updating.learning_rate,
        "optimizer_state": "fresh" if subject.optimizer_state() is None else "stored",
    }
    if place.name == "weights":
        body["weight"] = list(place.index)
    else:
        body["bias"] = place.index[0]
    add_nonfinite(body)
    return body


def _step(subject: Subject, landscape: Landscape, place: Place) -> float:
    """Return the step that the optimizer would take on these rows; the landscape's network is not changed."""
    network, updating = landscape.network, subject.updating()
    before = network.parameters.copy()
    state = updating.state or fresh(updating.optimizer, network)
    with np.errstate(all="ignore"):
        moved = take_step(
            network,
            landscape.workspace,
            updating.optimizer,
            updating.regularization,
            state,
            updating.learning_rate,
        )
    network.parameters[...] = before
    at = position(network, place)
    return float(moved.after[at] - moved.before[at])


def surface(services: Services, subject: Subject, x: Place, y: Place, span: float | None, points: int) -> SurfaceAnswer:
    """Compute the loss over two parameters and the path of the job; without a `span` the surface contains the path."""
    if x == y:
        raise Invalid.at("?y", "is the same parameter as `x`")
    landscape = _landscape(services, subject, min(x.layer, y.layer), points * points)
    path = _path(services, subject, x, y)
    axes = []
    for number, place in enumerate((x, y)):
        values = _axis(landscape.value(place), [at[number] for _, at in path], span, points)
        axes.append({**_reference(subject.network, place), "value": landscape.value(place), "values": values})
    losses = landscape.over(x, y, axes[0]["values"], axes[1]["values"])
    heights = landscape.at(x, y, [at for _, at in path])
    body: SurfaceAnswer = {
        "object": "surface",
        "job": subject.head["job"],
        "epoch": subject.job_epoch,
        "rows": landscape.count,
        "loss": landscape.loss,
        "x": axes[0],
        "y": axes[1],
        "losses": np.ascontiguousarray(losses),
        "gradient": [landscape.gradient(x), landscape.gradient(y)],
        "path": [
            {
                "epoch": waypoint.epoch,
                "x": at[0],
                "y": at[1],
                "training_loss": waypoint.training_loss,
                "surface_loss": float(height),
            }
            for (waypoint, at), height in zip(path, heights, strict=True)
        ],
    }
    add_nonfinite(body)
    return body


def _reference(network: Network, place: Place) -> dict[str, Any]:
    """Return which parameter an axis is: its layer, its index as the query's `weight` or `bias`, and its name."""
    key = "weight" if place.name == "weights" else "bias"
    index = list(place.index) if place.name == "weights" else place.index[0]
    return {"layer": place.layer, key: index, "name": Names(network).parameter(place)}


def _axis(value: float, on_path: list[float], span: float | None, points: int) -> FloatArray:
    if span is not None:
        return np.linspace(value - span, value + span, points)
    low, high = min([value, *on_path]), max([value, *on_path])
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, points)


def _path(services: Services, subject: Subject, x: Place, y: Place) -> list[tuple[Waypoint, tuple[float, float]]]:
    """Return the values of both parameters at stored epochs, in the order of training."""
    assert subject.job is not None
    size = subject.network.dtype.itemsize
    offsets = [(stored_position(subject.network, place) * size, size) for place in (x, y)]
    with services.database.read() as connection:
        found = parameter_history.waypoints(connection, subject.job.number, offsets, MOST_WAYPOINTS)
    path = []
    for waypoint in found:
        pieces = waypoint.pieces or _pieces(services, waypoint, offsets)
        if pieces is not None:
            a, b = (float(np.frombuffer(piece, dtype=subject.network.dtype)[0]) for piece in pieces)
            path.append((waypoint, (a, b)))
    return path


def _pieces(services: Services, waypoint: Waypoint, offsets: list[tuple[int, int]]) -> tuple[bytes, ...] | None:
    """Read the numbers at `offsets` from a blob; return None when it was removed meanwhile."""
    assert waypoint.address is not None
    pieces = []
    try:
        with services.blobs.path(waypoint.address).open("rb") as stream:
            for first, length in offsets:
                stream.seek(first)
                pieces.append(stream.read(length))
    except FileNotFoundError:
        return None
    return tuple(pieces)
