"""The training settings and targets of a job with every default filled in, as stored and as shown in answers.

Imports pydantic and no engine: the parent of the Celery workers reads jobs without loading NumPy.
"""

from typing import Any, Literal, Self, TypeAlias

from pydantic import Field

from service.definitions.base import Stored
from service.definitions.dataset_names import DatasetReference
from service.definitions.training_parts import (
    EarlyStoppingChoice,
    GradientClipping,
    HeldOutTest,
    PreprocessingChoice,
    RegularizationChoice,
    StoreParameters,
    Validation,
)

Choice: TypeAlias = str | dict[str, Any]  # of a registry of the engine: a name for its defaults, or `type` and settings


class ResolvedTraining(Stored):
    """A job's `training` with every default filled in: the keys of `TrainingDefinition`, in its order.

    `service.definitions.choices.build` makes the engine's objects of `loss`, `optimizer`, `metrics` and `schedule`.
    Ranges of rows are [from, to]. Keys with a default are missing in jobs of versions that did not know them.
    """

    loss: Choice
    optimizer: Choice
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    precision: Literal["float32", "float64"]
    rows: list[int] | None
    class_weights: Literal["balanced"] | dict[str, float] | None = None
    validation: Validation | None
    test: HeldOutTest | None = None
    metrics: list[Choice]
    regularization: RegularizationChoice = RegularizationChoice()
    label_smoothing: float = 0.0
    schedule: Choice | None = None
    gradient_clipping: GradientClipping | None = None
    early_stopping: EarlyStoppingChoice | None = None
    stop_when: dict[str, float] | None = None
    time_limit_seconds: float | None = None
    preprocessing: PreprocessingChoice
    store_parameters: StoreParameters
    version_epoch: Literal["best", "last"]

    def filled(self) -> dict[str, Any]:
        """Return the settings with every default, those that jobs of earlier releases were stored without, too."""
        said = self.to_json()
        return {**self.model_dump(mode="json"), "validation": said.get("validation"), "test": said.get("test")}

    @property
    def validation_dataset(self) -> DatasetReference | None:
        """Which dataset validates, if a separate one does."""
        if self.validation is None or self.validation.dataset is None:
            return None
        return self.validation.reference()

    def with_dataset(self, part: str, dataset: DatasetReference) -> Self:
        """Return these settings with `dataset` as the one that `part`, such as `validation`, names."""
        named = getattr(self, part)
        record = {**named.model_dump(mode="json", exclude_unset=True), "dataset": dataset.name}
        record.pop("dataset_version", None)
        if dataset.version is not None:
            record["dataset_version"] = dataset.version
        return self.model_copy(update={part: type(named).model_validate(record)})

    @property
    def test_dataset(self) -> DatasetReference | None:
        """Which dataset tests, if a separate one does."""
        return None if self.test is None or self.test.dataset is None else self.test.reference()

    @property
    def splitting(self) -> "Splitting":
        return Splitting(seed=self.seed, rows=self.rows, validation=self.validation, test=self.test)


class Splitting(Stored):
    """What decides which rows train, validate and test: the seed of the draws and the ranges.

    A fraction of test rows is drawn from the ranges `test_from`; None stands for all rows that would train without it.
    """

    seed: int
    rows: list[int] | None
    validation: Validation | None
    test: HeldOutTest | None = None
    test_from: list[list[int]] | None = None

    def training_ranges(self, rows: int) -> list[list[int]]:
        """Return the ranges of a dataset of so many rows that train where no rows are held out at random."""
        ranges = [self.rows or [0, rows]]
        for part in (self.validation, self.test):
            if part is not None and part.rows is not None:
                first, last = part.rows
                cut = [[[start, min(end, first)], [max(start, last), end]] for start, end in ranges]
                ranges = [[start, end] for both in cut for start, end in both if start < end]
        return ranges


class Targets(Stored):
    """How targets are read: as classes with `labels`, or as values (`labels` None), and the number of `outputs`.

    Attributes
    ----------
    because
        The rule that decided it, and how to say otherwise; None in jobs of versions that did not say.
    low
        What a single output is trained towards for the first of two classes; it is 1 for the second.
    warnings
        What the job's owner should look at, by a code.
    """

    outputs: int
    labels: tuple[str | int, ...] | None
    because: str | None = None
    low: float = 0.0
    warnings: dict[str, str] = Field(default_factory=dict)

    @property
    def are_classes(self) -> bool:
        return self.labels is not None
