"""The published rows stay jobs that the service takes."""

import pytest

from benchmarks.classics import DATASETS
from benchmarks.reproduce import ROWS
from benchmarks.rows import Row
from service.definitions.requests import DatasetRequest, JobRequest
from service.definitions.validation import check


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_job_of_a_published_row_is_taken(row: Row) -> None:
    for body in row.jobs:
        job = check(JobRequest, body)
        assert job.dataset in (*DATASETS, "mnist")


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_is_taken(name: str) -> None:
    assert check(DatasetRequest, DATASETS[name]).name == name


def test_rows_have_keys_of_their_own() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)
