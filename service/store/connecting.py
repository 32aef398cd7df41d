"""Explains, before a start, why a database cannot be used, with the way out; no message has a password."""

from pathlib import Path

from sqlalchemy import exc

from service.errors import Misconfigured, OutOfSpace, ServiceError
from service.store.database import Database

VARIABLE = "BACKPROP_DATABASE_URL"
WAYS_OUT = {  # by words of the driver's message
    "refused": f"start PostgreSQL there, or correct {VARIABLE}",
    "resolve host": f"correct the host in {VARIABLE}",
    "timeout": f"check that the host in {VARIABLE} can be reached from here",
    "password": f"correct the user and the password in {VARIABLE}",
    "role": f"correct the user in {VARIABLE}, or make it with `createuser`",
    "database": f"make it with `createdb`, or correct {VARIABLE}",
    "too many": "raise PostgreSQL's max_connections, or stop other clients",
    "starting up": "wait until PostgreSQL has started",
    "pg_hba": "allow this client in PostgreSQL's pg_hba.conf",
    "option": f"correct what follows the `?` in {VARIABLE}",
}


def check_connects(database: Database) -> None:
    """Raise `Misconfigured`, with the reason, unless a transaction can be begun that writes."""
    try:
        with database.begin():
            pass
    except (exc.DBAPIError, exc.ArgumentError, ValueError, TypeError) as error:
        raise _explained(database, error) from None
    except ServiceError as error:
        if isinstance(error, OutOfSpace):
            raise
        cause = error.__cause__
        raise (error if not isinstance(cause, exc.DBAPIError) else _explained(database, cause)) from None


def _explained(database: Database, error: Exception) -> ServiceError:
    reason = _reason(database, str(getattr(error, "orig", error)) or type(error).__name__)
    if database.is_sqlite:
        return Misconfigured(f"the database {database.url.database} cannot be used: {_of_sqlite(database, reason)}")
    way_out = next((way for words, way in WAYS_OUT.items() if words in reason), f"check {VARIABLE}")
    return Misconfigured(f"cannot connect to PostgreSQL at {place_of(database)}: {reason}; {way_out}")


def place_of(database: Database) -> str:
    """Return host and port of a PostgreSQL server, as they are safe to show."""
    url = database.url
    host = url.host or "its socket on this machine"
    return f"[{host}]:{url.port or 5432}" if ":" in host else f"{host}:{url.port or 5432}"


def _reason(database: Database, text: str) -> str:
    """Return the last part of a driver's message, on one line, without the password."""
    line = text.strip().partition("\n")[0].rpartition(" failed: ")[2]
    line = line.removeprefix("FATAL:").removeprefix("connection is bad:").strip()
    password = database.url.password
    return line.replace(str(password), "***") if password else line


def _of_sqlite(database: Database, reason: str) -> str:
    path = Path(str(database.url.database))
    if path.is_dir():
        return "it is a folder; name a file, or another --data-dir"
    if "not a database" in reason:
        return "it is no SQLite file; name another one, or another --data-dir"
    if "readonly" in reason or "unable to open" in reason:
        return f"{reason}; change the permissions of it and its folder, or choose another --data-dir"
    return reason
