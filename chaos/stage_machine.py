"""Stage `machine`: commands to jobs in any order, compared with their model, on both pairs of backends."""

from chaos.grounds import PAIRS, ground
from chaos.machine import Ground, run_machine
from chaos.oracle import Report, Violation, sum_of
from chaos.stage_schema import number_of
from service.app import create_app

STEPS = 30


def run(pair: str, runs: int, seed: str) -> Report:
    """Do `runs` runs; the steps of one that fails are printed."""
    with ground(pair, kernels="numpy") as made:  # trains batch by batch
        app = create_app(made.services.settings)
        try:
            steps = run_machine(Ground.of(app.test_client(), made.services), runs, STEPS, number_of(seed))
        except AssertionError as error:
            return Report({}, (Violation(None, f"the state machine: {error}"),))
        finally:
            app.extensions["services"].database.dispose()
    return Report({"runs of the state machine": runs, "steps": steps}, ())


def stage(runs: int, seed: str) -> Report:
    return sum_of(run(pair, runs // len(PAIRS), f"{seed} {pair}") for pair in PAIRS)
