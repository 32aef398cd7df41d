"""What a parent notes of ended children, its children read."""

import os

from workers.exit_codes import PLACES, Obituaries


def test_a_process_forked_before_reads_what_is_noted_later() -> None:
    obituaries = Obituaries()
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(here, 1)
        os._exit(7 if obituaries.exit_code(123) == -9 else 1)
    obituaries.add(123, -9)
    os.write(there, b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    os.close(here)
    os.close(there)


def test_the_newest_are_kept() -> None:
    obituaries = Obituaries()
    assert obituaries.count == 0 and obituaries.exit_code(1) is None
    for pid in range(1, PLACES + 11):
        obituaries.add(pid, pid % 7)
    obituaries.add(50, -11)
    assert obituaries.count == PLACES + 11
    assert obituaries.exit_code(50) == -11
    assert obituaries.exit_code(5) is None and obituaries.exit_code(PLACES) == PLACES % 7
