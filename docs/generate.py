"""Write the tables of docs/training.md and docs/reference.md from the code: `make docs`.

Text between `<!-- table: ... -->` and `<!-- end -->` is written here, everything else by hand. Settings,
defaults and bounds are those of the classes' fields, the words their docstrings: what is registered is in the tables.
"""

import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import Any

from service.api.errors import PROBLEM_TYPES
from service.backprop.activations import ACTIVATIONS
from service.backprop.initializers import INITIALIZERS
from service.backprop.layers import LAYERS
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.registry import Registry
from service.backprop.schedules import SCHEDULES

PAGE = Path(__file__).parent / "training.md"
REFERENCE = PAGE.with_name("reference.md")
TABLES: dict[str, Registry[Any]] = {
    "layers": LAYERS,
    "activations": ACTIVATIONS,
    "initializers": INITIALIZERS,
    "losses": LOSSES,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "metrics": METRICS,
}
PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
BOUNDS = {"above": "above", "minimum": "at least", "below": "below", "maximum": "at most"}


def reference(page: str) -> str:
    """Return the reference with its table of errors as the API has it now."""
    return PLACE.sub(lambda place: place[1] + problems_table() + place[3], page)


def problems_table() -> str:
    """Return a row for each type of problem: its status, its slug, what it means."""
    rows = [
        f"| {kind.status or 'others'} | `{kind.slug}` | {_plain(kind.explanation)} |"
        for kind in sorted(PROBLEM_TYPES, key=lambda kind: kind.status or 1000)
    ]
    return "\n".join(["| status | `type`, below `/problems/` | |", "|---|---|---|", *rows]) + "\n"


def generated(page: str) -> str:
    """Return the page with every table generated from the registries."""
    return PLACE.sub(lambda place: place[1] + table(TABLES[place[2]]) + place[3], page)


def table(registry: Registry[Any]) -> str:
    """Return a table with a row for each class: its name, its settings, its description."""
    rows = [f"| `{name}` | {_settings(registry[name])} | {_words(registry[name])} |" for name in registry]
    return "\n".join(["| name | settings | |", "|---|---|---|", *rows]) + "\n"


def _settings(cls: Any) -> str:
    return "; ".join(_setting(field) for field in dataclasses.fields(cls))


def _setting(field: "dataclasses.Field[Any]") -> str:
    """Return a setting's name and default, its bounds, and its description if it has one."""
    facts = [f"`{field.name}` {_default(field)}"]
    for key, words in BOUNDS.items():
        bound = field.metadata.get(key)
        if bound is not None:
            facts.append(f"{words} {bound:,}" if isinstance(bound, int) else f"{words} {bound:g}")
    doc = _plain(field.metadata.get("doc", ""))
    return ", ".join(facts) + (f": {doc}" if doc else "")


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is dataclasses.MISSING:
        return "has to be given"
    chosen = getattr(field.default, "name", None)  # of another registry's class
    return json.dumps(field.default) if chosen is None else f"`{chosen}`"


def _words(cls: Any) -> str:
    return _plain(" ".join((inspect.getdoc(cls) or "").split()))


def _plain(text: str) -> str:
    """Escape characters of formulas outside of backticks that Markdown would take for markup."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*|<\[])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


if __name__ == "__main__":
    PAGE.write_text(generated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    REFERENCE.write_text(reference(REFERENCE.read_text(encoding="utf-8")), encoding="utf-8")
