"""The page at `/` for browsers, and the files that it loads. It reads all else from the API, as any client does."""

from typing import cast

from flask import Response, current_app, request

from service.api.answer_headers import TEXT
from service.api.answers import answer
from service.api.formats import wanted_format
from service.api.operations import Query
from service.api.routes import Routes
from service.api.schemas import HealthAnswer
from service.api.system import ALIVE
from service.dashboard.files import TYPES, DashboardFiles
from service.datasets.media_types import JSON
from service.definitions.guessing import closest
from service.errors import NotFound
from service.web.security_headers import CONTENT_POLICY, NOTHING

HTML = "text/html"
FORMATS = {"json": JSON, "html": HTML}
POLICY = f"{NOTHING}; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'"
FOREVER = "public, max-age=31536000, immutable"
LONGEST_SHOWN = 60
JOB_VIEW, LIST_VIEW = ("job/page.js",), ("jobs/jobs.js",)  # of the addresses that are opened most
COUNT = {"type": "integer", "minimum": 0}
STATE = [  # what the page shows; `service/dashboard/parts/address.js` has the same names
    Query("view", TEXT, "the page shows `jobs`, `datasets`, `models`, `operations` or `tour`"),
    Query("job", TEXT, "the page shows this job"),
    Query("tab", TEXT, "the part of what is shown"),
    Query("dataset", TEXT, "the page shows this dataset"),
    Query("model", TEXT, "the page shows this model"),
    Query("version", TEXT, "of the model"),
    Query("compare", TEXT, "the page compares these jobs, whose ids are separated by commas"),
    Query("epoch", TEXT, "the epoch that the page shows: a number, `best` or `last`"),
    Query("row", COUNT, "the row of the dataset whose way through the network is shown, counted from 0"),
    Query("edge", TEXT, "the weight: layer, input (or `bias`) and unit, counted from 0 and separated by dots"),
    Query("against", TEXT, "the weight on the other axis of the loss surface, as `edge`"),
    Query("blank", TEXT, "the numbers that homework leaves out, as in `?blank=` of a trace"),
    Query("step", TEXT, "the step of the tour or of backpropagation"),
    Query("notation", TEXT, "`nielsen` writes w_jk for the weight to unit j from unit k"),
    Query("search", TEXT, "what the listed jobs have in their names"),
    Query("status", TEXT, "of the listed jobs"),
    Query("after", TEXT, "where the page of a list begins"),
    Query("at_epoch", TEXT, "the epoch whose losses are listed"),
    Query("embed", TEXT, "`1` shows the curves alone, for a frame in another page"),
    Query("series", TEXT, "the curves, separated by commas"),
    Query("theme", TEXT, "`light` or `dark`; without it the setting of the browser"),
    Query("range", TEXT, "the first and the last epoch of the curves, separated by a comma"),
    Query("scale", TEXT, "`log` draws the losses on a logarithmic scale"),
    Query("by", TEXT, "`seconds` draws compared curves by time"),
    Query("new", TEXT, "a form: `job`, with the name of a preset where one is chosen, or `dataset`"),
]

routes = Routes("dashboard", "The page for browsers, which shows jobs, networks and what backpropagation does.")


def _is_page() -> bool:
    """Whether a browser asks for the page, which ignores what it does not know, such as the tags of a campaign."""
    return wanted_format(FORMATS).media_type == HTML


@routes.route(
    "GET",
    "/",
    query=[Query("format", {"enum": list(FORMATS)}, "of the answer; without it `Accept` decides, else JSON"), *STATE],
    answers={200: (HealthAnswer, HTML)},
    scope=None,
    ignores_query=_is_page,
)
def root() -> Response:
    """Return that the service is alive, or to a browser the page."""
    if not _is_page():
        return answer(ALIVE)
    views = JOB_VIEW if "job" in request.args else () if request.args else LIST_VIEW
    return Response(_files().page(*views), mimetype=HTML, headers={CONTENT_POLICY: POLICY})


@routes.route(
    "GET",
    "/dashboard/{digest}/{folder}/{file}",
    answers={200: {media_type: {"schema": {"type": "string"}} for media_type in TYPES.values()}},
    problems=(404,),
    scope=None,
    is_published=False,
)
def dashboard_file(digest: str, folder: str, file: str) -> Response:
    """Return a file of the page, whose address has a digest of all files."""
    found = _files()
    name = f"{folder}/{file}"
    if name not in found.by_name:
        guess = closest(name[:LONGEST_SHOWN], list(found.by_name))
        hint = f"; did you mean `{guess[0]}`?" if guess else ""
        raise NotFound(f"the page has no file `{name[:LONGEST_SHOWN]}`{hint}")
    if digest != found.digest:
        raise NotFound("this is a file of another release of the page; load the page again")
    sent = found.by_name[name]
    return Response(sent.content, mimetype=sent.media_type, headers={"Cache-Control": FOREVER})


def _files() -> DashboardFiles:
    return cast(DashboardFiles, current_app.extensions["dashboard"])
