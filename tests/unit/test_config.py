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
        ("AUTH", "maybe", "must be one of auto, off, required"),
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
    assert not Settings(host=host).needs_a_key_to_start


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_off_loopback_a_key_is_needed_unless_it_is_said_who_is_asked_for_one(host: str) -> None:
    assert Settings(host=host).needs_a_key_to_start
    assert not Settings(host=host, auth="off").needs_a_key_to_start
    assert not Settings(host=host, auth="required").needs_a_key_to_start


def test_every_setting_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:hunter2@h/d\n")
    (tmp_path / "port").write_text("9000")
    settings = read_settings({"BACKPROP_DATABASE_URL_FILE": str(file), "BACKPROP_PORT_FILE": str(tmp_path / "port")})
    assert settings.resolved_database_url == "postgresql+psycopg://u:hunter2@h/d" and settings.port == 9000


def test_a_file_that_cannot_be_read_is_told_with_its_variable_and_never_its_text(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"hunter2\xff")
    (tmp_path / "long").write_text("hunter2" * 10_000)
    for name, words in (
        ("none", "No such file"),
        ("bytes", "UTF-8"),
        ("long", "longer than 65,536"),
        ("", "directory"),
    ):
        with pytest.raises(Misconfigured) as caught:
            read_settings({"BACKPROP_QUEUE_URL_FILE": str(tmp_path / name)})
        assert words in caught.value.detail and "BACKPROP_QUEUE_URL_FILE" in caught.value.detail
        assert "hunter2" not in caught.value.detail
    file = tmp_path / "short"
    file.write_text("1")
    with pytest.raises(Misconfigured, match="both set"):
        read_settings({"BACKPROP_PORT": "1", "BACKPROP_PORT_FILE": str(tmp_path / "none")})
    with pytest.raises(Misconfigured, match=r"BACKPROP_PROT_FILE is not a setting; did you mean BACKPROP_PORT"):
        read_settings({"BACKPROP_PROT_FILE": str(file)})
