"""Objects of Keras's JSON and the names in it, for what is written."""

from typing import Any

from service.definitions.keras.words import Word
from service.errors import Invalid

Json = dict[str, Any]


def inexpressible(detail: str) -> Invalid:
    """Return the error for a part of a network that Keras's JSON cannot express."""
    return Invalid.at("?format", f"cannot be keras: {detail}")


def keras_object(module: str, class_name: str, config: Json) -> Json:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def word_of(words: dict[str, Word], record: Json) -> tuple[str, Json] | None:
    """Return Keras's name and settings of a record; None where it has a setting that Keras lacks."""
    for name, word in words.items():
        if word.type == record["type"]:
            fixed = all(record[ours] == value for ours, (key, value) in word.settings.items() if key is None)
            said = {key: record[ours] for ours, (key, _) in word.settings.items() if key is not None}
            return (name, said) if fixed else None
    return None
