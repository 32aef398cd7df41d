"""Whether a client of one version can go on with another: the input columns, and what is predicted."""

from collections.abc import Sequence

from service.models.signature_answers import OutputAnswer, SignatureFields

MOST_NAMED = 5  # columns or classes in one sentence


def differences(before: SignatureFields, after: SignatureFields) -> list[str]:
    """Return what would break a client of the version that was, in sentences without a subject."""
    return [*_inputs(_types(before), _types(after)), *_outputs(before["outputs"], after["outputs"])]


def _types(signature: SignatureFields) -> dict[str, str]:
    return {column["name"]: column["type"] for column in signature["inputs"]}


def _inputs(before: dict[str, str], after: dict[str, str]) -> list[str]:
    found = []
    if gone := [name for name in before if name not in after]:
        found.append(f"it takes no {_named(gone)}")
    if new := [name for name in after if name not in before]:
        found.append(f"it needs {_named(new)} too")
    both = [name for name in before if name in after]
    found += [
        f"it takes `{name}` as a {after[name]}, not as a {before[name]}" for name in both if after[name] != before[name]
    ][:MOST_NAMED]
    if not found and list(before) != list(after):
        found.append(f"it takes its columns in another order: {_named(list(after))}")
    return found


def _outputs(before: Sequence[OutputAnswer], after: Sequence[OutputAnswer]) -> list[str]:
    names, others = [output["name"] for output in before], [output["name"] for output in after]
    if names != others:
        return [f"it predicts {_named(others)} and not {_named(names)}"]
    found = []
    for was, now in zip(before, after, strict=True):
        classes, other = was.get("classes"), now.get("classes")
        if was["type"] != now["type"]:
            found.append(f"`{was['name']}` is a {now['type']}, not a {was['type']}")
        elif classes != other:
            found.append(f"the classes of `{was['name']}` are {_named(other or ())} and not {_named(classes or ())}")
        elif was["width"] != now["width"]:
            found.append(f"a row of its predictions has {now['width']} number(s) and not {was['width']}")
    return found


def _named(names: Sequence[str | int]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
