"""`/v1/jobs`: training jobs, their epochs, and their events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from backprop_client.http import Transport, segment
from backprop_client.predicting import Prediction, predict
from backprop_client.sse import follow
from backprop_client.types import Epoch, Estimate, Event, Job, JobSummary, PlannedJob, Status
from backprop_client.waiting import checked, until_settled

MOST_IN_A_PAGE = 1000


class Jobs:
    """Training jobs. Methods that name a job raise `NotFound` if there is none of that id."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        dataset: str | Mapping[str, Any],
        *,
        network: str | Mapping[str, Any] | None = None,
        model: str | None = None,
        training: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Job:
        """Queue a job and return it.

        Parameters
        ----------
        dataset
            The name of a dataset, or a whole one: `{"inputs": [[...]], "targets": [...]}`.
        network
            The name of a network, or a definition such as `{"hidden": [16]}`, which is the default.
        model
            The model that gets a version when the job succeeds; by default one called like the job.
        training
            How to train: `epochs`, `optimizer`, `validation` and so on. What is left out has a default, which the job
            shows.
        idempotency_key
            A key of your own: two calls with the same one make one job, also in two processes.
        **fields
            Further fields of the request, such as `metadata`, `priority`, `hold`, `target`, `promote`.

        Raises
        ------
        Invalid
            If something does not fit; `errors` says where.
        TooMany, Unavailable
            If the queue is full, also after the retries.
        """
        body = _body({"dataset": dataset, "network": network, "model": model, "training": training, **fields})
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return cast(Job, self._transport.send("POST", "/v1/jobs", body, headers=headers, creates=True).json())

    def estimate(self, dataset: str | Mapping[str, Any], **fields: Any) -> Estimate:
        """Return what a job would cost and when it would run; nothing is stored. The parameters are those of `create`.

        Raises
        ------
        Invalid
            If `create` would refuse the job.
        """
        body = _body({"dataset": dataset, **fields})
        return cast(Estimate, self._transport.send("POST", "/v1/jobs:estimate", body).json())

    def dry_run(self, dataset: str | Mapping[str, Any], **fields: Any) -> PlannedJob:
        """Check a job as `create` does, and return it with every default; nothing is stored.

        The parameters are those of `create`.

        Raises
        ------
        Invalid, TooMany, Unavailable
            If `create` would refuse the job now.
        """
        body = _body({"dataset": dataset, **fields})
        return cast(PlannedJob, self._transport.send("POST", "/v1/jobs", body, query={"dry_run": True}).json())

    def get(self, id: str) -> Job:
        """Return a job as it is now."""
        return cast(Job, self._transport.send("GET", _path(id)).json())

    def list(
        self,
        *,
        status: Status | None = None,
        model: str | None = None,
        metadata: Mapping[str, str] | None = None,
        page_size: int = 50,
        **query: Any,
    ) -> Iterator[JobSummary]:
        """Yield summaries of jobs, newest first, with a request for each page of them.

        Parameters
        ----------
        query
            Others of the query: `search` for a text in names and metadata; `sort="position"` for queued jobs (with
            `status="queued"`) in the order in which they are taken; `best=True`, `at_epoch=10` and `curve=24`,
            which add these fields to each summary.
        """
        named = {f"metadata.{name}": value for name, value in (metadata or {}).items()}
        query = {"status": status, "model": model, "limit": page_size, **named, **query}
        return self._transport.pages("/v1/jobs", query)

    def delete(self, id: str) -> None:
        """Delete an ended job with its epochs; raise `Conflict` for one that has not ended."""
        self._transport.delete(_path(id))

    def cancel(self, id: str) -> Job:
        """Cancel a job: at once if it does not run, else at its next batch."""
        return self._command(id, "cancel")

    def pause(self, id: str) -> Job:
        """Pause a job, at the end of its epoch if it runs."""
        return self._command(id, "pause")

    def resume(self, id: str) -> Job:
        """Let a paused job go on."""
        return self._command(id, "resume")

    def step(self, id: str, epochs: int = 1) -> Job:
        """Train a paused job for some epochs, after which it pauses again."""
        return self._command(id, "step", {"epochs": epochs})

    def fork(self, id: str, **fields: Any) -> Job:
        """Queue a job that goes on from an epoch of another: `epoch`, `dataset`, `training`, `model` and so on."""
        return self._command(id, "fork", fields)

    def replay(self, id: str) -> Job:
        """Queue a job that runs another's record again, and ends with whether all was identical."""
        return self._command(id, "replay", {})

    def _command(self, id: str, verb: str, body: Mapping[str, Any] | None = None) -> Job:
        return cast(Job, self._transport.send("POST", f"{_path(id)}:{verb}", body, creates=True).json())

    def wait(
        self,
        job: str | Job | JobSummary,
        *,
        timeout: float | None = None,
        progress: Callable[[Job], object] | None = None,
        every: float = 1.0,
        check: bool = True,
    ) -> Job:
        """Wait until a job has ended or is paused, and return it.

        Parameters
        ----------
        timeout
            Seconds after which `WaitTimeout` is raised; the job goes on. None waits for ever.
        progress
            Called with the job about every `every` seconds: `job["progress"]["fraction"]`, `job["latest"]`.
        check
            Whether a job that failed or was cancelled raises `JobFailed`.
        """
        id = job if isinstance(job, str) else job["id"]
        ended: Job = until_settled(self._transport, _path(id), None, timeout, progress, every)
        return checked(ended) if check else ended

    def epochs(
        self,
        id: str,
        *,
        after: int | None = None,
        until: int | None = None,
        points: int | None = None,
        series: str | tuple[str, ...] | None = None,
    ) -> Iterator[Epoch]:
        """Yield the records of the epochs there are now, oldest first, from epoch 0.

        Parameters
        ----------
        after, until
            The range: epochs after the one and up to the other.
        points
            At most so many of them, which keep the minima and maxima of `series` (by default both losses).
        """
        query = {"after": after, "until": until, "points": points, "series": series}
        if points is not None:
            yield from self._transport.send("GET", f"{_path(id)}/epochs", query=query).json()["data"]
            return
        yield from self._transport.pages(f"{_path(id)}/epochs", {**query, "limit": MOST_IN_A_PAGE})

    def stream_epochs(self, id: str, *, after: int | None = None) -> Iterator[Epoch]:
        """Yield every epoch once, in order, as they are stored, until the job has ended.

        Events announce at most four epochs a second; the ones between are read from the list of epochs. A connection
        that breaks is opened again.
        """
        for event in self.events(id, types=("epoch", "end")):
            newest = event["data"].get("epoch")
            if newest is None or (after is not None and newest <= after):
                continue
            for record in self.epochs(id, after=after, until=newest):
                after = record["epoch"]
                yield record

    def events(
        self, id: str, *, after: int | None = None, types: Sequence[str] = (), live: bool = True
    ) -> Iterator[Event]:
        """Yield the events of a job, each once and in order, until its `end`; a broken connection is opened again.

        Parameters
        ----------
        after
            The id of the last event that you have; by default all events are yielded.
        types
            Of these types alone: `status`, `epoch`, `warning`, `end`.
        live
            Whether to wait for those to come; otherwise the events there are now are yielded.
        """
        path, query = f"{_path(id)}/events", {"types": list(types) or None}
        if not live:
            return self._transport.pages(path, {**query, "after": after, "limit": MOST_IN_A_PAGE})
        return follow(self._transport, path, query, after, lambda event: event["type"] == "end")

    def all_events(self, *, after: int | None = None, types: Sequence[str] = ()) -> Iterator[Event]:
        """Yield the events of all jobs as they come, without an end; without `after` some of the past ones first."""
        query = {"types": list(types) or None}
        return follow(self._transport, "/v1/events", query, after, lambda event: False)

    def predict(self, id: str, rows: Any, *, epoch: int | str = "last", unknown: str | None = None) -> Prediction:
        """Predict rows with the network as it was after a stored epoch (a number, `best` or `last`) of any job.

        See `Models.predict` for what rows may be.
        """
        return predict(self._transport, f"{_path(id)}/epochs/{segment(epoch)}", rows, {"unknown": unknown})

    def evaluate(self, id: str, dataset: str, *, epoch: int | str = "last") -> dict[str, Any]:
        """Return loss, metrics and confusion matrix of a stored epoch on a dataset."""
        path = f"{_path(id)}/epochs/{segment(epoch)}:evaluate"
        return cast(dict[str, Any], self._transport.send("POST", path, {"dataset": dataset}).json())

    def parameters(self, id: str, *, epoch: int | str = "last") -> dict[str, Any]:
        """Return the parameters after a stored epoch as arrays by name: `layers.0.weights` (inputs, units) and so on.

        Raises
        ------
        NotFound
            If the epoch is not stored; its `detail` names the nearest one.
        """
        import io

        import numpy

        answer = self._transport.send(
            "GET", f"{_path(id)}/epochs/{segment(epoch)}/parameters", query={"format": "npz"}, headers={"Accept": "*/*"}
        )
        with numpy.load(io.BytesIO(answer.data), allow_pickle=False) as arrays:
            return dict(arrays)


def _body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request that defines a job, without what was left out."""
    return {name: value for name, value in fields.items() if value is not None}


def _path(id: str) -> str:
    return f"/v1/jobs/{segment(id)}"
