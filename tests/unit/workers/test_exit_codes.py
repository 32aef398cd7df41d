"""Exit codes that a parent records and its children read."""

import os

from workers.exit_codes import CAPACITY, ExitCodes


def test_a_process_forked_before_reads_what_is_recorded_later() -> None:
    exit_codes = ExitCodes()
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(here, 1)
        os._exit(7 if exit_codes.exit_code(123) == -9 else 1)
    exit_codes.add(123, -9)
    os.write(there, b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    os.close(here)
    os.close(there)


def test_the_newest_exit_codes_are_stored() -> None:
    exit_codes = ExitCodes()
    assert exit_codes.count == 0 and exit_codes.exit_code(1) is None
    for pid in range(1, CAPACITY + 11):
        exit_codes.add(pid, pid % 7)
    exit_codes.add(50, -11)
    assert exit_codes.count == CAPACITY + 11
    assert exit_codes.exit_code(50) == -11
    assert exit_codes.exit_code(5) is None and exit_codes.exit_code(CAPACITY) == CAPACITY % 7
