"""`backprop tenants`: made, listed and deleted without a service that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.ops.cli import main
from tests.logging_state import restored

LIMITS = {
    "weight": ("2.5", "weight 2.5"),
    "requests-per-second": ("0.5", "0.5"),
    "predictions-per-second": ("100", "100.0"),
    "queued-jobs": ("7", "7"),
    "running-jobs": ("2", "2"),
    "dataset-bytes": ("1000000", "1000000"),
    "parameter-bytes": ("2000000", "2000000"),
    "epochs": ("500", "500"),
    "parameters": ("10000", "10000"),
    "operations": ("1e12", "1000000000000.0"),
    "webhooks": ("5", "5"),
    "keep-jobs-seconds": ("3600", "3600.0"),
}


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    with restored():
        yield


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


def limited(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, ...]]:
    """What was printed, by limit, and the weight under `tenant`."""
    first, *lines = capsys.readouterr().out.splitlines()
    return {"tenant": tuple(first.split()[1:])} | {(words := line.split())[0]: tuple(words[1:]) for line in lines}


def test_limits_are_set_taken_away_and_lifted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKPROP_DATABASE_URL", raising=False)
    assert run(tmp_path, "create", "acme") == 0
    capsys.readouterr()
    flags = [word for name, (value, _) in LIMITS.items() for word in (f"--{name}", value)]
    assert run(tmp_path, "limit", "acme", *flags) == 0
    found = limited(capsys)
    assert found.pop("tenant") == ("acme:", "weight", "2.5")
    assert {name: words[0] for name, words in found.items()} == {
        name.replace("-", "_"): shown for name, (_, shown) in LIMITS.items() if name != "weight"
    }
    assert all("(default)" not in words for words in found.values())

    monkeypatch.setenv("BACKPROP_TENANT_EPOCHS", "300")
    assert run(tmp_path, "limit", "acme", "--epochs", "default", "--queued-jobs", "none", "--running-jobs", "0") == 0
    found = limited(capsys)
    assert found["epochs"] == ("300", "(default)")
    assert found["queued_jobs"] == found["running_jobs"] == ("none",)
    assert found["operations"] == ("1000000000000.0",)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("acme",), "give at least one limit, such as --requests-per-second 10"),
        (("acme", "--epochs", "many"), "--epochs must be a number, `none` or `default`, got 'many'"),
        (("acme", "--epochs", "1.5"), "epochs"),
        (("acme", "--queued-jobs=-1"), "queued_jobs"),
        (("acme", "--weight", "0"), "weight"),
        (("nobody", "--epochs", "5"), "there is no tenant named `nobody`"),
    ],
)
def test_limits_that_are_wrong_are_refused(
    wrong: tuple[str, ...],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("BACKPROP_DATABASE_URL", raising=False)
    assert run(tmp_path, "create", "acme") == 0
    assert run(tmp_path, "limit", *wrong) == 2
    assert words in capsys.readouterr().err


def test_a_misspelt_limit_names_the_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, "limit", "acme", "--epoch-count", "5")
    assert ended.value.code == 2
    assert "--epoch-count" in capsys.readouterr().err
