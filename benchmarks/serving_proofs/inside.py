"""The application in this process with a trained model, for proofs that look into its memory."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.warm_prediction import log_to, send, through_wsgi
from service import logs
from service.app import create_app
from service.config import Settings
from service.models.cache import ModelCache
from service.services import Services, open_services
from service.store.migrate import migrate
from service.store.tenancy import DEFAULT_TENANT
from workers.run.run import run_next_job

PROC = Path("/proc/self/statm")
PAGE_BYTES = 4096
MIB = 1024 * 1024


@dataclass(frozen=True)
class Inside:
    """An application with its services; `cache` holds its networks."""

    app: Any  # of Flask
    services: Services

    @property
    def cache(self) -> ModelCache:
        cache: ModelCache = self.app.extensions["model_cache"]
        return cache

    @property
    def tenant(self) -> Services:
        return self.services.scoped(DEFAULT_TENANT)

    def train(self, model: str, inputs: int, hidden: list[int], outputs: int) -> None:
        """Train a model for one epoch on a row for each output."""
        rows = [[float(row == column) for column in range(inputs)] for row in range(outputs)]
        job = {
            "model": model,
            "dataset": {"inputs": rows, "targets": rows if inputs == outputs else [row[:outputs] for row in rows]},
            "network": {"hidden": hidden},
            "training": {"epochs": 1, "seed": 1},
        }
        send(self.app, "POST", "/v1/jobs", job, "")
        assert run_next_job(self.services, "benchmark", lambda: False)

    def predicting(self, model: str) -> Callable[[], None]:
        """Return a function that predicts one row of a 2-4-1 network through the WSGI application."""
        return through_wsgi(self.app, model, "")


@contextmanager
def opened(**settings: Any) -> Iterator[Inside]:
    """Open an application on SQLite in a folder of its own, which logs to a file as `backprop serve` does."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bp-proofs-")))
        log_to(stack.enter_context((folder / "log").open("w")))
        stack.callback(logs.configure, "warning", "text")
        made = Settings(data_dir=folder, queue_url=f"filesystem://{folder / 'queue'}", auth="off", **settings)
        services = open_services(made)
        stack.callback(services.database.dispose)
        migrate(services.database)
        app = create_app(made)
        stack.callback(app.extensions["services"].database.dispose)
        yield Inside(app, services)


def resident_bytes() -> int:
    """Return the memory of this process that is in use now."""
    return int(PROC.read_text().split()[1]) * PAGE_BYTES
