"""The seconds of jobs on the workers of a deployment: the model's, corrected by what was measured there."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.backprop.training.kernels import NUMBA, NUMPY, resolve
from service.config import Settings
from service.estimates import costs
from service.estimates.known import KnownShapes
from service.estimates.shapes import Machine, Shape
from service.estimates.similarity import Correction, Sample, correct
from service.estimates.speed import Calibration, parts_of
from service.estimates.work import Work
from service.store import calibrations, outlook
from service.store.calibrations import CalibrationRecord
from service.store.database import Connection
from service.store.outlook import Fleet, Measured

MOST_KINDS = 20  # different jobs that wait whose seconds are corrected by jobs alike; further ones as by the last


@dataclass(frozen=True)
class Seconds:
    """The seconds of each epoch of a job, those it takes besides, and how far off they may be."""

    epoch: float
    others: float
    correction: Correction


class Rates:
    """The seconds of jobs on the workers that are alive, or that were alive last."""

    def __init__(
        self,
        machine: Machine,
        fingerprint: str | None,
        record: CalibrationRecord | None,
        samples: Sequence[Sample],
    ) -> None:
        self.machine, self.fingerprint, self.record, self.samples = machine, fingerprint, record, samples
        self.calibration = Calibration() if record is None else Calibration.from_json(record.factors)
        self._corrections: dict[Work, Correction] = {}
        self._last: Correction | None = None

    @classmethod
    def read(
        cls, connection: Connection, settings: Settings, known: KnownShapes, fleet: Fleet, dataset: str
    ) -> "Rates":
        """Read what is known of the workers, and of jobs that were measured on such workers."""
        measured = outlook.measured(connection, dataset)
        fingerprint, threads = fleet.fingerprint, fleet.threads or settings.threads
        record = None if fingerprint is None else calibrations.find(connection, fingerprint, threads)
        if record is None and fleet.fingerprint is None:
            record = calibrations.newest(connection)
            fingerprint = record.fingerprint if record is not None else _newest_fingerprint(measured)
        alike = [each for each in measured if each.fingerprint == fingerprint]
        machine = Machine(_kernels(fingerprint, settings), threads)
        shapes = known.of(connection, [each.number for each in alike], machine)
        samples = [_sample(each, shapes[each.number]) for each in alike if each.number in shapes]
        return cls(machine, fingerprint, record, samples)

    def of(self, shape: Shape) -> Seconds:
        """Return the seconds of a job, by jobs alike."""
        correction = self._corrections.get(shape.work)
        if correction is None:
            correction = self._corrections[shape.work] = correct(shape, self.samples, self.calibration)
        return self._seconds(shape, correction)

    def roughly(self, shape: Shape) -> Seconds:
        """Return the same with less effort once many different jobs were asked for."""
        if shape.work in self._corrections or len(self._corrections) < MOST_KINDS or self._last is None:
            found = self.of(shape)
            self._last = found.correction
            return found
        return self._seconds(shape, self._last)

    def _seconds(self, shape: Shape, correction: Correction) -> Seconds:
        epoch = sum(parts_of(shape, self.calibration).values()) * correction.epochs
        return Seconds(epoch, costs.other_seconds(shape) * correction.others, correction)


def _newest_fingerprint(measured: Sequence[Measured]) -> str | None:
    return next((each.fingerprint for each in measured if each.fingerprint is not None), None)


def _kernels(fingerprint: str | None, settings: Settings) -> str:
    """Return what computes the steps of workers with this fingerprint, as `fingerprint` writes it."""
    if fingerprint is None:
        return resolve(settings.kernels)
    return NUMBA if f"kernels {NUMBA} " in fingerprint else NUMPY


def _sample(measured: Measured, shape: Shape) -> Sample:
    others = None if measured.other_seconds is None else measured.other_seconds / costs.other_seconds(shape)
    return Sample(shape, measured.seconds_per_epoch, measured.epochs, others)
