"""What workers have measured of the machines they run on: one record for each way of computing, kept for estimates."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from service.store.tables import calibrations

VALID = timedelta(days=7)  # after which a worker that starts measures again


@dataclass(frozen=True)
class CalibrationRecord:
    """The factors of a machine with this fingerprint for jobs of that many threads, from `Calibration.to_json`."""

    fingerprint: str
    threads: int
    factors: dict[str, Any]
    measured_at: datetime


def find(connection: Connection, fingerprint: str, threads: int) -> CalibrationRecord | None:
    """Return what was measured with this fingerprint and number of threads; None where nothing was."""
    row = connection.execute(select(calibrations).where(calibrations.c.key == _key(fingerprint, threads))).one_or_none()
    return None if row is None else CalibrationRecord(row.fingerprint, row.threads, row.factors, row.measured_at)


def newest(connection: Connection) -> CalibrationRecord | None:
    """Return what was measured last, on any machine."""
    row = connection.execute(select(calibrations).order_by(calibrations.c.measured_at.desc()).limit(1)).one_or_none()
    return None if row is None else CalibrationRecord(row.fingerprint, row.threads, row.factors, row.measured_at)


def is_due(connection: Connection, fingerprint: str, threads: int) -> bool:
    """Return whether a worker should measure: nothing was measured yet, or long ago."""
    known = find(connection, fingerprint, threads)
    return known is None or known.measured_at < datetime.now(UTC) - VALID


def save(connection: Connection, fingerprint: str, threads: int, factors: dict[str, Any]) -> None:
    """Record what was measured, in place of what was before."""
    key = _key(fingerprint, threads)
    connection.execute(delete(calibrations).where(calibrations.c.key == key))
    values = {"key": key, "fingerprint": fingerprint, "threads": threads, "factors": factors}
    connection.execute(insert(calibrations).values(**values, measured_at=datetime.now(UTC)))


def _key(fingerprint: str, threads: int) -> str:
    """Return a short name of a way of computing; fingerprints are too long for an index."""
    return hashlib.sha256(f"{threads} {fingerprint}".encode()).hexdigest()
