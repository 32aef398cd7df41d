"""The alias that a job moves to its version: decided before the transaction that ends the job, moved within it."""

import logging
from collections.abc import Callable
from typing import Any

from service.definitions.build import build_settings
from service.definitions.decisions import threshold_of
from service.definitions.job_parts import Promote, Promoted
from service.errors import NotFound, OutOfSpace, ServiceError, Unavailable
from service.explain.comparison import compare
from service.explain.promotion import signature_of
from service.explain.subjects import Subject, version_subject
from service.models.cache import ModelCache
from service.models.interfaces import differences
from service.models.signature import signature
from service.services import Services
from service.store import aliases
from service.store.database import Connection
from service.store.jobs import jobs
from service.store.model_records import AliasRecord
from service.store.records import JobRecord
from workers.run.finish import network_at, version_epoch
from workers.run.prepare import Prepared
from workers.run.recorder import Recorder

MOST_TRIES = 5  # of a decision that others overtake

log = logging.getLogger(__name__)


class AliasMoved(jobs.Overtaken):
    """Another request has moved the alias since the decision, which is to be made anew."""


class Promotion:
    """Decides whether the alias of a job is moved to its version, and moves it.

    Call `decide`, then `move` within the transaction that adds the version; once more if that raised `AliasMoved`.
    """

    def __init__(
        self,
        services: Services,
        job: JobRecord,
        prepared: Prepared,
        recorder: Recorder,
        check: Callable[[], None],
    ) -> None:
        assert job.promote is not None
        self.services, self.job, self.prepared, self.recorder, self.check = services, job, prepared, recorder, check
        self.promote: Promote = job.promote
        self.tries = 0
        self._before: AliasRecord | None = None
        self._moves, self._because = False, ""

    def decide(self) -> None:
        """Compare the version that is to be made with the one that has the alias now; `check` may raise."""
        self.check()
        self.tries += 1
        self._before = self._find()
        try:
            self._moves, self._because = self._decided()
        except (Unavailable, OutOfSpace):
            raise
        except ServiceError as error:
            self._refuse(f"the versions cannot be compared: {error.detail}")
        except MemoryError:
            self._refuse("the versions cannot be compared: the worker has not enough memory for that")
        except Exception:
            # training is complete, and what is stored of it is right, so the job does not fail for this
            log.exception("the versions cannot be compared")
            self._refuse("the versions cannot be compared: the worker's log says why")
        self.check()

    def move(self, connection: Connection, version: int) -> Promoted:
        """Move the alias to the version just added, if that was decided; return what became of it.

        Raises
        ------
        AliasMoved
            When another request has moved the alias since the decision; the transaction must be rolled back.
        """
        moves, because = self._moves, self._because
        if aliases.find_alias(connection, self.job.model_name, self.promote.alias) != self._before:
            if self.tries < MOST_TRIES:
                raise AliasMoved
            moves, because = False, "others have moved the alias again and again meanwhile"
        if moves:
            aliases.move_alias(connection, self.job.model_name, self.promote.alias, version, self._before)
        return Promoted(alias=self.promote.alias, version=version, moved=moves, because=because)

    def _find(self) -> AliasRecord | None:
        with self.services.database.read() as connection:
            try:
                return aliases.find_alias(connection, self.job.model_name, self.promote.alias)
            except NotFound:  # no model yet
                return None

    def _refuse(self, because: str) -> None:
        stays = "" if self._before is None else f"the alias stays with version {self._before.version}: "
        self._moves, self._because = False, stays + because

    def _decided(self) -> tuple[bool, str]:
        gate, before = self.promote.if_better_on, self._before
        if before is None:
            compared = ", so there was no version to be better than" if gate is not None else ""
            return True, f"the alias is new{compared}"
        if found := self._differences(before):
            return False, f"the alias stays with version {before.version}: this one differs: {'; '.join(found)}"
        if gate is None:
            return True, "the job succeeded"
        current = version_subject(self.services, ModelCache(), self.job.model_name, before.version, None)
        comparison = compare(self.services, gate, self._subject(), current, before.version)
        stays = "" if comparison.is_better else f"the alias stays with version {before.version}: "
        return comparison.is_better, stays + comparison.sentence

    def _differences(self, before: AliasRecord) -> list[str]:
        """Return what would break clients of the version that has the alias."""
        with self.services.database.read() as connection:
            current = signature_of(connection, self.job.model_name, before.version)
        return differences(current, signature(self.job.network, self.prepared.preprocessing))

    def _subject(self) -> Subject:
        """Return the network that becomes the version, as it is evaluated once it is one."""
        job = self.job
        epoch = version_epoch(job, self.recorder)
        preprocessing = self.prepared.preprocessing.deciding(threshold_of(job.decision))
        settings = build_settings(job.training, preprocessing.target_scale, None, low=preprocessing.low)
        head: Any = {"job": job.id, "epoch": epoch}
        network = network_at(self.services, job, self.recorder, epoch)
        return Subject(network, preprocessing, settings, settings.optimizer.learning_rate, head, job)
