"""The types of columns that several tables have. Imports SQLAlchemy alone."""

import json
from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import JSON, BigInteger, Dialect, Float, Integer, String, Text
from sqlalchemy.types import TypeDecorator

# plain json on PostgreSQL: jsonb would turn 1e25 into an integer and -0.0 into 0.0
Document = JSON(none_as_null=True)
Serial = BigInteger().with_variant(Integer, "sqlite")
Double = Float(53)
# a blob's, with up to 19 digits of its tenant; SQLite, which knows no lengths, need not rebuild its tables for them
Address = String(96).with_variant(String(64), "sqlite")


@lru_cache(maxsize=1000)
def _names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


class Names(TypeDecorator[tuple[str, ...]]):
    """A list of names as JSON text. Parsed lists are cached, as thousands of rows have the same one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(list(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else _names(value)
