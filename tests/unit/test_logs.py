"""Logs: one line a record whatever is in it, and nothing that an exception quotes."""

import io
import json
import logging
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy

from service import logs
from service.store.database import Database
from tests.logging_state import restored

FORGED = (
    "/v1/jobs\r\n2026-01-01 00:00:00,000 INFO service.requests: GET /admin 200 1.0 ms\x1b[2K\x85\u2028\u2029\x0b\x0c"
)
HIDDEN = "\u202egnp.exe\u2066\u200b\ufeff\ud800\x00\x7f\u00ad"

SECRET = "geheim"  # tracebacks show lines of this file, which have only the name
JOINED_IN = 10.0
TEXTS = {"forged": FORGED, "hidden": HIDDEN, "long": "x" * 100_000, "format": "%s %d", "empty": ""}

log = logging.getLogger("service.test")


@dataclass
class Written:
    """What was written to standard error since the test began."""

    capture: pytest.CaptureFixture[str]
    text: str = ""

    def getvalue(self) -> str:
        self.text += self.capture.readouterr().err
        return self.text


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    with restored():
        yield Written(capsys)


@pytest.mark.parametrize("form", logs.FORMATS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_record_is_one_line_without_control_characters(form: str, text: str, written: Written) -> None:
    logs.configure("info", form)
    log.info("GET %s", text)
    line = written.getvalue()
    assert line.endswith("\n") and len(line.splitlines()) == 1
    assert not [letter for letter in line[:-1] if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert len(line) < 3 * logs.MOST_CHARACTERS


def test_every_character_that_is_not_plainly_visible_is_escaped() -> None:
    for code in range(0x110000):
        letter = chr(code)
        if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(letter) in BIDI:
            assert logs.escaped(letter) != letter, hex(code)
            assert logs.escaped(letter).isascii() and logs.escaped(letter).isprintable()


BIDI = frozenset({"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"})


def test_json_has_the_ids_of_request_and_job_also_in_threads(written: Written) -> None:
    logs.configure("info", "json")
    with logs.ids(job_id="job_1", attempt=2):
        thread = threading.Thread(target=logs.with_ids(lambda: log.info("within")))
        thread.start()
        thread.join()
    log.info("after", extra={"fields": {"status": 200}})
    within, after = map(json.loads, written.getvalue().splitlines())
    assert (within["job_id"], within["attempt"], within["message"]) == ("job_1", 2, "within")
    assert (within["level"], within["logger"]) == ("info", "service.test") and within["process"] > 0
    assert after["status"] == 200 and "job_id" not in after


def test_text_ends_with_the_ids(written: Written) -> None:
    logs.configure("info", "text")
    with logs.ids(request_id="abc"):
        log.info("GET / 200")
    assert written.getvalue().endswith(" INFO service.test: GET / 200 request_id=abc\n")


@pytest.mark.parametrize("form", logs.FORMATS)
def test_an_exception_is_logged_without_what_it_quotes(form: str, written: Written) -> None:
    logs.configure("debug", form)
    database = Database("sqlite://")
    try:
        try:
            float(SECRET)
        except ValueError:
            with database.engine.connect() as connection:
                connection.execute(sqlalchemy.text("SELECT * FROM nowhere WHERE a = :a"), {"a": SECRET})
    except sqlalchemy.exc.OperationalError:
        log.exception("the request failed")
    text = written.getvalue()
    assert SECRET not in text
    assert "ValueError (its message may quote data" in text and "OperationalError" in text and "test_logs.py" in text
    if form == "text":
        assert all(line.startswith("  ") for line in text.splitlines()[1:])
    else:
        assert len(text.splitlines()) == 1


def test_the_level_that_is_set_is_used_and_other_libraries_are_heard_from_warnings_on(written: Written) -> None:
    logs.configure("debug", "text")
    for name in ("service", "workers.run.run", "backprop"):
        logging.getLogger(name).debug("ours")
    for name in ("sqlalchemy.engine", "celery", "kombu", "alembic", "asyncio", "numba"):
        logging.getLogger(name).info("theirs")
    assert written.getvalue().count("ours") == 3 and "theirs" not in written.getvalue()
    logs.configure("error", "text")
    logging.getLogger("celery").warning("theirs")
    logging.getLogger("service").warning("more of ours")
    assert "theirs" not in written.getvalue() and "more of ours" not in written.getvalue()


def test_what_ends_a_thread_is_logged(written: Written) -> None:
    logs.configure("info", "text")

    def fail() -> None:
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail, name="poller")
    thread.start()
    thread.join()
    text = written.getvalue()
    assert "ERROR backprop: the thread poller ends by an error" in text and "ValueError" in text
    assert SECRET not in text


def test_lines_of_requests_are_written_in_order_with_the_ids_of_their_threads() -> None:
    stream = io.StringIO()
    handler = logs.LineHandler(stream)
    handler.setFormatter(logs.TextFormatter())
    with logs.ids(request_id="one"):
        handler.handle(logs.LineRecord("service.requests", logging.INFO, "first", {}))
    with logs.ids(request_id="two"):
        handler.handle(logs.LineRecord("service.requests", logging.INFO, "second", {}))
    handler.handle(logging.LogRecord("service", logging.ERROR, "", 0, "third", None, None))
    lines = stream.getvalue().splitlines()  # an error is written at once, after what came before it
    assert [line.partition(": ")[2] for line in lines] == ["first request_id=one", "second request_id=two", "third"]
    handler.handle(logs.LineRecord("service.requests", logging.INFO, "last", {}))
    writer = handler._thread
    assert writer is not None and writer.is_alive()
    handler.close()
    assert stream.getvalue().splitlines()[-1].endswith(" INFO service.requests: last")
    writer.join(JOINED_IN)
    assert not writer.is_alive()
