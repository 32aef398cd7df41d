"""Deliveries by the process that a worker has for them, beside the processes that train."""

import os
import signal
from pathlib import Path

import pytest

from tests.integration.service import DELIVERIES, Service
from tests.receiver import LOOPBACK, receiver
from tests.waiting import wait_until

pytestmark = pytest.mark.long

XOR = {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}
JOB = {"dataset": XOR, "training": {"epochs": 2, "validation": None}}
SETTINGS = {"BACKPROP_WORKERS": "1", "BACKPROP_API_PROCESSES": "1", "BACKPROP_WEBHOOK_ALLOWED_RANGES": LOOPBACK}
SECONDS = 60.0


def test_a_killed_process_of_deliveries_is_replaced_and_a_stopped_service_leaves_none(tmp_path: Path) -> None:
    with receiver() as there, Service(tmp_path / "data", **SETTINGS) as service:
        webhook = service.post("/v1/webhooks", {"url": there.url})
        there.secrets.append(webhook["secret"])
        tested = service.post(f"/v1/webhooks/{webhook['id']}:test", None)
        assert tested["status"] == "succeeded" and there.types == ["webhook.test"]
        (first,) = service.children(DELIVERIES)
        assert first not in service.training_processes() and len(service.training_processes()) == 1
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: set(service.children(DELIVERIES)) - {first}, SECONDS, "another process of deliveries")
        service.post("/v1/jobs", JOB)
        wait_until(lambda: there.types == ["webhook.test", "job.succeeded"], SECONDS, "the end of a job")
        assert all(each.verified_by for each in there.received)
        own = service.post("/v1/webhooks", {"url": f"{service.address}/v1/jobs"})
        assert own["errors"][0]["detail"].startswith(f"names port {service.port} of this service")
        (last,) = service.children(DELIVERIES)
        assert service.stop() == 0
        assert not Path(f"/proc/{last}").exists()
    assert webhook["secret"] not in service.log.read_text()
