"""Errors that are built from faults: their sentence, and how many faults they carry."""

import pytest

from service.errors import Fault, Faults, Invalid, escaped, unescaped


def test_one_fault_names_its_place() -> None:
    error = Invalid.at("#/training/loss", "is required")
    assert error.detail == "#/training/loss: is required"
    assert error.faults == (Fault("is required", pointer="#/training/loss"),)


def test_of_many_faults_the_sentence_has_the_first_and_a_count() -> None:
    faults = [Fault(f"wrong {number}", pointer=f"#/{number}") for number in range(12)]
    error = Invalid.from_faults(faults)
    assert error.detail == "#/0: wrong 0 (and 11 more faults)"
    assert error.faults == tuple(faults[:10])


def test_keys_are_escaped_as_parts_of_a_pointer() -> None:
    assert escaped("a/b~c") == "a~1b~0c" and escaped(3) == "3"
    assert unescaped("a~1b~0c~01") == "a/b~c~1"


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        ([Fault("must be a number", row=7, column="a")], "column `a`, row 7: must be a number"),
        ([Fault("x", row=7, column="a"), Fault("y", row=8, column="b")], "column `a`, row 7: x (and 1 more cell)"),
        ([Fault("wrong", row=2), Fault("x", row=3), Fault("x", row=4)], "row 2: wrong (and 2 more rows)"),
        ([Fault("wrong", row=2), Fault("x", row=3), Fault("x", column="b")], "row 2: wrong (and 2 more faults)"),
        ([Fault("the file is empty")], "the file is empty"),
    ],
)
def test_the_sentence_says_where_and_how_many_more_of_what(faults: list[Fault], sentence: str) -> None:
    assert Invalid.from_faults(faults).detail == sentence


def test_a_collector_ends_the_work_with_the_tenth_fault() -> None:
    faults = Faults()
    faults.check()
    with pytest.raises(Invalid) as caught:
        for row in range(1, 100):
            faults.add(Fault("wrong", row=row))
    assert [fault.row for fault in caught.value.faults] == list(range(1, 11))
    assert caught.value.detail == "row 1: wrong (and at least 9 more rows)"


def test_a_collector_with_few_faults_raises_them_when_it_is_checked() -> None:
    faults = Faults()
    faults.add(Fault("wrong", row=3, column="a"))
    with pytest.raises(Invalid, match=r"^column `a`, row 3: wrong$"):
        faults.check()
