"""Stage `mutants`: with each injected fault the oracle must find violations; without it, none."""

from chaos.failpoints import Failpoint
from chaos.grounds import Ground
from chaos.kinds import KINDS
from chaos.mutants import MUTANTS
from chaos.oracle import Report, Violation
from chaos.scenes import Case, play

KIND = "adam float32"
# the scene in which each fault has an effect
EXPOSED: dict[str, tuple[str, Failpoint]] = {
    "fence removed": ("zombie", Failpoint("flush begins", 3)),
    "random state dropped": ("killed", Failpoint("flush committed", 4)),
    "epoch and state in two transactions": ("killed", Failpoint("second transaction begins", 3)),
    "request at the end ignored": ("cancelled_last", Failpoint("end begins")),
}
# without the fault both are written in one transaction, so the worker is killed before that one
SOUND = {"epoch and state in two transactions": Failpoint("flush begins", 3)}


def stage(ground: Ground) -> Report:
    """Play each fault on one pair of backends, with and without it; report each case that the oracle misjudges."""
    ground.learn({KIND: KINDS[KIND]})
    spoilt = {mutant: _played(ground, mutant, is_in=True) for mutant in MUTANTS}
    sound = {mutant: _played(ground, mutant, is_in=False) for mutant in MUTANTS}
    report = ground.judge()
    found = [*_of(report, set(sound.values()))]
    for mutant, job in spoilt.items():
        seen = [*_of(report, {job})]
        print(f"  {mutant}: {len(seen)} violations, the first: {next(iter(seen), None)}", flush=True)
        if not seen:
            found.append(Violation(job, f"the oracle does not see: {mutant}"))
    return Report({"mutants": len(MUTANTS)}, tuple(found))


def _played(ground: Ground, mutant: str, is_in: bool) -> str:
    """Play a scene with or without a fault; return the id of its job."""
    scene, failpoint = EXPOSED[mutant]
    if not is_in:
        failpoint = SOUND.get(mutant, failpoint)
    key = f"{mutant}: {is_in}"
    play(ground, Case(scene, KIND, KINDS[KIND], failpoint, mutant if is_in else None, whole=True), key)
    return next(entry.job for entry in ground.log.entries if entry.key == key and entry.job is not None)


def _of(report: Report, jobs: set[str]) -> list[Violation]:
    return [violation for violation in report.violations if violation.job in jobs]
