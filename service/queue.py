"""The Celery application, and the doorbell: an empty message on which workers look for a job.

Jobs are stored in the database alone, and workers also look for them without a message, so a message may be lost or
delivered twice.
"""

import logging
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from celery import Celery
from kombu.exceptions import OperationalError

RUN_NEXT_JOB = "backprop.run_next_job"
QUEUE = "backprop"
MOST_RINGS = 100  # messages in the queue at once: more have no use and would accumulate while no worker is running
SILENCE_SECONDS = 2.0  # after a failure no message is sent for so long
ANSWER_SECONDS = 5.0
IDLE_SECONDS = 30.0  # the thread that sends ends when there was nothing to send for so long

log = logging.getLogger(__name__)


def make_celery(queue_url: str) -> Celery:
    """Return the Celery application for the server, or the folder (`filesystem://PATH`), at `queue_url`."""
    options: dict[str, object] = {
        "socket_connect_timeout": 1,
        "socket_timeout": ANSWER_SECONDS,
        "retry_on_timeout": False,
        "visibility_timeout": 3600,
    }
    url = queue_url
    if queue_url.startswith("filesystem://"):
        folder = Path(urlsplit(queue_url).path)
        options = {name: str(folder / "messages") for name in ("data_folder_in", "data_folder_out")}
        options |= {"control_folder": str(folder / "control"), "polling_interval": 0.5}
        (folder / "messages").mkdir(parents=True, exist_ok=True)
        url = "filesystem://"
    elif queue_url.startswith("unix://"):
        url = "redis+socket://" + queue_url.removeprefix("unix://")
    app = Celery("backprop", broker=url, set_as_current=False)
    app.conf.update(
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=options,
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        task_serializer="json",
        accept_content=["json"],
    )
    return app


class Doorbell:
    """Sends workers the message that a job is queued, in a thread of its own: no caller waits for the queue.

    Workers also look for jobs by themselves, so a message that was not sent only delays a job.
    """

    def __init__(self, queue_url: str) -> None:
        self.celery = make_celery(queue_url)
        self._rings = 0  # messages to send
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None  # started by the first ring, as a process may fork before
        server = self.celery.connection_for_write()
        # kombu translates the failures of the driver when it sends, but not when it is asked for a size
        self._failures = (OperationalError, OSError, *server.connection_errors, *server.channel_errors)

    def ring(self) -> None:
        """Have a message sent; at once, unless the queue does not answer."""
        with self._changed:
            self._rings = min(self._rings + 1, MOST_RINGS)
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_rings, name="doorbell", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def settle(self, seconds: float) -> bool:
        """Wait up to `seconds` until every message is sent; return whether that is so. For a process that ends."""
        with self._changed:
            return self._changed.wait_for(lambda: self._rings == 0, seconds)

    def _send_rings(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._rings > 0, IDLE_SECONDS):
                    self._thread = None
                    return
            if not self._send():
                time.sleep(SILENCE_SECONDS)
                continue
            with self._changed:
                self._rings -= 1
                self._changed.notify_all()

    def _send(self) -> bool:
        """Send a message unless `MOST_RINGS` are in the queue already; return whether the queue answered."""
        try:
            with self.celery.producer_or_acquire() as producer:
                if producer.channel._size(QUEUE) < MOST_RINGS:  # kombu has no public call; a test checks this one
                    self.celery.send_task(RUN_NEXT_JOB, queue=QUEUE, retry=False, expires=3600, producer=producer)
        except self._failures as error:
            log.warning("the queue does not answer (%s); workers look for jobs anyway", type(error).__name__)
            return False
        except Exception:  # the thread must continue: nothing else sends messages
            log.exception("sending a message to the workers failed")
            return False
        return True

    def answers(self) -> bool:
        """Return whether the queue can be reached now; a frozen one is waited for, up to `ANSWER_SECONDS`."""
        try:
            with self.celery.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=1)
        except (OperationalError, OSError):
            return False
        return True
