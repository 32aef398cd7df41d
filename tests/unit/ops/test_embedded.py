"""The data folder of an embedded service, and the path of its queue's socket."""

import json
from pathlib import Path

import pytest

from service.errors import Misconfigured
from service.ops.embedded import FORMAT, LONGEST_SOCKET_PATH, check_format, data_folder, socket_path


def test_a_new_folder_gets_this_releases_format(tmp_path: Path) -> None:
    with data_folder(tmp_path / "new"):
        assert json.loads((tmp_path / "new" / "format.json").read_text()) == {"format": FORMAT}


def test_a_folder_is_used_by_one_server_at_a_time(tmp_path: Path) -> None:
    with data_folder(tmp_path), pytest.raises(Misconfigured, match="another `backprop serve`"), data_folder(tmp_path):
        pass
    with data_folder(tmp_path):
        pass


@pytest.mark.parametrize(("text", "message"), [('{"format": 99}', "has format 99"), ("{", "cannot be read")])
def test_another_format_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "format.json").write_text(text)
    with pytest.raises(Misconfigured, match=message):
        check_format(tmp_path)


def test_a_socket_whose_path_is_too_long_is_made_elsewhere(tmp_path: Path) -> None:
    long = tmp_path / ("d" * LONGEST_SOCKET_PATH)
    long.mkdir()
    with socket_path(long) as path:
        assert not path.is_relative_to(long) and len(bytes(path)) <= LONGEST_SOCKET_PATH
    assert not path.parent.exists()
