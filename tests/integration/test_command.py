"""The `backprop` command as a user sees it: clear messages, no traceback."""

import json
import socket
from pathlib import Path

import pytest

from service.ops.listening import free_port
from tests.integration import commands
from tests.integration.service import Service


def backprop(*arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code and all that was printed."""
    ended = commands.backprop(*arguments, **settings)
    return ended.code, ended.output + ended.errors


def refused(code: int, words: str, *expected: str) -> None:
    assert code == 2, words
    assert "Traceback" not in words
    for part in expected:
        assert part in words


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(
            *backprop("serve", "--port", str(port), "--data-dir", str(tmp_path / "d")), f"127.0.0.1:{port}", "--port"
        )


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(*backprop("serve", "--port", "0", "--data-dir", str(tmp_path / "file" / "d")), "cannot be written")


def test_a_folder_of_a_newer_release(tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text(json.dumps({"format": 99}))
    refused(*backprop("serve", "--data-dir", str(tmp_path)), "format 99")


def test_a_database_of_a_newer_release(tmp_path: Path) -> None:
    assert backprop("migrate", "--data-dir", str(tmp_path))[0] == 0
    import sqlite3

    connection = sqlite3.connect(tmp_path / "backprop.sqlite3")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    refused(*backprop("serve", "--data-dir", str(tmp_path)), "newer release", "9999")


def test_a_wrong_setting_is_named_with_a_guess() -> None:
    refused(*backprop("serve", BACKPROP_PROT="1"), "BACKPROP_PROT", "did you mean BACKPROP_PORT?")
    refused(*backprop("serve", BACKPROP_PORT="many"), "BACKPROP_PORT (--port) must be a whole number, got 'many'")


def test_off_loopback_needs_to_be_said_outright(tmp_path: Path) -> None:
    refused(*backprop("serve", "--host", "0.0.0.0", "--data-dir", str(tmp_path)), "BACKPROP_AUTH=off")


def test_doctor_finds_nothing_wrong_before_the_first_start_and_makes_no_files(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    code, words = backprop("doctor", "--port", str(free_port()), "--data-dir", str(folder))
    assert code == 0 and "WRONG" not in words, words
    assert "nothing has been started here yet; `backprop serve` starts the service" in words
    assert not folder.exists()


def test_doctor_finds_nothing_wrong_with_a_service_that_runs_or_has_stopped_and_a_second_one_is_refused(
    tmp_path: Path,
) -> None:
    with Service(tmp_path / "data") as running:
        code, words = backprop("doctor", "--data-dir", str(running.data_dir))
        assert code == 0 and "all together: ready" in words, words
        refused(*backprop("serve", "--port", "0", "--data-dir", str(running.data_dir)), "another `backprop serve`")
    code, words = backprop("doctor", "--port", str(running.port), "--data-dir", str(running.data_dir))
    assert code == 0 and "WRONG" not in words and "stopped; `backprop serve`" in words, words


def test_doctor_says_what_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, words = backprop("doctor", "--port", str(taken.getsockname()[1]), "--data-dir", str(tmp_path))
    assert code == 1 and "WRONG   port" in words and "choose another --port" in words
    (tmp_path / "file").write_text("")
    code, words = backprop("doctor", "--port", str(free_port()), "--data-dir", str(tmp_path / "file" / "data"))
    assert code == 1 and "WRONG   data folder" in words and "choose another --data-dir" in words
    (tmp_path / "format.json").write_text(json.dumps({"format": 99}))
    code, words = backprop("doctor", "--port", str(free_port()), "--data-dir", str(tmp_path))
    assert code == 1 and "WRONG   schema" in words and "format 99" in words
    code, words = backprop("doctor", "--data-dir", str(tmp_path), BACKPROP_DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert code == 1 and "start PostgreSQL there" in words
    assert "Traceback" not in words


def test_doctor_never_shows_a_password() -> None:
    url = "postgresql://me:geheim@127.0.0.1:1/none"
    code, words = backprop("doctor", BACKPROP_DATABASE_URL=url)
    assert code == 1
    assert "geheim" not in words


@pytest.mark.parametrize("command", ["serve", "api", "worker", "migrate", "doctor", "demo"])
def test_every_command_explains_itself(command: str) -> None:
    code, words = backprop(command, "--help")
    assert code == 0
    assert "usage: backprop" in words
