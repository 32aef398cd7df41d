"""Mistakes of a newcomer at the command line and in the environment: each is one line that names the way out."""

import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.config import read_settings
from service.ops import listening
from service.ops.cli import main
from tests.logging_state import restored

ELSEWHERE = "203.0.113.7"  # an address of documentation, which no machine has
LONG = "9" * 6000

# (arguments, variables without their prefix, what the line says); {d} is a folder that exists
MISTAKES: list[tuple[str, dict[str, str], tuple[str, ...]]] = [
    # the command line
    ("", {}, ("COMMAND", "--help")),
    ("server", {}, ("invalid choice: 'server'", "serve")),
    ("serve 8000", {}, ("unrecognized arguments: 8000",)),
    ("serve --prot 9000", {}, ("unrecognized arguments: --prot", "--help")),
    ("serve --port", {}, ("--port", "expected one argument")),
    ("serve --port many", {}, ("--port", "'many'")),
    ("serve --port 8000.5", {}, ("--port", "'8000.5'")),
    ("serve --port 70000", {}, ("BACKPROP_PORT (--port) must lie within 0 and 65535, got 70000",)),
    ("serve --port -1", {}, ("--port", "got -1")),
    ("serve --workers two", {}, ("--workers", "'two'")),
    ("serve --workers 100000", {}, ("(--workers) must lie within 0 and 1024",)),
    ("serve --api-processes -2", {}, ("(--api-processes)", "got -2")),
    ("backup", {}, ("required: file",)),
    ("backup {d}/b.tar --data-dir {d}/none", {}, ("there is no backprop.sqlite3",)),
    ("restore {d}/none.tar --data-dir {d}/new", {}, ("none.tar cannot be read", "No such file")),
    ("restore {d}/a-file --data-dir {d}/new", {}, ("a-file cannot be read",)),
    # where to listen
    ("serve --host 0.0.0.0", {}, ("BACKPROP_AUTH=off", "--host 127.0.0.1")),
    ("serve --host ::", {}, ("BACKPROP_AUTH=off",)),
    ("serve --host localhost:8000", {}, ("BACKPROP_HOST", "--port")),
    ("serve --host http://localhost", {}, ("--port", "http://localhost")),
    ("serve --host *", {}, ("0.0.0.0",)),
    ("serve --host", {}, ("expected one argument",)),
    ("serve", {"HOST": ""}, ("BACKPROP_HOST", "a name or an address")),
    ("serve --host nosuchhost.invalid", {"AUTH": "off"}, ("nosuchhost.invalid", "is not known", "--host 127.0.0.1")),
    (f"serve --host {ELSEWHERE}", {"AUTH": "off"}, (ELSEWHERE, "does not have that address", "--host 127.0.0.1")),
    ("api --host 0.0.0.0", {}, ("BACKPROP_AUTH=off",)),
    # numbers and words
    ("serve", {"WORKERS": "abc"}, ("BACKPROP_WORKERS (--workers) must be a whole number, got 'abc'",)),
    ("serve", {"PORT": ""}, ("BACKPROP_PORT", "a whole number, got ''")),
    ("serve", {"PORT": '"8000"'}, ("BACKPROP_PORT", "a whole number")),
    ("serve", {"PORT": LONG}, ("BACKPROP_PORT", "a whole number")),
    ("serve", {"THREADS": "0"}, ("BACKPROP_THREADS must lie within 1 and 64, got 0",)),
    ("serve", {"MAX_UPLOAD_BYTES": "16GiB"}, ("MAX_UPLOAD_BYTES must be a whole number of bytes, got '16GiB'",)),
    ("serve", {"KEEP_FREE_BYTES": "-1"}, ("BACKPROP_KEEP_FREE_BYTES must be at least 0, got -1",)),
    ("serve", {"LEASE_SECONDS": "45s"}, ("BACKPROP_LEASE_SECONDS must be a number of seconds, got '45s'",)),
    ("serve", {"LEASE_SECONDS": "nan"}, ("within 0.05 and 86,400, got nan",)),
    ("serve", {"KEEP_EVENTS_SECONDS": "inf"}, ("BACKPROP_KEEP_EVENTS_SECONDS", "got inf")),
    ("serve", {"LOG_LEVEL": "verbose"}, ("BACKPROP_LOG_LEVEL", "debug, info, warning, error", "'verbose'")),
    ("serve", {"LOG_FORMAT": "xml"}, ("BACKPROP_LOG_FORMAT", "text, json", "'xml'")),
    ("serve", {"AUTH": "yes"}, ("BACKPROP_AUTH", "auto", "off", "'yes'")),
    ("serve", {"KERNELS": "cuda"}, ("BACKPROP_KERNELS", "numpy", "'cuda'")),
    # names of settings
    ("serve", {"PROT": "1"}, ("BACKPROP_PROT is not a setting", "BACKPROP_PORT?")),
    ("serve", {"LOGLEVEL": "info"}, ("BACKPROP_LOG_LEVEL?",)),
    ("serve", {"DB_URL": "x"}, ("BACKPROP_DB_URL is not a setting", "BACKPROP_DATABASE_URL?")),
    ("serve", {"ZZZZ": "x"}, ("BACKPROP_ZZZZ is not a setting", "docs/reference.md")),
    # the data folder
    ("serve", {"DATA_DIR": ""}, ("BACKPROP_DATA_DIR", "is empty")),
    ("serve", {"DATA_DIR": "~nosuchuser/data"}, ("BACKPROP_DATA_DIR", "~nosuchuser")),
    ("serve --port 0 --data-dir {d}/a-file", {}, ("a-file is a file", "--data-dir")),
    ("serve --port 0 --data-dir {d}/a-file/data", {}, ("cannot be written", "--data-dir")),
    ("api --port 0 --data-dir {d}/a-file", {}, ("a-file is a file", "--data-dir")),
    ("worker --data-dir {d}/a-file", {}, ("a-file is a file", "--data-dir")),
    ("migrate --data-dir {d}/a-file/data", {}, ("cannot be made", "--data-dir")),
    ("serve --port 0 --data-dir {d}/newer-format", {}, ("format 99", "this release knows")),
    ("serve --port 0 --data-dir {d}/newer-schema", {}, ("newer release", "9999", "update")),
    ("migrate --data-dir {d}/newer-schema", {}, ("newer release", "9999", "update")),
    ("serve --port 0 --data-dir {d}/no-database", {}, ("no SQLite file", "--data-dir")),
    ("serve --port 0 --data-dir {d}/folder-for-database", {}, ("it is a folder", "--data-dir")),
    # the database
    ("serve", {"DATABASE_URL": "mysql://root:geheim@db/x"}, ("'mysql:...'", "postgresql://user:password@host:5432/name")),
    ("serve", {"DATABASE_URL": "postgress://u:geheim@db/x"}, ("'postgress:...'", "did you mean postgres")),
    ("serve", {"DATABASE_URL": "postgresql:/db/geheim"}, ("two slashes",)),
    ("serve", {"DATABASE_URL": "u:geheim@db/x"}, ("must begin with postgresql:// or sqlite:///",)),
    ("serve", {"DATABASE_URL": "db/geheim"}, ("must begin with postgresql:// or sqlite:///",)),
    ("serve", {"DATABASE_URL": "postgresql://u:geheim@db:54x/x"}, ("the port", "BACKPROP_DATABASE_URL")),
    ("serve", {"DATABASE_URL": "postgresql://u:geheim@db:99999/x"}, ("the port", "BACKPROP_DATABASE_URL")),
    ("serve", {"DATABASE_URL": "postgresql://u:ge/heim@db/x"}, ("the port", "%2F")),
    ("serve", {"DATABASE_URL": "postgresql://u:geheim@[::1/x"}, ("cannot be read", "BACKPROP_DATABASE_URL")),
    ("serve", {"DATABASE_URL": "postgresql://u:geheim@db"}, ("names no database",)),
    ("serve", {"DATABASE_URL": "sqlite://"}, ("must name a file", "sqlite:////")),
    ("serve", {"DATABASE_URL": "sqlite:///:memory:"}, ("must name a file",)),
    ("serve --port 0", {"DATABASE_URL": "sqlite:////dev/null/x/db"}, ("cannot be made", "/dev/null/x")),
    ("migrate", {"DATABASE_URL": "postgresql://u:geheim@127.0.0.1:1/x"}, ("at 127.0.0.1:1", "refused", "start")),
    ("migrate", {"DATABASE_URL": "postgresql://u:geheim@[::1]:1/x"}, ("PostgreSQL at [::1]:1",)),
    ("migrate", {"DATABASE_URL": "postgresql://u:geheim@nosuch.invalid/x"}, ("nosuch.invalid:5432", "the host")),
    ("migrate", {"DATABASE_URL": "postgresql://u:geheim@127.0.0.1:1/x?sslmode=perhaps"}, ("sslmode", "perhaps")),
    ("migrate", {"DATABASE_URL": "postgresql://u:geheim@127.0.0.1:1/x?speed=high"}, ("speed", "the `?`")),
    # the queue
    ("serve", {"QUEUE_URL": "amqp://u:geheim@mq"}, ("BACKPROP_QUEUE_URL must begin with redis://", "'amqp:...'")),
    ("serve", {"QUEUE_URL": "localhost:6379"}, ("must begin with redis://", "redis://:password@host:6379/0")),
    ("serve", {"QUEUE_URL": "reddis://:geheim@mq"}, ("did you mean redis://?",)),
    ("serve", {"QUEUE_URL": "redis://:geheim@mq:port/0"}, ("the port", "BACKPROP_QUEUE_URL")),
    ("serve", {"QUEUE_URL": "redis://:geheim@mq/jobs"}, ("the number of a database",)),
    ("serve", {"QUEUE_URL": "redis://"}, ("names no host",)),
    ("serve", {"QUEUE_URL": "unix://socket"}, ("absolute path",)),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data folders that cannot be used, each for its own reason."""
    made = tmp_path_factory.mktemp("mistakes")
    (made / "a-file").write_text("no folder")
    for name in ("newer-format", "newer-schema", "no-database", "folder-for-database/backprop.sqlite3"):
        (made / name).mkdir(parents=True)
    (made / "newer-format" / "format.json").write_text('{"format": 99}\n')
    (made / "no-database" / "backprop.sqlite3").write_text("something else, and long enough " * 100)
    with sqlite3.connect(made / "newer-schema" / "backprop.sqlite3") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    return made


@pytest.fixture(autouse=True)
def unchanged_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting from outside; signal handlers and logging are as before when the test ends."""
    for name in list(os.environ):
        if name.upper().startswith("BACKPROP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with restored():
        yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def mistake_of(arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a command prints before it ends with exit code 2."""
    try:
        code = main(arguments.split())
    except SystemExit as ended:
        code = int(ended.code or 0)
    printed = capsys.readouterr()
    assert code == 2, printed
    lines = (printed.out + printed.err).splitlines()
    assert len(lines) == 1 and lines[0].startswith("backprop"), printed
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    MISTAKES,
    ids=[f"{i} {case[0][:40]} {[*case[1]]}" for i, case in enumerate(MISTAKES)],
)
def test_a_mistake_is_one_line_with_the_way_out(
    arguments: str,
    variables: dict[str, str],
    words: tuple[str, ...],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"BACKPROP_{name}", value)
    line = mistake_of(arguments.format(d=folder), capsys)
    assert len(line) < 500 and "geheim" not in line and "heim@" not in line
    for word in words:
        assert word in line


def test_a_name_in_lower_case_is_no_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("backprop_port", "9000")
    assert "backprop_port is not a setting; did you mean BACKPROP_PORT?" in mistake_of("serve", capsys)


def test_a_port_in_use_and_one_of_root(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = mistake_of(f"serve --port {port}", capsys)
        assert f"127.0.0.1:{port}: Address already in use" in line and "--port" in line
        assert f"localhost:{port}" in mistake_of(f"api --host localhost --port {port}", capsys)

    class Refusing(socket.socket):
        def bind(self, _: object) -> None:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listening.socket, "socket", Refusing)
    line = mistake_of("serve --port 80", capsys)
    assert "127.0.0.1:80: Permission denied" in line and "--port, such as 8000" in line


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", "http://localhost:"),
        ("127.0.0.1", "http://127.0.0.1:"),
        ("::1", "http://[::1]:"),
        ("[::1]", "http://[::1]:"),
    ],
)
def test_names_brackets_and_port_0_are_settled(host: str, url: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    settings = listening.settled(read_settings({"BACKPROP_HOST": host}, port=0))
    assert settings.port > 0 and listening.url_of(settings) == f"{url}{settings.port}"
    assert listening.address_of(host) in ("127.0.0.1", "::1")


@pytest.mark.parametrize(
    ("name", "value"), [("LOG_LEVEL", "INFO"), ("LOG_FORMAT", "JSON"), ("AUTH", "Off"), ("KERNELS", "NumPy")]
)
def test_words_are_taken_in_any_case(name: str, value: str) -> None:
    assert getattr(read_settings({f"BACKPROP_{name}": value}), name.lower()) == value.lower()
