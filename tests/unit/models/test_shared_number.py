"""A number that all processes of a data folder see at once."""

import subprocess
import sys
from pathlib import Path

from service.models.shared_number import SharedNumber

RAISE = """
import sys
from pathlib import Path
from service.models.shared_number import SharedNumber

number = SharedNumber(Path(sys.argv[1]))
for _ in range(1000):
    number.raise_by_one()
"""


def test_each_process_sees_what_others_have_raised(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "number"
    mine = SharedNumber(path)
    assert mine.value() == 0
    others = [subprocess.Popen([sys.executable, "-c", RAISE, str(path)]) for _ in range(2)]
    assert [other.wait(60) for other in others] == [0, 0]
    assert mine.value() == 2000
    assert mine.raise_by_one() and mine.value() == SharedNumber(path).value() == 2001


def test_a_folder_that_cannot_be_written_is_a_number_that_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    number = SharedNumber(tmp_path / "file" / "number")
    assert not number.raise_by_one() and number.value() == 0
