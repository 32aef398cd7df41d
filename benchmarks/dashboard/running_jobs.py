"""What the list of jobs takes of a core, and of memory, while 50 jobs train.

No job trains: the database says that 50 do, and four times a second an event of each is written as workers write them,
so that the machine has nothing else to do than the service and the browser. The stream and the page are the real ones.
"""

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, CDPSession, sync_playwright

from benchmarks.dashboard.stored_jobs import FAR_AWAY, service_with_jobs
from service.config import Settings
from service.services import open_services
from service.store import events
from service.store.records import Kind
from tests.dashboard.browser import launched
from tests.integration.service import Service

JOBS, EVENTS_A_SECOND, WANTED_SHARE = 50, 4, 0.05
SETTLING_SECONDS, FIRST_EPOCH = 5.0, 201
MIB = 1024 * 1024
RUNNING = {"status": "running", "lease_until": FAR_AWAY, "finished_at": None, "worker": "benchmark"}


def measure(chosen: argparse.Namespace) -> str:
    """Follow running jobs for some time; return the share of a core, and the heap at both ends."""
    with service_with_jobs(JOBS, epochs=1_000_000, **RUNNING) as (service, numbers), sync_playwright() as playwright:
        browser = launched(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(service.address)
        page.locator(".live.open").wait_for()
        client = page.context.new_cdp_session(page)
        client.send("Performance.enable")
        with _training(service, numbers) as written:
            time.sleep(SETTLING_SECONDS)
            heap, spent = _heap(client), _spent(client)
            first, began, seconds = written[0], time.monotonic(), _processor_seconds(browser)
            page.wait_for_timeout(chosen.seconds * 1000)
            share = (_processor_seconds(browser) - seconds) / (time.monotonic() - began)
            rate = (written[0] - first) / (time.monotonic() - began)
            grown, parts = _heap(client), {name: value - spent[name] for name, value in _spent(client).items()}
        if rate < JOBS * EVENTS_A_SECOND / 2:
            raise RuntimeError(f"only {rate:.0f} events a second were written: the machine is too busy to measure")
        shown = page.locator("table.jobs tbody tr").first.locator(".job-progress").inner_text()
        browser.close()
    return (
        f"{JOBS} running jobs, {rate:.0f} events a second for {chosen.seconds:.0f} s: {share:.1%} of a core in the "
        f"renderer, target: {WANTED_SHARE:.0%}; JavaScript heap {heap / MIB:.1f} MiB, then {grown / MIB:.1f} MiB; "
        f"of the main thread: "
        + ", ".join(f"{name} {value / chosen.seconds:.1%}" for name, value in parts.items())
        + f"; a row at the end: {shown}"
    )


@contextmanager
def _training(service: Service, numbers: list[int]) -> Iterator[list[int]]:
    """Write the events of jobs that train; yield how many were written."""
    stop, written = threading.Event(), [0]
    thread = threading.Thread(target=_write, args=(service, numbers, stop, written), name="events")
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()


def _write(service: Service, numbers: list[int], stop: threading.Event, written: list[int]) -> None:
    services = open_services(Settings(data_dir=service.data_dir))
    due, epoch = time.monotonic(), FIRST_EPOCH
    while not stop.wait(max(due - time.monotonic(), 0.0)):
        with services.database.begin() as connection:
            for number in numbers:
                events.add(connection, number, Kind.EPOCH, _record(epoch, 1 / (epoch + number)))
        written[0] += len(numbers)
        due, epoch = max(due + 1 / EVENTS_A_SECOND, time.monotonic() - 1.0), epoch + 1


def _record(epoch: int, loss: float) -> dict[str, object]:
    metrics = {"training": {"accuracy": 0.5}, "validation": {}}
    record = {"epoch": epoch, "training_loss": loss, "validation_loss": None, "metrics": metrics, "learning_rate": 0.1}
    return record | {"seconds": 0.01, "parameters_stored": True, "sha256": f"{epoch:064x}"}


def _processor_seconds(browser: Browser) -> float:
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return float(sum(each["cpuTime"] for each in found if each["type"] == "renderer"))


def _spent(client: CDPSession) -> dict[str, float]:
    """Return the seconds that the main thread has spent, on all and on each kind of work."""
    found = {each["name"]: float(each["value"]) for each in client.send("Performance.getMetrics")["metrics"]}
    return {name: found[f"{name}Duration"] for name in ("Task", "Script", "Layout", "RecalcStyle")}


def _heap(client: CDPSession) -> float:
    """Return the bytes of JavaScript's heap that are in use, without what is garbage."""
    client.send("HeapProfiler.collectGarbage")
    metrics = client.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize"))
