"""The undocumented functions of Celery, billiard, kombu and multiprocessing that this project relies on.

An upgrade that moves or renames one fails here, with its name, rather than in a test of a service that hangs.
"""

import ast
import inspect
import multiprocessing
from importlib.metadata import version
from pathlib import Path

import billiard
import billiard.pool
import kombu.transport.virtual
import pytest
from celery.concurrency import asynpool, prefork
from celery.worker.consumer import Consumer

import workers
from service.queue import Doorbell
from workers import celery_internals
from workers.exit_codes import ExitCodes
from workers.shutting_down import ShuttingDown

ROOT = Path(workers.__file__).parent.parent


def _source(of: object) -> str:
    return inspect.getsource(of)  # type: ignore[arg-type]


@pytest.mark.parametrize("package", celery_internals.CHECKED_WITH)
def test_the_installed_version_is_the_one_that_was_checked(package: str) -> None:
    assert version(package) == celery_internals.CHECKED_WITH[package], "read the hooks again, then change CHECKED_WITH"


def test_both_pools_report_each_ended_child_to_process_flush_queues() -> None:
    assert list(inspect.signature(asynpool.AsynPool.process_flush_queues).parameters) == ["self", "proc"]
    assert list(inspect.signature(billiard.pool.Pool.process_flush_queues).parameters) == ["self", "worker"]
    assert "process_flush_queues(proc)" in _source(asynpool.AsynPool)
    assert "self.process_flush_queues(worker)" in _source(billiard.pool.Pool._join_exited_workers)


def test_both_pools_replace_children_in_repopulate_pool_alone() -> None:
    assert list(inspect.signature(billiard.pool.Pool._repopulate_pool).parameters) == ["self", "exitcodes"]
    assert "_repopulate_pool" not in asynpool.AsynPool.__dict__
    assert "self._repopulate_pool(joined)" in _source(billiard.pool.Pool._maintain_pool)


def test_the_event_loop_calls_the_timers_of_the_pool() -> None:
    assert isinstance(asynpool.AsynPool.timers, property)
    assert "self.timers.items()" in _source(asynpool.AsynPool.register_with_event_loop)
    assert callable(asynpool.AsynPool.maintain_pool)


def test_the_task_pool_makes_the_pools_that_it_names() -> None:
    pool = celery_internals.pool_that_records(ExitCodes(), ShuttingDown(), lambda: None)
    assert prefork.TaskPool.Pool is asynpool.AsynPool and issubclass(prefork.TaskPool.BlockingPool, billiard.pool.Pool)
    assert "self.Pool" in _source(prefork.TaskPool.on_start) and "self.BlockingPool" in _source(prefork.TaskPool)
    assert issubclass(pool.Pool, prefork.TaskPool.Pool) and issubclass(pool.BlockingPool, prefork.TaskPool.BlockingPool)


def test_the_consumer_connects_through_ensure_connection_with_a_callback() -> None:
    assert list(inspect.signature(Consumer.ensure_connected).parameters) == ["self", "conn"]
    assert "conn.ensure_connection(" in _source(Consumer.ensure_connected)
    assert "callback=" in _source(Consumer.ensure_connected)
    assert "self.pool" in _source(Consumer.__init__)


def test_billiard_resets_signals_in_a_child_by_that_name() -> None:
    assert callable(billiard.pool.reset_signals)
    assert "reset_signals(full=self.sigprotection)" in _source(billiard.pool.Worker.after_fork)
    assert billiard.active_children() == []


def test_multiprocessing_keeps_its_folder_in_the_configuration_of_the_process() -> None:
    assert "tempdir" in _source(multiprocessing.util.get_temp_dir)
    assert isinstance(multiprocessing.current_process()._config, dict)  # type: ignore[attr-defined]


def test_the_queue_knows_the_size_of_a_list_of_messages() -> None:
    """`Doorbell._send` asks the channel; it is the one such call outside of `workers.celery_internals`."""
    assert list(inspect.signature(kombu.transport.virtual.Channel._size).parameters) == ["self", "queue"]
    assert "channel._size(" in _source(Doorbell._send)


def test_no_other_module_imports_what_is_inside_celery() -> None:
    allowed = {"celery", "celery.platforms", "kombu.exceptions"}
    for path in [*(ROOT / "service").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]:
        if path.name == "celery_internals.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found = {name for name in names if name.partition(".")[0] in ("celery", "kombu", "billiard")}
            assert found <= allowed, f"{path} imports {found - allowed}: it belongs in workers/celery_internals.py"
