"""Writes the card of a model as Markdown."""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from service.models.card_answers import CardAnswer, CardDataAnswer
from service.models.markdown import bullets, code, heading, number, table, text
from service.models.signature_answers import InputAnswer, OutputAnswer

MOST_ROWS = 50  # of a table of columns, classes or layers
MOST_MATRIX = 20  # classes of a confusion matrix that are written; the JSON has all of at most 100
MOST_EXAMPLE = 2000  # characters of an example that are written
LEFT_OUT = ("validation", "test", "rows")  # settings that the section on data has


def write(card: CardAnswer, address: str) -> str:
    """Return the card as a Markdown document; `address` is the service's, such as `http://localhost:8000`."""
    lines = [f"# {text(card['model'])}, version {card['version']}", ""]
    for part in (_what, _lineage, _data, _columns, _training, _curve, _metrics, _classes, _replay):
        lines += part(card)
    lines += _call(card, address)
    if card["gone"]:
        lines += [*heading("What is not known"), *bullets(map(text, card["gone"]))]
    return "\n".join(lines).rstrip("\n") + "\n"


def _what(card: CardAnswer) -> list[str]:
    network, (first, *rest) = card["network"], card["outputs"]
    if first["type"] == "category":
        task = (
            f"A neural network that predicts the class {text(first['name'])}, one of {len(first.get('classes', ()))},"
        )
    else:
        more = f" and {len(rest)} more" if rest else ""
        task = f"A neural network that predicts the value {text(first['name'])}{more}"
    columns = len(card["inputs"])
    task += f" from {number(columns)} column{'' if columns == 1 else 's'}."
    lines = [task, "", *_bounded(("layer", "units", "activation", "parameters"), _layers(card))]
    facts = [f"{number(network['parameters'])} parameters in {text(network['precision'])}"]
    if card["decision"] is not None:
        classes = first.get("classes", ["", ""])
        limit = number(card["decision"]["threshold"])
        facts.append(f"Decision: {text(classes[-1])} where its output is at least {limit}")
    return [*lines, *bullets(facts)]


def _layers(card: CardAnswer) -> list[list[str]]:
    return [
        [
            text(layer["type"]),
            number(layer["output"]),
            text(_name(layer.get("activation"))),
            number(layer["parameters"]),
        ]
        for layer in card["network"]["layers"]
    ]


def _name(choice: Any) -> str:
    """Return the name of a choice that may have settings of its own."""
    return str(choice["type"] if isinstance(choice, dict) else choice or "")


def _lineage(card: CardAnswer) -> list[str]:
    origins = {
        "job": "made by a job that succeeded",
        "epoch": "made of an epoch of a job",
        "import": "made of parameters that a client sent",
    }
    facts = [f"{origins[card['origin']].capitalize()}, {card['created_at']:%Y-%m-%dT%H:%M:%SZ}"]
    if card["job"] is not None:
        facts.append(f"Job {text(card['job'])}, epoch {card['epoch']}")
    if card["forked_from"] is not None:
        facts.append(f"Forked from job {text(card['forked_from']['job'])}, epoch {card['forked_from']['epoch']}")
    if card["aliases"]:
        facts.append(f"Aliases: {', '.join(map(text, card['aliases']))}")
    facts.append(f"SHA-256 of the parameters: `{card['sha256']}`")
    return [*heading("Lineage"), *bullets(facts)]


def _data(card: CardAnswer) -> list[str]:
    data = card["data"]
    if data["dataset"] is None:
        return []
    facts = [f"Dataset {text(data['dataset'])}, version {number(data['dataset_version'])}"]
    if data["rows"] is not None:
        facts.append(f"{number(data['rows'])} rows, {number(data['columns'])} columns, SHA-256 `{data['sha256']}`")
    return [*heading("Data"), *bullets([*facts, *_split(data)])]


def _split(data: CardDataAnswer) -> list[str]:
    split = data["split"]
    if split is None:
        return []
    counts = {"Training": data["training_rows"], "Validation": data["validation_rows"], "Test": data["test_rows"]}
    how = {"Training": split["rows"], "Validation": split["validation"], "Test": split["test"]}
    lines = []
    for name, count in counts.items():
        if name != "Training" and how[name] is None:
            lines.append(f"{name}: none")
            continue
        words = _settings(how[name]) if isinstance(how[name], dict) else ""
        rows = "" if count is None else f"{number(count)} rows"
        lines.append(f"{name}: {', '.join(part for part in (rows, words) if part) or 'all other rows'}")
    return lines


def _columns(card: CardAnswer) -> list[str]:
    head = ("column", "type", "values", "mean", "missing")
    inputs = [_input(column) for column in card["inputs"]]
    outputs = [[text(each["name"]), each["type"], _values(each)] for each in card["outputs"]]
    return [
        *heading("Inputs"),
        *_bounded(head, inputs),
        *heading("Outputs"),
        *_bounded(("name", "type", "values"), outputs),
    ]


def _input(column: InputAnswer) -> list[str]:
    missing = column["missing"] + (f" ({number(column['fill'])})" if "fill" in column else "")
    return [text(column["name"]), column["type"], _values(column), number(column.get("mean")), text(missing)]


def _values(column: InputAnswer | OutputAnswer) -> str:
    """Return the categories or classes, or the range, of a column."""
    names: Iterable[object] | None = column.get("categories") or column.get("classes")  # type: ignore[assignment]
    if names is not None:
        return text(", ".join(map(str, names)))
    if "minimum" not in column and "maximum" not in column:
        return "any"
    return f"{number(column.get('minimum'))} to {number(column.get('maximum'))}"


def _bounded(head: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    more = [f"and {len(rows) - MOST_ROWS:,} more", ""] if len(rows) > MOST_ROWS else []
    return [*table(head, rows[:MOST_ROWS]), *more]


def _training(card: CardAnswer) -> list[str]:
    if card["training"] is None:
        return []
    chosen = {
        name: value
        for name, value in card["training"].items()
        if name not in LEFT_OUT and (value is False or value not in (None, [], {}, 0.0))
    }
    rows = [[text(name), _settings(value)] for name, value in chosen.items()]
    return [*heading("Training"), *table(("setting", "value"), rows)]


def _settings(value: Any) -> str:
    """Return a setting as it is sent, so that it can be sent again; an object as its parts."""
    if isinstance(value, Mapping):
        return ", ".join(f"{text(name)} {_settings(part)}" for name, part in value.items() if part is not None)
    if isinstance(value, list):
        return ", ".join(map(_settings, value))
    return text(value) if isinstance(value, str) else json.dumps(value)


def _curve(card: CardAnswer) -> list[str]:
    if not card["curve"]:
        return []
    has_validation = any(point["validation_loss"] is not None for point in card["curve"])
    names = list(card["curve"][-1]["metrics"]["validation" if has_validation else "training"])
    rows = []
    for point in card["curve"]:
        metrics = point["metrics"]["validation" if has_validation else "training"]
        losses = [point["training_loss"], point["validation_loss"]][: 2 if has_validation else 1]
        rows.append([str(point["epoch"]), *map(number, losses), *(number(metrics.get(name)) for name in names)])
    losses_of = ["training loss", "validation loss"][: 2 if has_validation else 1]
    whose = "validation" if has_validation else "training"
    return [*heading("Curve"), *table(["epoch", *losses_of, *(f"{whose} {text(name)}" for name in names)], rows)]


def _metrics(card: CardAnswer) -> list[str]:
    test = card["test"]
    parts: dict[str, tuple[Any, Mapping[str, Any]]] = {
        "training": (card["training_loss"], card["metrics"]["training"]),
        "validation": (card["validation_loss"], card["metrics"]["validation"]),
        "test": (None, {}) if test is None else (test["loss"], test["metrics"]),
    }
    names = list(dict.fromkeys(name for _, metrics in parts.values() for name in metrics))
    rows = [
        [part, number(loss), *(number(metrics.get(name)) for name in names)]
        for part, (loss, metrics) in parts.items()
        if loss is not None or metrics
    ]
    return [*heading("Metrics"), *table(["rows", "loss", *map(text, names)], rows)] if rows else []


def _classes(card: CardAnswer) -> list[str]:
    found = card["by_class"]
    if found is None:
        return []
    rows = [
        [text(each["label"]), *(number(each[name]) for name in ("precision", "recall", "f1", "support"))]
        for each in found["classes"]
    ]
    lines = [
        *heading(f"By class, on {text(found['measured_on'])} rows"),
        *_bounded(("class", "precision", "recall", "F1", "support"), rows),
    ]
    labels, counts = found["confusion_matrix"]["classes"], found["confusion_matrix"]["counts"]
    if len(labels) > MOST_MATRIX:
        return [*lines, f"The confusion matrix of {len(labels)} classes is in the card as JSON.", ""]
    matrix = [[text(label), *map(number, row)] for label, row in zip(labels, counts, strict=True)]
    head = ["true, by row; predicted, by column", *map(text, labels)]
    return [*lines, *heading("Confusion matrix"), *table(head, matrix)]


def _replay(card: CardAnswer) -> list[str]:
    replay = card["replay"]
    if replay is None:
        return []
    verdict = "every epoch had the same result" if replay["identical"] else "not every epoch had the same result"
    return [
        *heading("Replay"),
        f"Job {text(replay['job'])} repeated it through epoch {replay['through']}: {verdict}.",
        "",
    ]


def _call(card: CardAnswer, address: str) -> list[str]:
    body = json.dumps(card["example"], ensure_ascii=False)
    if len(body) > MOST_EXAMPLE:
        return [*heading("How to call it"), f"`POST {card['predict']}` with the `example` of the card as JSON.", ""]
    command = f"curl -sS {shlex.quote(address + card['predict'])} -d {shlex.quote(body)}"
    return [*heading("How to call it"), *code(command, "sh")]
