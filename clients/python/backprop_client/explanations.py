"""Explanations of backpropagation: computed of stored networks, and changing nothing."""

from typing import Any, cast

from backprop_client.http import Transport, segment

Explained = dict[str, Any]


class Explanations:
    """Traces, gradient checks and slices of the loss.

    What is explained is named by `job` with `epoch` (a number, `best` or `last`), by `model` with perhaps `version`
    and `epoch`, or by `network`, which has no parameters of its own. Answers are dicts as the reference describes them.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def trace(self, *, full: bool = False, explain: bool = False, **what: Any) -> Explained:
        """Return forward pass, backward pass and the optimizer's next step for some rows, number by number.

        Parameters
        ----------
        full
            Whether arrays of more than 1,000 numbers are written out.
        explain
            Whether formulas with the numbers inserted come along.
        **what
            What is explained, and the body: `instances` with `targets` (at most 16 rows), or `row` of the job's
            dataset; `loss`, `optimizer`; of a bare network `parameters` or `seed`; `claim`, numbers that somebody
            computed by hand, of which the answer says which are wrong.
        """
        return self._post("trace", what, {"full": full or None, "explain": explain or None})

    def gradient_check(self, **what: Any) -> Explained:
        """Compare backpropagation with central differences: `rows`, `parameters`, `epsilon`."""
        return self._post("gradient-check", what, {})

    def slope(
        self,
        job: str,
        epoch: int | str,
        *,
        layer: int,
        weight: tuple[int, int] | None = None,
        bias: int | None = None,
        span: float | None = None,
        points: int | None = None,
    ) -> Explained:
        """Return the loss as one parameter moves, and the tangent there."""
        place = None if weight is None else ",".join(map(str, weight))
        query = {"layer": layer, "weight": place, "bias": bias, "span": span, "points": points}
        return self._get(f"{_epoch(job, epoch)}/slope", query)

    def surface(
        self, job: str, epoch: int | str, *, x: str, y: str, span: float | None = None, points: int | None = None
    ) -> Explained:
        """Return the loss over two parameters, each `layer,input,unit` or `layer,bias,unit`."""
        return self._get(f"{_epoch(job, epoch)}/surface", {"x": x, "y": y, "span": span, "points": points})

    def difference(self, job: str, epoch: int | str, other: int | str, *, full: bool = False) -> Explained:
        """Return by layer how the parameters changed from one epoch to another."""
        return self._get(f"{_epoch(job, epoch)}/diff/{segment(other)}", {"full": full or None})

    def layers(self, job: str, *, after: int | None = None, points: int | None = None) -> list[Explained]:
        """Return by epoch and layer the lengths of errors, weights and updates, and the share of dead units."""
        return list(self._transport.pages(f"/v1/jobs/{segment(job)}/layers", {"after": after, "points": points}))

    def _get(self, path: str, query: dict[str, Any]) -> Explained:
        return cast(Explained, self._transport.send("GET", path, query=query).json())

    def _post(self, verb: str, what: dict[str, Any], query: dict[str, Any]) -> Explained:
        names = ("job", "model", "network", "version", "epoch")
        named = {name: what[name] for name in names if what.get(name) is not None}
        body = {name: value for name, value in what.items() if name not in names}
        if "job" in named:
            path = _epoch(named["job"], named.get("epoch", "last"))
        elif "model" in named:
            version = f"/versions/{segment(named['version'])}" if "version" in named else ""
            path, query = f"/v1/models/{segment(named['model'])}{version}", {**query, "epoch": named.get("epoch")}
        elif "network" in named:
            path = f"/v1/networks/{segment(named['network'])}"
        else:
            raise TypeError("name what is explained: job= and epoch=, model=, or network=")
        return cast(Explained, self._transport.send("POST", f"{path}:{verb}", body, query=query).json())


def _epoch(job: str, epoch: int | str) -> str:
    return f"/v1/jobs/{segment(job)}/epochs/{segment(epoch)}"
