"""The search for a text in the names and metadata of jobs, with the same answers on SQLite and PostgreSQL.

Letters of ASCII are equal in upper and lower case; others are compared as they are, since SQLite folds no others. No
character of the text stands for others, as in LIKE.
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Text, bindparam, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from service.store.tables import jobs

NAMES = (jobs.c.id, jobs.c.model_name, jobs.c.dataset_name, jobs.c.network_name)
A_TO_Z = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class holds_text(FunctionElement[bool]):  # noqa: N801 - reads as the SQL function it is
    """Whether a text, the first argument, holds another one, whose letters of ASCII are lower case."""

    inherit_cache = True
    type = Boolean()


class has_value_with_text(FunctionElement[bool]):  # noqa: N801 - reads as the SQL function it is
    """Whether a value of a JSON object of texts, the first argument, holds another text, as `holds_text` has it."""

    inherit_cache = True
    type = Boolean()


@compiles(holds_text)
def _holds(element: holds_text, compiler: Any, **options: Any) -> str:
    text, part = _arguments(element, compiler, options)
    return f"(instr(lower({text}), {part}) > 0)"


@compiles(holds_text, "postgresql")
def _holds_postgresql(element: holds_text, compiler: Any, **options: Any) -> str:
    text, part = _arguments(element, compiler, options)
    return f'(strpos(lower({text} COLLATE "C"), {part}) > 0)'


@compiles(has_value_with_text)
def _has_value(element: has_value_with_text, compiler: Any, **options: Any) -> str:
    json, part = _arguments(element, compiler, options)
    return f"EXISTS (SELECT 1 FROM json_each({json}) AS each WHERE instr(lower(each.value), {part}) > 0)"  # noqa: S608 - compiled expressions


@compiles(has_value_with_text, "postgresql")
def _has_value_postgresql(element: has_value_with_text, compiler: Any, **options: Any) -> str:
    json, part = _arguments(element, compiler, options)
    each = f"json_each_text({json}) AS pair (name, value)"
    return f'EXISTS (SELECT 1 FROM {each} WHERE strpos(lower(pair.value COLLATE "C"), {part}) > 0)'  # noqa: S608 - compiled expressions


def _arguments(element: FunctionElement[bool], compiler: Any, options: dict[str, Any]) -> list[str]:
    return [compiler.process(argument, **options) for argument in element.clauses]


def has_text(text: str) -> ColumnElement[bool]:
    """Return the condition that the id, a name or a value of the metadata of a job holds a text."""
    part = bindparam("search", text.translate(A_TO_Z), type_=Text())
    return or_(*(holds_text(name, part) for name in NAMES), has_value_with_text(jobs.c.extra, part))
