"""Settings, read once from `BACKPROP_*` variables when a process starts. Importing this module reads nothing."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from service import logs
from service.addresses import check_database_url, check_queue_url, is_loopback, plain_host
from service.errors import Misconfigured
from service.web.hosts import known_hosts
from service.web.origins import cors_origins, frame_ancestors
from service.web.outbound import address_ranges, retry_delays
from service.web.proxies import trusted_proxies

PREFIX = "BACKPROP_"
FROM_FILE = "_FILE"  # BACKPROP_DATABASE_URL_FILE names a file that holds the URL
LONGEST_IN_FILE = 64 * 1024
MIB = 1024 * 1024
LONGEST_SECONDS = 1e9  # a date so long ago still exists
OF_CLIENTS = ("BACKPROP_URL", "BACKPROP_KEY", "BACKPROP_KEY_FILE")  # which commands such as `backprop train` read
FLAGS = ("host", "port", "data_dir", "workers", "api_processes")  # settings that commands also take as flags
CHOICES = {  # in lower case; values are taken in any
    "kernels": ("auto", "numpy", "numba"),
    "auth": ("auto", "off", "required"),
    "webhooks": ("on", "off"),
    "log_level": logs.LEVELS,
    "log_format": logs.FORMATS,
}

Value = str | int | float | Path  # of a setting


@dataclass(frozen=True)
class Settings:
    """The settings of one service; every field is set by the variable `BACKPROP_<FIELD>`, or by the file that
    `BACKPROP_<FIELD>_FILE` names.

    `database_url` empty means SQLite in `data_dir`; `queue_url` empty means a queue server started by `backprop serve`.
    Sizes are in bytes; with `keep_jobs_seconds` 0 ended jobs are stored until they are deleted, and with
    `keep_predictions_seconds` 0 the results of predictions.
    The limits `tenant_...` are those of tenants that have none of their own; 0 is none.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = Path("backprop-data")
    database_url: str = field(default="", repr=False)  # may hold a password
    queue_url: str = field(default="", repr=False)
    workers: int = 0
    threads: int = 1
    niceness: int = 10
    api_processes: int = 0
    kernels: str = "auto"
    auth: str = "auto"
    allowed_hosts: str = ""
    trusted_proxies: str = ""
    cors_origins: str = ""
    frame_ancestors: str = ""
    metrics_token: str = field(default="", repr=False)  # a secret
    log_level: str = "info"
    log_format: str = "text"
    max_json_bytes: int = 64 * MIB
    max_upload_bytes: int = 16 * 1024 * MIB
    max_columns: int = 10_000
    max_features: int = 100_000
    max_parameters: int = 100_000_000
    max_queued_jobs: int = 10_000
    model_cache_bytes: int = 512 * MIB
    tenant_requests_per_second: float = 0.0
    tenant_predictions_per_second: float = 0.0
    tenant_queued_jobs: int = 0
    tenant_running_jobs: int = 0
    tenant_dataset_bytes: int = 0
    tenant_parameter_bytes: int = 0
    tenant_epochs: int = 0
    tenant_parameters: int = 0
    tenant_operations: float = 0.0
    tenant_webhooks: int = 100
    max_waiting_requests: int = 16
    max_streams: int = 1000
    max_connections: int = 0
    max_spooled_bytes: int = 32 * 1024 * MIB
    header_seconds: float = 20.0
    idle_seconds: float = 75.0
    body_seconds: float = 86_400.0
    least_body_rate: int = 1024
    stored_epochs_bytes: int = 256 * MIB
    lease_seconds: float = 45.0
    look_seconds: float = 2.0
    turn_seconds: float = 60.0
    stall_seconds: float = 900.0
    stream_seconds: float = 300.0
    keep_events: int = 1_000_000
    keep_events_seconds: float = 86_400.0
    keep_jobs_seconds: float = 0.0
    keep_predictions_seconds: float = 0.0
    keep_audit_seconds: float = 31_536_000.0
    keep_deliveries_seconds: float = 604_800.0
    keep_free_bytes: int = 64 * MIB
    webhooks: str = "on"
    webhook_allowed_ranges: str = ""
    webhook_seconds: float = 15.0
    webhook_retry_seconds: str = "5,300,1800,7200,18000,36000,50400,72000,86400"
    webhook_disable_seconds: float = 259_200.0

    @property
    def tenant_keep_jobs_seconds(self) -> float:
        """How long the ended jobs of a tenant are kept that has no limit of its own."""
        return self.keep_jobs_seconds

    @property
    def resolved_database_url(self) -> str:
        """The SQLAlchemy URL of the database; `postgresql://` and `postgres://` mean psycopg 3."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir.absolute() / 'backprop.sqlite3'}"
        for plain in ("postgresql://", "postgres://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url

    @property
    def resolved_workers(self) -> int:
        """The number of training processes; by default as many as use all cores with `threads` threads each."""
        return self.workers or max(1, (os.cpu_count() or 1) // self.threads)

    @property
    def resolved_api_processes(self) -> int:
        return self.api_processes or os.cpu_count() or 1

    def check(self) -> "Settings":
        """Return these settings; raise `Misconfigured` when values contradict one another or lie out of bounds."""
        bounds = {
            "port": (0, 65535),
            "workers": (0, 1024),
            "threads": (1, 64),
            "niceness": (0, 19),
            "api_processes": (0, 256),
            "max_waiting_requests": (0, 1000),
            "max_streams": (0, 100_000),
            "max_connections": (0, 1_000_000),
            "least_body_rate": (0, 1_000_000_000),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise Misconfigured(f"{_named(name)} must lie within {low} and {high}, got {value}")
        self._check_least("max_json_bytes", "max_upload_bytes", "max_columns", "max_features", least=1)
        self._check_least("max_parameters", "max_queued_jobs", least=1)
        self._check_least("stored_epochs_bytes", "keep_events", "max_spooled_bytes", least=1)
        self._check_least("keep_free_bytes", "model_cache_bytes", least=0)
        self._check_least(*(each.name for each in fields(self) if each.name.startswith("tenant_")), least=0)
        self._check_durations()
        for name, known in CHOICES.items():
            _check_choice(name, getattr(self, name), known)
        self._check_web()
        plain_host(self.host)
        if self.database_url:
            check_database_url(self.database_url)
        if self.queue_url:
            check_queue_url(self.queue_url)
        return self

    def _check_durations(self) -> None:
        for name in (each.name for each in fields(self)):
            if name.startswith("keep_") and name.endswith("_seconds"):
                self._check_seconds(name, 0, LONGEST_SECONDS)
        for name in ("header_seconds", "idle_seconds", "body_seconds", "webhook_disable_seconds"):
            self._check_seconds(name, 1, LONGEST_SECONDS)
        for name in ("lease_seconds", "look_seconds", "turn_seconds", "stall_seconds", "stream_seconds"):
            self._check_seconds(name, 0.05, 86_400)
        self._check_seconds("webhook_seconds", 0.1, 60)

    def _check_web(self) -> None:
        known_hosts(self.allowed_hosts)
        trusted_proxies(self.trusted_proxies)
        frame_ancestors(self.frame_ancestors)
        address_ranges(self.webhook_allowed_ranges)
        retry_delays(self.webhook_retry_seconds)
        if cors_origins(self.cors_origins).every and self.auth != "required":
            raise Misconfigured(
                f"{PREFIX}CORS_ORIGINS=* lets every web page train and delete, as not every request needs a key: "
                f"name the origins, or set {PREFIX}AUTH=required"
            )

    def _check_least(self, *names: str, least: int) -> None:
        for name in names:
            if not getattr(self, name) >= least:
                raise Misconfigured(f"{_named(name)} must be at least {least}, got {getattr(self, name)}")

    def _check_seconds(self, name: str, low: float, high: float) -> None:
        if not low <= getattr(self, name) <= high:
            raise Misconfigured(f"{_named(name)} must lie within {low:g} and {high:,.0f}, got {getattr(self, name):g}")

    @property
    def needs_a_key_to_start(self) -> bool:
        """Whether others than this machine can reach the service, and it was not said who is asked for a key."""
        return self.auth == "auto" and not is_loopback(plain_host(self.host))


def read_settings(environment: Mapping[str, str], **overrides: Value | None) -> Settings:
    """Return the settings of `BACKPROP_*` variables, replaced by the `overrides` (command-line flags) not None."""
    known: dict[str, Any] = {known.name: known.default for known in fields(Settings)}
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.upper().startswith(PREFIX) or variable in OF_CLIENTS:
            continue
        setting = variable.removesuffix(FROM_FILE) if is_file_of(variable) else variable
        if setting != variable:
            if setting in environment:
                raise Misconfigured(f"{setting} and {variable} are both set; remove one of them")
            text = _text_of(variable, text)
        name = setting[len(PREFIX) :].lower()
        if name not in known or setting != _variable(name):
            guess = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {_variable(guess[0])}?" if guess else "docs/reference.md lists all settings"
            raise Misconfigured(f"{logs.escaped(variable, 100)} is not a setting; {hint}")
        values[name] = _parse(name, text, type(known[name]))
    values.update({name: value for name, value in overrides.items() if value is not None})
    return Settings(**values).check()


def is_file_of(variable: str) -> bool:
    """Return whether a variable names a file with the value of a setting, as secrets are mounted."""
    return variable.startswith(PREFIX) and variable.endswith(FROM_FILE)


def _text_of(variable: str, path: str) -> str:
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            text = file.read(LONGEST_IN_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise Misconfigured(
            f"{variable} names the file {logs.escaped(path, 200)}, which cannot be read: {reason}"
        ) from None
    if len(text) > LONGEST_IN_FILE:
        raise Misconfigured(
            f"{variable} names the file {logs.escaped(path, 200)}, which is longer than {LONGEST_IN_FILE:,} characters"
        )
    return text


def to_variables(settings: Settings) -> dict[str, str]:
    """Return the variables that give these settings, with numbers of processes resolved."""
    values = {known.name: getattr(settings, known.name) for known in fields(Settings)}
    values |= {
        "data_dir": settings.data_dir.absolute(),
        "workers": settings.resolved_workers,
        "api_processes": settings.resolved_api_processes,
    }
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _named(name: str) -> str:
    """Return how a message names a setting: its variable and, if there is one, the flag."""
    return f"{_variable(name)} (--{name.replace('_', '-')})" if name in FLAGS else _variable(name)


def _parse(name: str, text: str, kind: type[Value]) -> Value:
    text = text.strip()
    if issubclass(kind, Path):
        if not text:
            raise Misconfigured(f"{_named(name)} is empty; name a folder, or leave it out")
        try:
            return Path(text).expanduser()
        except RuntimeError:
            raise Misconfigured(f"{_named(name)} names the home of a user who does not exist: {text[:60]!r}") from None
    if kind is str:
        return text.lower() if name in CHOICES else text
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        unit = next((unit for unit in ("bytes", "seconds") if name.endswith(f"_{unit}")), None)
        what = f"{wanted} of {unit}" if unit else wanted
        raise Misconfigured(f"{_named(name)} must be {what}, got {text[:60]!r}") from None


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Misconfigured(f"{_named(name)} must be one of {', '.join(known)}, got {value[:60]!r}")
