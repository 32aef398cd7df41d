"""`/v1/datasets`: tables and arrays that networks are trained on."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from backprop_client.http import Transport, segment
from backprop_client.tables import dataset_content
from backprop_client.types import Dataset

UPLOAD_SECONDS = 900.0  # of silence, while the service reads a large table


class Datasets:
    """Datasets. A name alone means its latest version, `name@2` a version."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(
        self,
        data: Any,
        targets: Any = None,
        *,
        name: str | None = None,
        target: str | list[str] | None = None,
        drop: str | list[str] | None = None,
        weight: str | None = None,
        types: Mapping[str, str] | None = None,
        target_type: str | None = None,
        scale: float | None = None,
        **options: Any,
    ) -> Dataset:
        """Store a dataset and return it with its columns.

        Parameters
        ----------
        data
            One of

            - the path of a file (CSV, Parquet, Arrow, JSON, JSON Lines, NPZ, also packed by gzip or zstd), which is
              streamed from disk, or a file opened for reading bytes;
            - a DataFrame of pandas, polars or another library that speaks Arrow's protocol;
            - an array (rows, ...) of inputs, with `targets`; or lists of numbers, with `targets`;
            - records: an iterable of mappings with the same keys.
        targets
            The targets of arrays and lists, (rows,) or (rows, outputs); tables have theirs as columns.
        name
            Other content under a name that is there is its next version. Without a name one is made up.
        target, drop, weight
            Columns: the targets (by default the last one; `"none"` for a dataset to predict on), those to leave out,
            and the one that weighs the rows.
        types
            How columns are read: `number`, `category`, `date` or `ignore` by name.
        target_type
            `class` or `value`; by default each job decides.
        scale
            What inputs are divided by, also those that are sent to predict.
        **options
            How a CSV is read: `delimiter`, `header`, `decimal`, `thousands`, `missing`, `encoding`. Of an NPZ file the
            names of its arrays: `inputs`, `targets`.

        Raises
        ------
        Invalid
            With the row, the column and the option that helps, for the first ten faults.
        """
        query = {
            "target": target,
            "drop": drop,
            "weight": weight,
            "types": None if types is None else [f"{column}:{kind}" for column, kind in types.items()],
            "target_type": target_type,
            "scale": scale,
            **options,
        }
        with dataset_content(data, targets) as content:
            method, path = ("POST", "/v1/datasets") if name is None else ("PUT", _path(name))
            answer = self._transport.send(
                method, path, query=query, content=content, creates=name is None, timeout=UPLOAD_SECONDS
            )
        return cast(Dataset, answer.json())

    def get(self, name: str) -> Dataset:
        """Return a dataset with its columns and their statistics."""
        return cast(Dataset, self._transport.send("GET", _path(name)).json())

    def list(self, *, page_size: int = 50) -> Iterator[Dataset]:
        """Yield the latest version of every dataset, newest first, without columns."""
        return self._transport.pages("/v1/datasets", {"limit": page_size})

    def versions(self, name: str) -> Iterator[Dataset]:
        """Yield the versions of a dataset, newest first, without columns."""
        return self._transport.pages(f"{_path(name)}/versions", {})

    def rows(self, name: str, *, page_size: int = 1000) -> Iterator[dict[str, Any]]:
        """Yield the rows as they were read, in their order."""
        return self._transport.pages(f"{_path(name)}/rows", {"limit": page_size})

    def delete(self, name: str) -> None:
        """Delete a dataset with all its versions, or one version; raise `Conflict` while a job uses it."""
        self._transport.delete(_path(name))


def _path(name: str) -> str:
    return f"/v1/datasets/{segment(name)}"
