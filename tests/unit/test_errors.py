"""Errors that are built from faults: their sentence, and how many faults they carry."""

from service.errors import Fault, Invalid, escaped


def test_one_fault_names_its_place() -> None:
    error = Invalid.at("#/training/loss", "is required")
    assert error.detail == "#/training/loss: is required"
    assert error.faults == (Fault("is required", pointer="#/training/loss"),)


def test_of_many_faults_the_sentence_has_the_first_and_a_count() -> None:
    faults = [Fault(f"wrong {number}", pointer=f"#/{number}") for number in range(12)]
    error = Invalid.from_faults(faults)
    assert error.detail == "#/0: wrong 0 (and 11 more)"
    assert error.faults == tuple(faults[:10])


def test_keys_are_escaped_as_parts_of_a_pointer() -> None:
    assert escaped("a/b~c") == "a~1b~0c"
