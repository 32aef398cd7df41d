"""How every process of the service logs: one line a record, as text or as JSON, with the ids of request and job.

Nothing that clients store or send is logged: exceptions are recorded without messages that may quote it, and other
libraries, which log statements and rows at their lower levels, are heard from warnings on.
"""

import json
import logging
import os
import re
import sqlite3
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
OURS = ("service", "workers", "backprop", "py.warnings")  # the loggers that have the level of the settings
MOST_CHARACTERS = 2000  # of a message; a path may be as long as the HTTP server takes it
MOST_FRAMES = 40
LINES_SECONDS = 0.05  # between two rounds in which the lines of requests are written
IDLE_SECONDS = 30.0  # the thread that writes them ends when there were none for so long
MOST_PENDING = 10_000  # lines; beyond them whoever logs writes them itself, and waits for that

# All that ends a line, moves the cursor, or shows text in another order than it is stored: C0 and C1 controls,
# Unicode's line ends, marks of direction, invisible characters, and halves of surrogate pairs.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")

# Exceptions whose messages are about code and files. Those of others may quote a cell, a body or a statement's values.
ABOUT_CODE = (ImportError, AttributeError, NameError, OSError, MemoryError, NotImplementedError, sqlite3.Error)

_ids: ContextVar[Mapping[str, Any]] = ContextVar("ids", default={})  # noqa: B039 - it is never changed in place


@contextmanager
def ids(**more: Any) -> Iterator[None]:
    """Add ids (`request_id`, `job_id`, `attempt`) to everything that this thread logs within the block."""
    token = _ids.set({**_ids.get(), **more})
    try:
        yield
    finally:
        _ids.reset(token)


def set_ids(**only: Any) -> None:
    """Let these be the ids of everything that this thread logs from now on."""
    _ids.set(only)


def with_ids(act: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function for another thread, which logs with the ids that this thread has now."""
    context = copy_context()
    return lambda *arguments, **named: context.run(act, *arguments, **named)


def escaped(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return text of at most `most` characters on one line, every character that is not plainly visible escaped."""
    if len(text) <= most and text.isascii() and text.isprintable():
        return text
    shown = UNPRINTABLE.sub(as_escape, text[:most])
    return shown if len(text) <= most else f"{shown}... ({len(text) - most} more characters)"


def as_escape(match: re.Match[str]) -> str:
    """Return what matched as Python writes it in a string."""
    return match[0].encode("unicode_escape", "surrogatepass").decode()


class LineRecord(logging.LogRecord):
    """A record of what happens at each request: without the place in the code, it is made in a fraction of the time.

    `fields` are added to a JSON line.
    """

    def __init__(self, name: str, level: int, message: str, fields: Mapping[str, Any]) -> None:
        now = time.time()
        self.name, self.levelno, self.levelname = name, level, logging.getLevelName(level)
        self.msg, self.args, self.fields = message, None, fields
        self.ids: Mapping[str, Any] | None = None  # of the thread that made it, where another one writes it
        self.created, self.msecs, self.relativeCreated = now, now % 1 * 1000, 0.0
        self.process, self.processName, self.thread, self.threadName = os.getpid(), None, None, None
        self.pathname = self.filename = self.module = self.funcName = ""
        self.lineno, self.exc_info, self.exc_text, self.stack_info = 0, None, None, None


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes lines to a stream: those of requests by a thread, many at once and a moment later.

    All others are written at once, after those that came before them.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._pending: deque[LineRecord] = deque()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record, LineRecord) and len(self._pending) < MOST_PENDING:
            record.ids = _ids.get()
            self._pending.append(record)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="request log", daemon=True)
                self._thread.start()
            return
        self._write_pending()
        super().emit(record)

    def flush(self) -> None:
        """Write what is pending, too; `logging.shutdown` calls this."""
        with self.lock or nullcontext():
            self._write_pending()
        super().flush()

    def close(self) -> None:
        """Write what is pending first; `logging` calls this for a handler that another takes the place of."""
        if not self.stream.closed:  # otherwise there is nowhere to write it
            self.flush()
        self._closed.set()
        super().close()

    def _run(self) -> None:
        """Write what is pending, until there was nothing for a while or the handler is closed."""
        written_at = time.monotonic()
        while True:
            is_closed = self._closed.wait(LINES_SECONDS)
            with self.lock or nullcontext():
                if self._write_pending():
                    written_at = time.monotonic()
                if is_closed or time.monotonic() - written_at > IDLE_SECONDS:
                    self._thread = None
                    return

    def _write_pending(self) -> bool:
        """Write the pending lines at once; return whether there were any."""
        records = [self._pending.popleft() for _ in range(len(self._pending))]
        if not records or self.stream.closed:
            return False
        try:
            self.stream.write("".join([f"{self.format(record)}{self.terminator}" for record in records]))
            super().flush()
        except Exception:  # as each handler of the library does: whoever logs is not held up by a full disk
            self.handleError(records[-1])
        return True


class TextFormatter(logging.Formatter):
    """A line for people: the time, the level, the logger, the message, the ids. Tracebacks follow it indented."""

    _second: tuple[int, str] = (-1, "")  # whose text is used for all lines of that second

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        second, text = self._second
        if second != int(record.created):
            second = int(record.created)
            text = time.strftime(self.default_time_format, self.converter(second))
            self._second = second, text
        return f"{text},{int(record.msecs):03d}"

    def format(self, record: logging.LogRecord) -> str:
        shown = "".join([f" {name}={value}" for name, value in _ids_of(record).items()])
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {escaped(_message(record))}{shown}"
        return "\n  ".join([line, *_traceback(record)])


class JsonFormatter(logging.Formatter):
    """A line for collectors: one JSON object; `exception` is a list of lines."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": escaped(_message(record)),
            **_ids_of(record),
            **getattr(record, "fields", {}),
        }
        if lines := _traceback(record):
            line["exception"] = lines
        return json.dumps(line, default=str)


def _ids_of(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return the ids that a record was made with; of one that is written by the thread that made it, the thread's."""
    return record.ids if isinstance(record, LineRecord) and record.ids is not None else _ids.get()


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit, in another library
        return str(record.msg)


def _traceback(record: logging.LogRecord) -> list[str]:
    return described(record.exc_info[1]) if record.exc_info and record.exc_info[1] else []


def described(error: BaseException) -> list[str]:
    """Return an exception, with those that it was raised from, as lines: where, of which type, no quoted data."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [] if cause is None else [*described(cause), "which led to"]
    for frame in traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]:
        lines.append(f'File "{frame.filename}", line {frame.lineno}, in {frame.name}: {frame.line}')
    return [escaped(line) for line in (*lines, _summary(error))]


def _summary(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, ABOUT_CODE):
        return f"{name}: {error}"
    state = getattr(error, "sqlstate", None)  # of PostgreSQL's driver, whose messages quote values
    return f"{name}: SQLSTATE {state}" if state else f"{name} (its message may quote data, and is not logged)"


def configure(level: str, form: str) -> None:
    """Let this process log to standard error at a level, as `text` or `json`, warnings and uncaught errors included."""
    handler = LineHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    chosen = level.upper()
    logging.basicConfig(
        level=max(logging.WARNING, logging.getLevelNamesMapping()[chosen]), handlers=[handler], force=True
    )
    for name in OURS:
        logging.getLogger(name).setLevel(chosen)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("backprop").critical("the process ends by an error", exc_info=(kind, error, at))


def _log_uncaught_in_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is None or isinstance(ended.exc_value, SystemExit):
        return
    name = "a thread" if ended.thread is None else f"the thread {ended.thread.name}"
    logging.getLogger("backprop").error("%s ends by an error", name, exc_info=ended.exc_value)
