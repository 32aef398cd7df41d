"""`backprop keys` and `backprop audit`, on the machine of the service."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.access.opening import check_open
from service.access.tokens import id_of
from service.config import Settings
from service.errors import Misconfigured
from service.ops.cli import main
from service.services import Services
from service.store import keys
from service.store.records import Page

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr("service.logs.configure", lambda *_: None)  # for the rest of the tests too
    monkeypatch.setenv("BACKPROP_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("BACKPROP_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("BACKPROP_QUEUE_URL", settings.queue_url)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out.strip(), err.strip()

    return command


def status(client: FlaskClient, key: str) -> int:
    client.application.extensions["keyring"].changes.look_again()
    return client.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"}).status_code


def test_a_key_is_printed_once_listed_replaced_and_revoked(run: Run, client: FlaskClient) -> None:
    code, key, said = run("keys", "create", "--scopes", "read,train", "--name", "probe", "--expires", "90d")
    assert code == 0 and key.startswith("bp_") and len(key) == 64 and "shown this once" in said and key not in said
    assert status(client, key) == 200
    _, listed, _ = run("keys", "list")
    assert str(id_of(key)) in listed and "read,train" in listed and "probe" in listed and key not in listed
    _, new, said = run("keys", "rotate", str(id_of(key)), "--overlap", "2h")
    assert str(id_of(key)) in said and [status(client, each) for each in (key, new)] == [200, 200]
    assert run("keys", "revoke", str(id_of(key)))[0] == 0
    assert [status(client, each) for each in (key, new)] == [401, 200]
    _, changed, _ = run("audit")
    actions = [line.split("  ")[3] for line in changed.splitlines()]
    assert actions == ["backprop keys revoke", "backprop keys rotate", "backprop keys create"]
    assert len(run("audit", "--limit", "1", "--tenant", "default")[1].splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "--scopes", "raed"), '--scopes "raed" is not known; did you mean `read`?'),
        (("create", "--scopes", "read", "--expires", "soon"), "--expires must be a duration"),
        (("create", "--scopes", "read", "--tenant", "nobody"), "no tenant named `nobody`"),
        (("create", "--scopes", "admin", "--models", "a"), "keys: a key limited to some models"),
        (("create", "--scopes", "read", "--from", "class.csv"), "--from needs --to"),
        (("revoke", "000000000000"), "no key `000000000000`"),
        (("rotate", "000000000000", "--overlap", "long"), "--overlap must be a duration"),
        (("list", "--tenant", "nobody"), "no tenant named `nobody`"),
    ],
)
def test_a_mistake_is_one_line(run: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = run("keys", *words)
    assert code == 2 and out == "" and said in err and len(err.splitlines()) == 1


def test_a_class_gets_a_key_and_a_tenant_each(run: Run, client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text("name\nAnn Lee\nBob\n")
    made = tmp_path / "keys.csv"
    words = ("keys", "create", "--scopes", "read,predict,train", "--from", str(tmp_path / "class.csv"))
    code, out, err = run(*words, "--to", str(made), "--tenant-each")
    assert code == 0 and "2 keys" in out and err == ""
    rows = list(csv.DictReader(made.read_text().splitlines()))
    assert [(row["name"], row["tenant"]) for row in rows] == [("Ann Lee", "ann-lee"), ("Bob", "bob")]
    assert all(status(client, row["key"]) == 200 and row["key"] not in out for row in rows)
    assert "ann-lee" in run("audit")[1]


def test_a_reader_of_the_list_may_end_before_it(settings: Settings, service: Services) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "service.ops.cli", "keys", "list", "--data-dir", str(settings.data_dir)]
    environment = {**os.environ, "BACKPROP_DATABASE_URL": settings.database_url}
    with os.fdopen(writer) as pipe:
        ended = subprocess.run(words, stdout=pipe, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, "")


def test_no_key_is_made_where_the_file_cannot_be(run: Run, service: Services, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text("name\nAnn\n")
    words = ("keys", "create", "--scopes", "read", "--from", str(tmp_path / "class.csv"), "--to", str(tmp_path))
    code, _, err = run(*words)
    assert code == 2 and "is there already" in err
    with service.database.read() as connection:
        assert keys.list_keys(connection, Page()).data == () and not keys.ever_made(connection)


def test_off_loopback_the_service_starts_once_there_is_a_key(run: Run, settings: Settings, service: Services) -> None:
    for open_ in (replace(settings, host="0.0.0.0", auth=auth) for auth in ("off", "required")):
        check_open(open_, service.database)
    with pytest.raises(Misconfigured) as refused:
        check_open(replace(settings, host="0.0.0.0"), service.database)
    for words in ("backprop keys create", "BACKPROP_AUTH=off", "--host 127.0.0.1"):
        assert words in refused.value.detail
    run("keys", "create", "--scopes", "admin")
    check_open(replace(settings, host="0.0.0.0"), service.database)
