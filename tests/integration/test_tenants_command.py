"""`backprop tenants`: made, listed and deleted without a service that runs."""

from pathlib import Path

import pytest

from service.ops.cli import main


def run(data_dir: Path, *arguments: str) -> int:
    return main(["tenants", *arguments, "--data-dir", str(data_dir)])


def test_tenants_are_made_listed_and_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKPROP_DATABASE_URL", raising=False)
    assert run(tmp_path, "create", "acme") == 0
    assert "tenant acme is made" in capsys.readouterr().out
    for refused, words in (
        (("create", "acme"), "is there already"),
        (("create", "No/Name"), "name"),
        (("delete", "nobody"), "there is no tenant named `nobody`"),
        (("delete", "default", "--purge"), "it stays"),
    ):
        assert run(tmp_path, *refused) == 2
        assert words in capsys.readouterr().err
    assert run(tmp_path, "list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["acme", "default"]
    assert main(["keys", "create", "--tenant", "acme", "--scopes", "read", "--data-dir", str(tmp_path)]) == 0
    assert run(tmp_path, "delete", "acme") == 2
    assert "still has 1 key; `?purge=true`, or --purge" in capsys.readouterr().err
    assert run(tmp_path, "delete", "acme", "--purge") == 0
    capsys.readouterr()
    assert run(tmp_path, "list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["default"]
