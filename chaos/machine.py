"""A state machine of jobs: actions of clients and workers in any order, through the API, compared with `chaos.model`.

After each step, the status, request, attempt and queue position of every job are compared with its model; at the end of
a run, the events, epochs and hashes.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import hypothesis.strategies as st
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chaos.kinds import XOR
from chaos.model import DONE, Expected, next_to_run
from chaos.slices import Slices
from service.services import Services
from service.store import workers
from service.store.database import clock
from service.store.jobs import jobs
from service.store.tables import jobs as table

EPOCHS = 8
MOST_JOBS = 4
TRAINING = {"epochs": EPOCHS, "batch_size": 2, "seed": 3, "optimizer": "adam"}
CRASHED, KILLED = 1, -9
PICK = st.integers(0, 11)


@dataclass(frozen=True)
class Ground:
    """An application in this process, its services, and the hashes of the epochs of an undisturbed job."""

    client: FlaskClient
    services: Services
    hashes: list[tuple[int, str]]

    @classmethod
    def of(cls, client: FlaskClient, services: Services) -> "Ground":
        """Return a ground after training the job once, undisturbed."""
        client.post("/v1/datasets", json={"name": "xor", **XOR})
        bare = cls(client, services, [])
        job = bare.post("/v1/jobs", {"dataset": "xor", "training": TRAINING}).json["id"]
        undisturbed = Slices(services, "undisturbed:1:1")
        undisturbed.begin()
        undisturbed.go(EPOCHS * len(XOR["inputs"]))
        assert bare.read(f"/v1/jobs/{job}")["status"] == "succeeded"
        hashes = bare.hashes_of(job)
        client.delete(f"/v1/jobs/{job}")
        return cls(client, services, hashes)

    def read(self, path: str) -> Any:
        return self.client.get(path).json

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(path, json=body)

    def hashes_of(self, job: str) -> list[tuple[int, str]]:
        return [(epoch["epoch"], epoch["sha256"]) for epoch in self.read(f"/v1/jobs/{job}/epochs")["data"]]


class Jobs(RuleBasedStateMachine):
    """Some jobs and at most one worker."""

    ground: ClassVar[Ground]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Expected] = []
        self.ended: dict[str, Any] = {}  # the first answer about each ended job
        self.worker: Slices | None = None
        self.runs: Expected | None = None
        self.orphans: list[Expected] = []  # owned by workers that vanished
        self.names = 0

    @rule(hold=st.booleans(), priority=st.sampled_from([0, 0, 5]))
    @precondition(lambda self: len(self.jobs) < MOST_JOBS)
    def submit(self, hold: bool, priority: int) -> None:
        body = {"dataset": "xor", "training": TRAINING, "hold": hold, "priority": priority}
        answer = self.ground.post("/v1/jobs", body)
        assert answer.status_code == DONE, answer.text
        self.jobs.append(Expected(answer.json["id"], EPOCHS, priority, 0 if hold else None))

    @rule(pick=PICK)
    @precondition(lambda self: self.jobs)
    def pause(self, pick: int) -> None:
        job = self._picked(pick)
        self._asked(job, "pause", job.pause(), None)

    @rule(pick=PICK)
    @precondition(lambda self: self.jobs)
    def resume(self, pick: int) -> None:
        job = self._picked(pick)
        self._asked(job, "resume", job.resume(), None)

    @rule(pick=PICK)
    @precondition(lambda self: self.jobs)
    def cancel(self, pick: int) -> None:
        job = self._picked(pick)
        self._asked(job, "cancel", job.cancel(), None)

    @rule(pick=PICK, epochs=st.integers(1, EPOCHS + 1))
    @precondition(lambda self: self.jobs)
    def step(self, pick: int, epochs: int) -> None:
        job = self._picked(pick)
        self._asked(job, "step", job.step(epochs), {"epochs": epochs})

    def _picked(self, pick: int) -> Expected:
        """Return one of the jobs, more often one that a worker owns or owned when it was lost."""
        held = [] if self.runs is None else [self.runs]
        choice = [*self.jobs, *held * 2, *self.orphans * 3]
        return choice[pick % len(choice)]

    def _asked(self, job: Expected, verb: str, status: int, body: Any) -> None:
        answer = self.ground.post(f"/v1/jobs/{job.id}:{verb}", body)
        assert answer.status_code == status, f"{verb}: {answer.status_code}, expected {status}: {answer.text}"
        if answer.status_code < 300:
            assert (answer.json["status"], answer.json["requested"]) == (job.status, job.requested), answer.text
        else:
            assert answer.mimetype == "application/problem+json"
        self.orphans = [orphan for orphan in self.orphans if orphan.status == "running"]
        if self.worker is not None and job is self.runs:
            self.worker.has_looked()

    @rule(pick=PICK)
    @precondition(lambda self: self.jobs)
    def delete(self, pick: int) -> None:
        job = self._picked(pick)
        if job.ended:
            self._check_events(job)
        assert self.ground.client.delete(f"/v1/jobs/{job.id}").status_code == job.delete()
        if job.ended:
            assert self.ground.client.get(f"/v1/jobs/{job.id}").status_code == 404
            self.jobs.remove(job)

    @rule()
    @precondition(lambda self: self.worker is None)
    def begin(self) -> None:
        """Start a worker, which releases the jobs of ended workers and claims the first queued job."""
        self.names += 1
        worker = Slices(self.ground.services, f"elsewhere:1:{self.names}")
        for orphan in self.orphans:
            orphan.died(self._has_stored(orphan), counts=False)
        self.orphans = []
        self.runs = next_to_run(self.jobs)
        if self.runs is not None:
            self.runs.claimed()
        worker.begin()
        assert worker.had_a_job is not (self.runs is None)
        if self.runs is not None:
            self.worker = worker
            self._settled()

    @rule(batches=st.integers(1, 2 * EPOCHS + 2))
    @precondition(lambda self: self.worker is not None)
    def go(self, batches: int) -> None:
        assert self.worker is not None
        self.worker.go(batches)
        self._settled()

    @rule()
    @precondition(lambda self: self.worker is not None)
    def stop(self) -> None:
        """Stop the worker as by SIGTERM."""
        assert self.worker is not None
        self.worker.stop()
        self._settled()

    @rule(exit_code=st.sampled_from([CRASHED, CRASHED, KILLED]))
    @precondition(lambda self: self.worker is not None)
    def die(self, exit_code: int) -> None:
        """End the worker, with an exit code that its parent records."""
        assert self.worker is not None and self.runs is not None
        self.worker.die()
        self._read_epoch(self.runs)
        self.runs.died(self._has_stored(self.runs), counts=exit_code == CRASHED)
        with self.ground.services.database.begin() as connection:
            workers.remove_ended(connection, self.worker.worker, exit_code)
        self.worker = self.runs = None

    @rule()
    @precondition(lambda self: self.worker is not None)
    def vanish(self) -> None:
        """End the worker without a recorded exit code, and let its lease expire."""
        assert self.worker is not None and self.runs is not None
        self.worker.die()
        self._read_epoch(self.runs)
        with self.ground.services.database.begin() as connection:
            connection.execute(table.update().where(table.c.id == self.runs.id).values(lease_until=clock(-1)))
        self.runs.leased = False
        self.orphans.append(self.runs)
        self.worker = self.runs = None

    def _settled(self) -> None:
        """Wait until the run is before a batch or has ended by itself; update the model."""
        assert self.worker is not None and self.runs is not None
        if self.worker.goes_on:
            return
        self._read_epoch(self.runs)
        self.runs.run_ended(self.runs.epoch)
        self.worker = self.runs = None

    def _read_epoch(self, job: Expected) -> None:
        """Read the job's epoch into the model, which cannot predict it; it must not decrease."""
        latest = self.ground.read(f"/v1/jobs/{job.id}")["latest"]
        epoch = None if latest is None else latest["epoch"]
        assert job.epoch is None or (epoch is not None and epoch >= job.epoch)
        job.epoch = epoch

    def _has_stored(self, job: Expected) -> bool:
        with self.ground.services.database.read() as connection:
            record = jobs.get_job(connection, job.id)
        return record.stored_attempt == record.attempt

    @invariant()
    def every_job_is_as_its_model(self) -> None:
        type(self).steps += 1
        listed = {job["id"]: job for job in self.ground.read("/v1/jobs")["data"]}
        assert listed.keys() == {job.id for job in self.jobs}
        waiting = sorted(
            (job for job in self.jobs if job.status == "queued"), key=lambda job: (-job.priority, job.place)
        )
        for job in self.jobs:
            found = listed[job.id]
            stands = (found["status"], found["requested"], found["attempt"])
            assert stands == (job.status, job.requested, job.attempt), f"{stands}, expected {job}"
            position = waiting.index(job) + 1 if job in waiting else None
            assert (found["waiting"] or {"position": None})["position"] == position
            if job.ended:
                assert self.ended.setdefault(job.id, found) == found, "an ended job has changed"

    def _check_events(self, job: Expected) -> None:
        """Compare the events, epochs and hashes of a job."""
        events = self.ground.read(f"/v1/jobs/{job.id}/events?limit=1000")["data"]
        reported = [tuple(each["data"].values()) for each in events if each["type"] == "status"]
        assert reported == job.reported, f"{reported}, expected {job.reported}"
        assert [each["id"] for each in events] == sorted({each["id"] for each in events})
        ends = [number for number, each in enumerate(events) if each["type"] == "end"]
        assert ends == ([len(events) - 1] if job.ended else [])
        hashes = self.ground.hashes_of(job.id)
        assert hashes == self.ground.hashes[: len(hashes)]
        if job is not self.runs:
            assert len(hashes) == (0 if job.epoch is None else job.epoch + 1)

    def teardown(self) -> None:
        """Check the events of all jobs, then delete them."""
        try:
            for job in self.jobs:
                self._check_events(job)
        finally:
            self._clear()

    def _clear(self) -> None:
        if self.worker is not None:
            self.worker.die()
        with self.ground.services.database.begin() as connection:
            connection.execute(table.update().values(lease_until=clock(-1)))
        for job in self.ground.read("/v1/jobs")["data"]:
            self.ground.post(f"/v1/jobs/{job['id']}:cancel")
            assert self.ground.client.delete(f"/v1/jobs/{job['id']}").status_code == 204


def run_machine(ground: Ground, runs: int, steps: int, number: int) -> int:
    """Make `runs` runs of at most `steps` steps, seeded with `number`; return the number of steps."""

    @seed(number)
    class Here(Jobs):
        pass

    Here.ground = ground
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # without shrinking, as failed runs are short
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Here, settings=chosen)
    return Here.steps
