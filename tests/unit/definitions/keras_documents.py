"""Small documents of Keras for tests, with one layer or setting changed."""

from typing import Any


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


def dense(**config: Any) -> dict[str, Any]:
    return layer("Dense", **{"units": 3, **config})


def sequential(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document of Keras 3; `more` stands next to `config`."""
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}, **more}


def policy(name: str, class_name: str = "DTypePolicy") -> dict[str, Any]:
    return {"module": "keras", "class_name": class_name, "config": {"name": name}, "registered_name": None}


def compiled(optimizer: Any = "adam", **more: Any) -> dict[str, Any]:
    return sequential(dense(), compile_config={"optimizer": optimizer, **more})
