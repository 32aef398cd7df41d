"""What stands in the path of an address: what each part means, with an example.

The part before a parameter says what is meant: `{name}` is a network's behind `/networks/` and a model's behind
`/models/`.
"""

from dataclasses import dataclass
from typing import Any

from service.api.examples import JOB_ID


@dataclass(frozen=True)
class PathParameter:
    """What a part of the path names; a test puts what it has made there in place of the example."""

    description: str
    example: str


KNOWN = {
    "aliases": PathParameter("the name of an alias", "champion"),
    "datasets": PathParameter("the name of a dataset, or `name@version`", "iris"),
    "deliveries": PathParameter("the id of a delivery", "msg_01hzy3v7k2m8q4t6w9x0c5e1"),
    "diff": PathParameter("another epoch: a number, `best` or `last`", "0"),
    "docs": PathParameter("a tag of this document", "jobs"),
    "epochs": PathParameter("an epoch: a number, `best` or `last`", "last"),
    "grants": PathParameter("the name of a tenant", "school"),
    "jobs": PathParameter("the id of a job", JOB_ID),
    "keys": PathParameter("the id of a key", "key_01hzy3v7k2m8"),
    "labels": PathParameter("the name of an alias, as TensorFlow Serving calls it", "champion"),
    "models": PathParameter("the name of a model", "iris"),
    "networks": PathParameter("the name of a network", "small"),
    "predictions": PathParameter("the id of a prediction of a dataset", "pred_d1595e226a9f0a0b"),
    "problems": PathParameter("the last part of a problem's `type`", "validation"),
    "schemas": PathParameter("the name of a schema of this document", "Job"),
    "shares": PathParameter("the id of a share", "key_01hzy3v7k2m8"),
    "tenants": PathParameter("the name of a tenant", "school"),
    "versions": PathParameter("the number of a version, or an alias", "1"),
    "webhooks": PathParameter("the id of a webhook", "hook_01hzy3v7k2m8"),
}


def in_path(path: str, name: str) -> dict[str, Any]:
    """Describe the parameter `{name}` of a path.

    Raises
    ------
    KeyError
        When what the part before it names is not described above.
    """
    known = KNOWN[path.split(f"/{{{name}}}")[0].rpartition("/")[2]]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": known.description,
        "example": known.example,
    }
