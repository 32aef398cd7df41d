"""The text of keys: its form, its checksum, and what is shown of it."""

import hashlib
import re

from service.access.tokens import DIGITS, PATTERN, digest, id_of, is_mistyped, new_token


def test_a_key_is_64_letters_and_digits_with_its_id_behind_the_prefix() -> None:
    made = [new_token() for _ in range(200)]
    for token in made:
        assert re.fullmatch(r"bp_[0-9A-Za-z]{61}", token.text) and id_of(token.text) == token.id
        assert not is_mistyped(token.text)
        assert token.sha256 == digest(token.text) == hashlib.sha256(token.text.encode()).hexdigest()
    assert len({token.id for token in made}) == len({token.text for token in made}) == 200


def test_every_single_wrong_character_and_every_swap_of_neighbours_is_told_from_a_wrong_key() -> None:
    text = new_token().text
    for at in range(3, len(text)):
        other = DIGITS[(DIGITS.index(text[at]) + 1) % len(DIGITS)]
        assert is_mistyped(text[:at] + other + text[at + 1 :])
        if at + 1 < len(text) and text[at] != text[at + 1]:
            assert is_mistyped(text[:at] + text[at + 1] + text[at] + text[at + 2 :])
    assert is_mistyped(text[:-1]) and is_mistyped(text + "0") and is_mistyped("") and is_mistyped("bp_" + "\u00e9" * 61)


def test_another_key_is_not_mistyped() -> None:
    assert not is_mistyped(new_token().text) and PATTERN.fullmatch(new_token().text)


def test_no_text_of_a_key_is_shown_by_its_object() -> None:
    token = new_token()
    assert token.text not in repr(token) and token.id in repr(token)


def test_any_text_has_a_digest_and_of_a_long_one_only_the_start_is_looked_at() -> None:
    assert digest("x" * 10_000_000) == digest("x" * 200)
    assert digest("\udc80") != digest("")
