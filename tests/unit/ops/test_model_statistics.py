"""Counts of predictions by version, in one process and in several that share a folder."""

from pathlib import Path

from service.ops.model_statistics import Counted, Figures, ModelStatistics

FIRST, SECOND, OTHERS = Counted(1, "m", 1), Counted(1, "m", 2), Counted(2, "m", 1)


def test_a_process_counts_alone_without_a_folder() -> None:
    statistics = ModelStatistics()
    statistics.count(FIRST, 3, 10, 20, 30)
    statistics.count(FIRST, 1, 1, 2, 3)
    statistics.count_failure(SECOND, 7)
    statistics.count(OTHERS, 9, 1, 1, 1)
    found = statistics.of_tenant(1)
    assert set(found) == {FIRST, SECOND} and found[FIRST].last_milliseconds > 0
    assert found[FIRST].all[1:] == (4, 2, 66, 0, 0, 11, 22, 33)
    assert found[SECOND] == Figures(failures=1, failed_nanoseconds=7)


def test_processes_that_share_a_folder_see_the_sums_and_go_on_after_a_restart(tmp_path: Path) -> None:
    one, other = ModelStatistics(), ModelStatistics()
    one.share(tmp_path, 0)
    other.share(tmp_path, 1)
    one.count(FIRST, 3, 1, 1, 1)
    other.count(FIRST, 4, 1, 1, 1)
    other.count(SECOND, 1, 1, 1, 1)
    assert one.of_tenant(1) == other.of_tenant(1)
    assert (one.of_tenant(1)[FIRST].rows, one.of_tenant(1)[FIRST].requests) == (7, 2)
    again = ModelStatistics()
    again.share(tmp_path, 1)
    again.count(FIRST, 1, 1, 1, 1)
    again.count(SECOND, 1, 1, 1, 1)
    assert one.of_tenant(1)[FIRST].rows == 8 and one.of_tenant(1)[SECOND].rows == 2


def test_names_of_the_longest_length_are_counted(tmp_path: Path) -> None:
    statistics, key = ModelStatistics(), Counted(1, "m" * 64, 2**31 - 1)
    statistics.share(tmp_path, 0)
    statistics.count(key, 1, 1, 1, 1)
    assert statistics.of_tenant(1)[key].rows == 1
