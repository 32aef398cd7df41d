"""Names of worker processes: what they say, and which of them are comparable."""

import subprocess
import sys
from pathlib import Path

import pytest

from workers import process_names
from workers.process_names import ProcessName, pid_namespace


def test_a_name_is_read_back_as_it_was_written() -> None:
    process = ProcessName("host:0123456789abcdef", 12, 345)
    assert ProcessName.parse(str(process)) == process
    assert str(process) == "host:0123456789abcdef:12:345"


def test_names_of_versions_without_namespaces_are_read_as_a_namespace_of_their_own() -> None:
    assert ProcessName.parse("host:12:345") == ProcessName("host", 12, 345)
    assert pid_namespace().count(":") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="PID namespaces can be read on Linux only")
def test_processes_of_one_namespace_agree_on_its_name() -> None:
    code = "from workers.process_names import pid_namespace; print(pid_namespace())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == pid_namespace()


def test_the_namespace_is_made_up_where_none_can_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process_names, "BOOT_ID", tmp_path / "missing")
    assert pid_namespace() != pid_namespace()
