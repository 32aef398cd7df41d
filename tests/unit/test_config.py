"""Settings: a mistake is reported clearly, with a guess, and never with a password."""

from pathlib import Path

import pytest

from service.config import Settings, read_settings
from service.errors import Misconfigured


def test_defaults_are_those_of_the_contract() -> None:
    settings = read_settings({"HOME": "/nowhere", "PATH": "x"})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, Path("backprop-data"))
    assert settings.resolved_database_url.startswith("sqlite:///") and settings.resolved_workers >= 1


def test_variables_and_then_flags_are_taken() -> None:
    environment = {"BACKPROP_PORT": " 9000 ", "BACKPROP_WORKERS": "2", "BACKPROP_LEASE_SECONDS": "1.5"}
    settings = read_settings(environment, port=9100, workers=None)
    assert (settings.port, settings.workers, settings.lease_seconds) == (9100, 2, 1.5)


def test_an_unknown_variable_gets_a_guess() -> None:
    with pytest.raises(Misconfigured, match=r"BACKPROP_WORKRES is not a setting; did you mean BACKPROP_WORKERS\?"):
        read_settings({"BACKPROP_WORKRES": "2"})


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "http", "must be a whole number, got 'http'"),
        ("PORT", "70000", "within 0 and 65535"),
        ("PORT", "", "must be a whole number"),
        ("WORKERS", "-1", "within 0"),
        ("WORKERS", "2.5", "a whole number"),
        ("LEASE_SECONDS", "long", "must be a number"),
        ("LEASE_SECONDS", "nan", "within"),
        ("LEASE_SECONDS", "0", "within"),
        ("MAX_JSON_BYTES", "0", "at least 1"),
        ("AUTH", "maybe", "must be one of auto, off"),
        ("LOG_LEVEL", "loud", "must be one of"),
        ("ALLOWED_HOSTS", "http://machine.local:8000", "without scheme and port, got 'http://machine.local:8000'"),
        ("CORS_ORIGINS", "http://localhost:3000/", "without a path and without wildcards"),
        ("CORS_ORIGINS", "*", "lets every web page train and delete"),
        ("TRUSTED_PROXIES", "proxy.local", "addresses and networks"),
        ("FRAME_ANCESTORS", "*", "`self` and of origins"),
        ("DATABASE_URL", "mysql://root@host/x", "postgresql://"),
        ("QUEUE_URL", "amqp://host", "redis://"),
    ],
)
def test_a_wrong_value_is_told_with_its_variable(variable: str, value: str, words: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_settings({f"BACKPROP_{variable}": value})
    assert f"BACKPROP_{variable}" in caught.value.detail and words in caught.value.detail


@pytest.mark.parametrize("variable", ["DATABASE_URL", "QUEUE_URL"])
@pytest.mark.parametrize("url", ["mysql://u:hunter2@host/db", "amqp://:hunter2@host", "host:hunter2"])
def test_passwords_are_never_told(variable: str, url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_settings({f"BACKPROP_{variable}": url})
    assert "hunter2" not in str(caught.value)


def test_passwords_do_not_stand_in_the_settings_representation() -> None:
    url = "postgresql://u:hunter2@host/db"
    assert "hunter2" not in repr(Settings(database_url=url, queue_url="redis://:hunter2@host"))


@pytest.mark.parametrize("url", ["postgresql://u@h/d", "postgres://u@h/d"])
def test_plain_postgresql_urls_mean_psycopg(url: str) -> None:
    assert read_settings({"BACKPROP_DATABASE_URL": url}).resolved_database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_needs_no_word(host: str) -> None:
    Settings(host=host).check_listening()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_off_loopback_having_no_keys_must_be_said(host: str) -> None:
    with pytest.raises(Misconfigured, match="BACKPROP_AUTH=off"):
        Settings(host=host).check_listening()
    Settings(host=host, auth="off").check_listening()
