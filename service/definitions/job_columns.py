"""The columns that a job chooses of its dataset, in place of the roles that the dataset was sent with.

Imports no engine, as the store reads a job's columns. No rows are read.
"""

from dataclasses import replace
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from service.definitions.base import Model, Stored, Text
from service.definitions.columns import Column, ColumnType, Role, Table, input_names
from service.definitions.guessing import absent
from service.errors import Fault, Faults, Invalid

TargetType: TypeAlias = Literal["class", "value"]
ColumnNames: TypeAlias = Annotated[list[Text], Field(min_length=1, fail_fast=True)] | Text


class ColumnChoice(Model):
    """Which columns of the dataset a job uses; by default each as the dataset was sent."""

    misplaced: ClassVar[dict[tuple[str | int, ...], str]] = {
        ("weight",): "the column of weights is named when the dataset is sent, with `weight`",
        **{
            ("training", name): f"`{name}` goes next to `dataset`, not into `training`"
            for name in ("inputs", "drop", "target", "target_type")
        },
    }

    inputs: ColumnNames | None = Field(
        default=None, description="the input columns, and the order of a row to predict; by default the dataset's"
    )
    drop: ColumnNames | None = Field(default=None, description="input columns to leave out")
    target: ColumnNames | None = Field(
        default=None,
        description="the target columns; the dataset's own are then left out unless `inputs` has them",
    )


class JobColumns(Stored):
    """The columns that a job uses, by name, in the order in which the network takes them.

    `target_type` is what the client said of the targets. `whole_values` has the distinct values of targets that the
    dataset was sent with as inputs, as `Column.whole_values` holds them for targets. `numbered` counts the inputs of a
    dataset of arrays, whose columns have numbers for names.
    """

    inputs: tuple[str, ...]
    target: tuple[str, ...]
    target_type: TargetType | None = None
    whole_values: dict[str, tuple[float, ...]] = Field(default={})
    numbered: int | None = None


def choose(table: Table, choice: ColumnChoice, target_type: TargetType | None = None) -> JobColumns | None:
    """Return the columns that a job uses of a dataset; None when it chooses nothing.

    Raises
    ------
    Invalid
        With a JSON pointer to each of the first ten names that are wrong.
    """
    if choice.inputs is None and choice.drop is None and choice.target is None and target_type is None:
        return None
    names = _Names(table, choice)
    names.check()
    left_out = {*names.drop, *names.target}
    inputs = names.inputs or tuple(column.name for column in table.having(Role.INPUT) if column.name not in left_out)
    if not inputs:
        raise Invalid.at("#/target" if choice.drop is None else "#/drop", "leaves no column to be an input")
    _check_type(table, names.target, target_type)
    return JobColumns(inputs=inputs, target=names.target, target_type=target_type, numbered=_numbered(table))


class _Names:
    """The names of a choice, field by field, and what is wrong with them."""

    def __init__(self, table: Table, choice: ColumnChoice) -> None:
        self.choice = choice
        self.roles = {column.name: column.role for column in table.columns}
        self.inputs, self.drop, self.own = _names(choice.inputs), _names(choice.drop), _names(choice.target)
        self.target = self.own or tuple(column.name for column in table.having(Role.TARGET))
        self.fields = {"target": frozenset(self.own), "inputs": frozenset(self.inputs)}
        self.targets = frozenset(self.target)

    def check(self) -> None:
        """Raise `Invalid` for names that are wrong, each with a pointer to it."""
        faults = Faults()
        for field, names in (("target", self.own), ("inputs", self.inputs), ("drop", self.drop)):
            is_list = isinstance(getattr(self.choice, field), list)
            seen: set[str] = set()
            for index, name in enumerate(names):
                detail = f"`{name}` is named twice" if name in seen else self._fault(field, name)
                seen.add(name)
                if detail is not None:
                    faults.add(Fault(detail, pointer=f"#/{field}/{index}" if is_list else f"#/{field}"))
        faults.check()

    def _fault(self, field: str, name: str) -> str | None:
        role = self.roles.get(name)
        if role is None:
            return absent("column", name, self.roles)
        if role is Role.WEIGHT:
            return f"`{name}` is the dataset's column of weights and stays it; send the dataset again without `weight`"
        if field != "target" and name in self.fields["target"]:
            return f"`{name}` is named as a `target` as well"
        if field != "target" and name in self.targets:
            return f"`{name}` is the dataset's target; name another `target` next to `dataset`"
        if field == "drop" and name in self.fields["inputs"]:
            return f"`{name}` is named in `inputs` as well"
        return None


def _names(given: list[str] | str | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)


def _numbered(table: Table) -> int | None:
    """Return the number of inputs where they are named by their places, as those of arrays are; otherwise None."""
    inputs = table.having(Role.INPUT)
    are_numbered = tuple(column.name for column in inputs) == input_names(len(inputs))
    return len(inputs) if inputs and are_numbered else None


def _check_type(table: Table, target: tuple[str, ...], target_type: TargetType | None) -> None:
    targets = frozenset(target)
    for column in table.columns:
        if target_type == "value" and column.name in targets and column.type is ColumnType.CATEGORY:
            raise Invalid.at("#/target_type", f"`{column.name}` holds text, so it cannot be a value")


def view(table: Table, columns: JobColumns, where: str = "#/dataset") -> Table:
    """Return the table as if it had been sent with these inputs and targets: in this order, its weight last.

    The statistics are those of the stored table. The dataset may be another one than the columns were chosen of.

    Raises
    ------
    Invalid
        At the JSON pointer `where`, when a column is missing, and for arrays of another width than the columns were
        chosen of: equal numbers do not mean the same column there.
    """
    numbered = _numbered(table)
    if columns.numbered is not None and numbered is not None and numbered != columns.numbered:
        raise Invalid.at(where, f"must have {columns.numbered} inputs, as the arrays trained on, got {numbered}")
    there = {column.name: column for column in table.columns}
    wanted = {name: Role.INPUT for name in columns.inputs} | {name: Role.TARGET for name in columns.target}
    missing = [name for name in wanted if name not in there]
    if missing:
        raise Invalid.at(where, absent("column", missing[0], there))
    chosen = [_with_role(there[name], role, columns) for name, role in wanted.items()]
    weights = [column for column in table.having(Role.WEIGHT) if column.name not in wanted]
    own_targets = tuple(column.name for column in table.having(Role.TARGET))
    sums_are_one = table.target_sums_are_one if columns.target == own_targets else None
    return replace(table, columns=(*chosen, *weights), target_sums_are_one=sums_are_one)


def _with_role(column: Column, role: Role, columns: JobColumns) -> Column:
    """Return a column in another role: only targets are read as classes."""
    if role is not column.role:
        column = replace(column, role=role, class_or_value=None, whole_values=None)
    if role is not Role.TARGET:
        return column
    whole = columns.whole_values.get(column.name, column.whole_values)
    return replace(column, whole_values=whole, class_or_value=columns.target_type or column.class_or_value)
