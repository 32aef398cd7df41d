"""`/v1/models`: trained networks, their versions and aliases, predictions, and files for other programs."""

import os
from collections.abc import Iterator
from typing import IO, Any, Literal, cast

from backprop_client.downloads import download
from backprop_client.http import Transport, segment
from backprop_client.predicting import Prediction, predict
from backprop_client.tables import dataset_content
from backprop_client.types import Alias, ExportFormat, Model, Version


class Models:
    """Models. `version` is a number or an alias; without it the alias `default` if it is set, else the latest."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, name: str) -> Model:
        """Return a model with its versions, its aliases and a body that predict takes."""
        return cast(Model, self._transport.send("GET", _path(name)).json())

    def version(self, name: str, version: int | str) -> Version:
        """Return a version, what it was made of and what was measured of it."""
        return cast(Version, self._transport.send("GET", _path(name, version)).json())

    def list(self, *, page_size: int = 50, unnamed: bool = False) -> Iterator[Model]:
        """Yield models, newest first; `unnamed` adds those of jobs that named none."""
        return self._transport.pages("/v1/models", {"limit": page_size, "unnamed": unnamed or None})

    def delete(self, name: str, version: int | None = None) -> None:
        """Delete a model or one version of it; raise `Conflict` for a version that has an alias."""
        self._transport.delete(_path(name, version))

    def add_version(self, name: str, **fields: Any) -> Version:
        """Make a version of a stored epoch (`job`, `epoch`) or of another version (`version`).

        `decision` is the threshold of two classes, `keep_until` a duration (`"30d"`) or time after which it is deleted.
        """
        return cast(Version, self._transport.send("POST", f"{_path(name)}/versions", fields, creates=True).json())

    def predict(
        self,
        name: str,
        rows: Any,
        *,
        version: int | str | None = None,
        epoch: int | str | None = None,
        unknown: str | None = None,
    ) -> Prediction:
        """Predict rows.

        Parameters
        ----------
        rows
            An array (rows, inputs), a DataFrame with the inputs' columns in any order, a list of lists in the order of
            the inputs, or a list of mappings by column. Numbers are in the units of the dataset as it was sent.
        epoch
            The network as it was after an epoch (a number, `best` or `last`) of the version's job.
        unknown
            `"error"` refuses categories never seen in training, which are all zeros otherwise.

        Raises
        ------
        Invalid
            If a column is missing, or a value is not of its column's type.
        """
        query = {"epoch": epoch, "unknown": unknown}
        return predict(self._transport, _path(name, version), rows, query)

    def predict_file(
        self,
        name: str,
        path: str | os.PathLike[str] | IO[bytes],
        *,
        format: Literal["csv", "json"] = "csv",
        version: int | str | None = None,
        epoch: int | str | None = None,
        **options: Any,
    ) -> bytes:
        """Predict the rows of a file (CSV, Arrow, NPZ, or JSON with `instances`); return the answer's bytes.

        The file is named by its path, or opened for reading bytes.

        Parameters
        ----------
        **options
            How a CSV is read, as in `Datasets.upload`, and `unknown`.

        Raises
        ------
        Problem
            With 413 if the file is too large for one request: upload it as a dataset, and see `Predictions`.
        """
        query = {"format": format, "epoch": epoch, **options}
        with dataset_content(path) as content:
            answer = self._transport.send(
                "POST", f"{_path(name, version)}:predict", query=query, content=content, headers={"Accept": "*/*"}
            )
        return answer.data

    def evaluate(
        self, name: str, dataset: str, *, version: int | str | None = None, epoch: int | str | None = None
    ) -> dict[str, Any]:
        """Return loss, metrics, and of classes the confusion matrix and curves, on a dataset."""
        path = f"{_path(name, version)}:evaluate"
        answer = self._transport.send("POST", path, {"dataset": dataset}, query={"epoch": epoch})
        return cast(dict[str, Any], answer.json())

    def export(
        self,
        name: str,
        to: str | os.PathLike[str] | IO[bytes],
        *,
        format: ExportFormat,
        version: int | str | None = None,
        epoch: int | str | None = None,
    ) -> int:
        """Write a trained network as a file of other programs, to a path or an open file; return its size in bytes."""
        query = {"format": format, "epoch": epoch}
        return download(self._transport, f"{_path(name, version)}/export", query, to)

    def card(self, name: str, version: int | str | None = None) -> str:
        """Return the model card as Markdown."""
        path = f"{_path(name, version)}/card"
        return self._transport.send("GET", path, headers={"Accept": "text/markdown"}).data.decode()

    def alias(self, name: str, alias: str) -> Alias:
        """Return which version an alias names."""
        return cast(Alias, self._transport.send("GET", _alias(name, alias)).json())

    def aliases(self, name: str) -> Iterator[Alias]:
        """Yield the aliases of a model by their names."""
        return self._transport.pages(f"{_path(name)}/aliases", {})

    def set_alias(
        self,
        name: str,
        alias: str,
        version: int | str,
        *,
        if_better_on: dict[str, str] | None = None,
        force: bool = False,
    ) -> Alias:
        """Let an alias name a version.

        Parameters
        ----------
        version
            A number, or `previous` for the version that it named before.
        if_better_on
            `{"dataset", "metric"}`: only if the version is strictly better there than the present one.
        force
            Also if the version has other columns or classes.

        Raises
        ------
        Conflict
            If the version is not better, or differs without `force`.
        """
        body = {"version": version, "if_better_on": if_better_on, "force": force or None}
        given = {field: value for field, value in body.items() if value is not None}
        return cast(Alias, self._transport.send("PUT", _alias(name, alias), given).json())

    def delete_alias(self, name: str, alias: str) -> None:
        """Delete an alias; the version stays."""
        self._transport.delete(_alias(name, alias))


def _path(name: str, version: int | str | None = None) -> str:
    path = f"/v1/models/{segment(name)}"
    return path if version is None else f"{path}/versions/{segment(version)}"


def _alias(name: str, alias: str) -> str:
    return f"{_path(name)}/aliases/{segment(alias)}"
