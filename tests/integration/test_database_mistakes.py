"""Mistakes of databases: what PostgreSQL reports is named with host and port, never with the password."""

from pathlib import Path

import pytest

from service.app import create_app
from service.config import Settings
from service.errors import Misconfigured
from service.store.connecting import check_connects
from service.store.database import Database
from tests.servers import Postgres


def mistake_of(url: str) -> str:
    database = Database(url)
    try:
        with pytest.raises(Misconfigured) as caught:
            check_connects(database)
    finally:
        database.dispose()
    assert "geheim" not in caught.value.detail and "\n" not in caught.value.detail
    return caught.value.detail


def test_what_everybody_may_read_is_answered_before_the_tables_are_there(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, queue_url="memory://"))
    client = app.test_client()
    assert client.get("/openapi.json").json["openapi"] == "3.1.0"
    for path in ("/docs", "/docs/jobs", "/healthz"):
        assert client.get(path).status_code == 200
    assert client.get("/openapi.json", headers={"Host": "evil.example"}).status_code == 403
    assert client.get("/openapi.json", headers={"Via": "1.1 proxy"}).status_code == 503
    assert client.get("/v1/jobs").status_code == 503
    app.extensions["services"].database.dispose()


def test_a_user_a_database_and_an_option_that_are_unknown(postgres_server: Postgres) -> None:
    url = f"postgresql+psycopg://postgres:geheim@127.0.0.1:{postgres_server.port}"
    at = f"PostgreSQL at 127.0.0.1:{postgres_server.port}: "
    assert f'{at}database "none" does not exist; make it with `createdb`' in mistake_of(f"{url}/none")
    assert f'{at}role "lars" does not exist' in mistake_of(f"{url.replace('postgres:', 'lars:')}/postgres")
    assert "server does not support SSL" in mistake_of(f"{url}/postgres?sslmode=require")
    assert "invalid connection option" in mistake_of(f"{url}/postgres?speed=high")
    check = Database(f"{url}/postgres")
    check_connects(check)
    check.dispose()


def test_a_password_that_is_wrong(postgres_server: Postgres) -> None:
    postgres_server._administer("CREATE ROLE asks LOGIN PASSWORD 'another'")
    rules = postgres_server.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    try:
        rules.write_text(f"host all asks 127.0.0.1/32 scram-sha-256\n{before}")
        postgres_server._administer("SELECT pg_reload_conf()")
        url = f"postgresql+psycopg://asks:geheim@127.0.0.1:{postgres_server.port}/postgres"
        detail = mistake_of(url)
        assert "password authentication failed" in detail and "correct the user and the password" in detail
    finally:
        rules.write_text(before)
        postgres_server._administer("SELECT pg_reload_conf()")
        postgres_server._administer("DROP ROLE asks")
