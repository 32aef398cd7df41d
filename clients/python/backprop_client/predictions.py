"""`/v1/predictions`: predictions of whole datasets, which workers compute."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, Literal, cast

from backprop_client.downloads import download
from backprop_client.http import Transport, segment
from backprop_client.types import BatchPrediction, Status
from backprop_client.waiting import checked, until_settled


class Predictions:
    """Predictions of datasets."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        model: str,
        dataset: str,
        *,
        version: int | str | None = None,
        keep: list[str] | None = None,
        **fields: Any,
    ) -> BatchPrediction:
        """Queue the prediction of a dataset.

        Parameters
        ----------
        keep
            Columns of the dataset that the result has next to the predictions.
        **fields
            Further fields of the request: `epoch`, `dataset_version`, `metadata`.
        """
        body = {"model": model, "dataset": dataset, "version": version, "keep": keep, **fields}
        given = {name: value for name, value in body.items() if value is not None}
        return cast(BatchPrediction, self._transport.send("POST", "/v1/predictions", given, creates=True).json())

    def get(self, id: str) -> BatchPrediction:
        """Return a prediction as it is now."""
        return cast(BatchPrediction, self._transport.send("GET", _path(id)).json())

    def list(
        self,
        *,
        status: Status | None = None,
        model: str | None = None,
        dataset: str | None = None,
        metadata: Mapping[str, str] | None = None,
        page_size: int = 50,
    ) -> Iterator[BatchPrediction]:
        """Yield predictions, newest first."""
        named = {f"metadata.{name}": value for name, value in (metadata or {}).items()}
        query = {"status": status, "model": model, "dataset": dataset, "limit": page_size, **named}
        return self._transport.pages("/v1/predictions", query)

    def wait(
        self,
        prediction: str | BatchPrediction,
        *,
        timeout: float | None = None,
        progress: Callable[[BatchPrediction], object] | None = None,
        every: float = 1.0,
    ) -> BatchPrediction:
        """Wait until a prediction has ended; the parameters are those of `Jobs.wait`."""
        id = prediction if isinstance(prediction, str) else prediction["id"]
        ended: BatchPrediction = until_settled(self._transport, _path(id), None, timeout, progress, every)
        return checked(ended)

    def result(
        self,
        id: str,
        to: str | os.PathLike[str] | IO[bytes],
        *,
        format: Literal["csv", "npz", "parquet", "jsonl"] = "csv",
    ) -> int:
        """Write the result to a path or an open file; return its size in bytes; `Conflict` before it has succeeded."""
        return download(self._transport, f"{_path(id)}/result", {"format": format}, to)

    def cancel(self, id: str) -> BatchPrediction:
        """Cancel a prediction: at once, or at its next block of rows."""
        return cast(BatchPrediction, self._transport.send("POST", f"{_path(id)}:cancel", creates=True).json())

    def delete(self, id: str) -> None:
        """Delete an ended prediction with its result."""
        self._transport.delete(_path(id))


def _path(id: str) -> str:
    return f"/v1/predictions/{segment(id)}"
