"""What the query of a list of jobs asks for besides a page of it: a text to search for, and epochs of each job."""

from collections.abc import Mapping

from flask import request

from service.api.answers import flag, whole
from service.api.fields import Wanted
from service.api.formats import choice
from service.api.routes import BOOLEAN, TEXT, Query
from service.errors import Invalid
from service.jobs.summaries import Further
from service.store.epoch_records import LAST_EPOCH
from service.store.jobs.summaries import QueueOrder
from service.store.records import Status

LONGEST_SEARCH = 200
MOST_POINTS = 100

SEARCH = Query(
    "search",
    {**TEXT, "maxLength": LONGEST_SEARCH},
    "jobs whose id, model, dataset, network or a value of whose `metadata` holds this text; A to Z are equal to a to z",
)
SORT = Query(
    "sort",
    {"enum": list(QueueOrder)},
    "with `status=queued`: jobs in the order in which they are taken, `-position` with the last one first; "
    "without it the newest come first",
)
BEST = Query("best", BOOLEAN, "adds `best` to each job: the record of its `best_epoch`")
AT_EPOCH = Query("at_epoch", {"type": "integer", "minimum": 0}, "adds `at_epoch` to each job: its epoch of this number")
CURVE = Query(
    "curve",
    {"type": "integer", "minimum": 2},
    "adds `curve` to each job: `[epoch, loss]` of at most this many (over 100 is taken as 100) of its epochs, at equal "
    "distances, with the first and the last",
)
FURTHER_QUERY = (BEST, AT_EPOCH, CURVE)


def wanted_search() -> str | None:
    """Read `?search=`; None without it, or where it is empty."""
    text = request.args.get(SEARCH.name, "")
    if len(text) > LONGEST_SEARCH:
        raise Invalid.at("?search", f"has {len(text):,} characters; at most {LONGEST_SEARCH} are taken")
    return text or None


def wanted_order(status: str | None) -> QueueOrder | None:
    """Read `?sort=`; None stands for the newest first."""
    text = choice(SORT.name, list(QueueOrder))
    if text is None:
        return None
    if status != Status.QUEUED:
        raise Invalid.at("?sort", f"`{text}` goes with `status=queued`, as only queued jobs have a position")
    return QueueOrder(text)


def wanted_further(wanted: Wanted | None) -> Further:
    """Read what is asked of the epochs of each job, and add it to the fields that are wanted, if `?fields=` is given.

    Raises
    ------
    Invalid
        When `?fields=` names a field that takes a number which is not given.
    """
    further = Further(
        best=flag(BEST.name) or "best" in (wanted or ()),
        at_epoch=whole("at_epoch", 0, minimum=0, maximum=LAST_EPOCH) if "at_epoch" in request.args else None,
        points=whole("curve", 2, minimum=2, maximum=MOST_POINTS) if "curve" in request.args else None,
    )
    asked = {"best": further.best, "at_epoch": further.at_epoch is not None, "curve": further.points is not None}
    if wanted is not None:
        _add(wanted, asked)
    return further


def _add(wanted: Wanted, asked: Mapping[str, bool]) -> None:
    for name, is_asked in asked.items():
        if is_asked:
            wanted.setdefault(name, None)
        elif name in wanted:
            raise Invalid.at("?fields", f"`{name}` goes with a number: give `{name}=` in the query")
