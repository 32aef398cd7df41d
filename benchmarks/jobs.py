"""Functions that post jobs over HTTP and wait until they have succeeded."""

from typing import Any

from benchmarks.plain_client import Client


class NotTrained(Exception):
    """A job ended otherwise than `succeeded`."""


def finish(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    """Post a job and wait until it has ended; return it."""
    return _until_ended(client, client.send("POST", "/v1/jobs?wait=60", body))


def ended(client: Client, job_id: str) -> dict[str, Any]:
    """Wait until a posted job has ended; return it."""
    return _until_ended(client, client.send("GET", f"/v1/jobs/{job_id}?wait=60"))


def _until_ended(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    while job["status"] in ("queued", "running"):
        job = client.send("GET", f"/v1/jobs/{job['id']}?wait=60")
    if job["status"] != "succeeded":
        raise NotTrained(f"{job['id']} is {job['status']}: {job['error']}")
    return job
