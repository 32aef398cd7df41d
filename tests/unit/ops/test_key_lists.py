"""Lists of names, and the files of keys made for them."""

from pathlib import Path

import pytest

from service.errors import Misconfigured
from service.ops.key_lists import Entry, Made, called_after, read_names, write_made


def written(folder: Path, text: str) -> Path:
    file = folder / "class.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_each_row_is_a_key_in_the_tenant_it_names(tmp_path: Path) -> None:
    file = written(tmp_path, "\ufeffname,tenant\nAnn,\nBob,lab\n")
    assert read_names(file, "school", False) == [Entry("Ann", "school"), Entry("Bob", "lab")]
    assert read_names(file, "school", True) == [Entry("Ann", "ann"), Entry("Bob", "bob")]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffName;Tenant;Mail\r\nAnn;;a@b\r\n;;\r\nBob;lab\r\n",
        "tenant\tname\n\n\tAnn\nlab\tBob\n\n",
        'name , tenant\n"Ann", \n"Bob" ,lab\n,\n',
    ],
)
def test_lists_are_read_as_spreadsheets_write_them(tmp_path: Path, text: str) -> None:
    assert read_names(written(tmp_path, text), "school", False) == [Entry("Ann", "school"), Entry("Bob", "lab")]


def test_a_file_that_cannot_be_read_is_told_from_one_in_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read: No such file"):
        read_names(tmp_path / "nowhere.csv", "default", False)
    (tmp_path / "class.csv").write_bytes("name\nJos\xe9\n".encode("latin-1"))
    with pytest.raises(Misconfigured, match="not in UTF-8: spreadsheets save it as `CSV UTF-8`"):
        read_names(tmp_path / "class.csv", "default", False)


@pytest.mark.parametrize(("name", "tenant"), [("Zo\u00eb M\u00fcller", "zoe-muller"), ("O'Brien, P.", "o-brien-p")])
def test_a_tenant_is_called_after_a_person(name: str, tenant: str) -> None:
    assert called_after(name) == tenant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it has nothing"),
        ("name\n", "no row below it"),
        ("Student;Mail\nAnn;a@b\n", "it has `student`, `mail`"),
        ("name,tenant\nAnn,a\n ,b\n", "row 2: the name is empty"),
        ("name\nAnn\nAnn\n", "row 2: 'Ann' is that of row 1"),
        ("name,tenant\nAnn,A B\n", "row 1: a tenant cannot be called 'A B'"),
    ],
)
def test_a_list_at_fault_is_refused_with_its_row(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_names(written(tmp_path, text), "default", False)
    assert words in refused.value.detail


def test_people_whose_tenants_would_be_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="row 2: 'ann' is that of row 1"):
        read_names(written(tmp_path, "name\nAnn\nANN\n"), "default", True)


def test_keys_go_to_a_new_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "keys.csv"
    write_made(file, [Made(Entry("Ann", "a"), "1", "bp_1")])
    assert file.read_text() == "name,tenant,id,key\nAnn,a,1,bp_1\n" and file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Misconfigured, match="is there already"):
        write_made(file, [])
