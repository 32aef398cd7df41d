"""What the tests of forks and replays share: rows, asking for a job and running it, and its record."""

from collections.abc import Callable
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from service.services import Services
from workers.run.run import run_next_job

Job = dict[str, Any]
Ask = Callable[..., Job]


def classes(rows: int = 60, seed: int = 3) -> dict[str, Any]:
    """Rows of a table with a column of text, and three classes."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 3)).round(3)
    kinds = np.where(numbers[:, 0] > 0.4, "u", np.where(numbers[:, 1] > 0, "v", "w"))
    return {
        "columns": ["a", "b", "c", "shade", "kind"],
        "rows": [
            [*row, ("dark", "light")[index % 2], kind]
            for index, (row, kind) in enumerate(zip(numbers.tolist(), kinds.tolist(), strict=True))
        ],
    }


def asker(client: FlaskClient, service: Services) -> Ask:
    """Posts to a path, lets a worker run what came of it, and gives the job as it ended."""

    def ask(path: str, body: Any = None, status: str = "succeeded") -> Job:
        answer = client.post(path, json=body)
        assert answer.status_code == 202, answer.text
        assert run_next_job(service, "test", lambda: False)
        job: Job = client.get(answer.headers["Location"]).json
        assert job["status"] == status, job["error"]
        return job

    return ask


def record_of(client: FlaskClient, job: Job, after: int | None = None) -> list[dict[str, Any]]:
    """All epochs of a job, past one if it is given."""
    query = "limit=1000" if after is None else f"limit=1000&after={after}"
    return list(client.get(f"/v1/jobs/{job['id']}/epochs?{query}").json["data"])


def hashes_of(client: FlaskClient, job: Job, after: int | None = None) -> list[str]:
    return [epoch["sha256"] for epoch in record_of(client, job, after)]


def verdict_of(ask: Ask, record: Job) -> dict[str, Any]:
    verdict: dict[str, Any] = ask(f"/v1/jobs/{record['id']}:replay")["replay"]
    return verdict
