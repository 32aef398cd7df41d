"""`/problems`: a page for each type of problem, as HTML for browsers, else as text or JSON."""

from typing import cast

from flask import Response, current_app
from markupsafe import Markup

from service.api.answers import answer
from service.api.errors import BY_SLUG, PROBLEM_TYPES, ProblemType
from service.api.formats import wanted_format
from service.api.problem_pages import PAGES, Page
from service.api.routes import Query, Routes
from service.api.schemas import ProblemPage, ProblemPages
from service.api.site import POLICY, Frame, root_of_request
from service.errors import NotFound

TEXT, HTML = "text/plain", "text/html"
FORMATS = {"text": TEXT, "json": "application/json", "html": HTML}
FORMAT = Query("format", {"enum": list(FORMATS)}, "of the answer; without it `Accept` decides, else text")
INTRODUCTION = "The problems that answers name as their type"

routes = Routes("problems", "What each type of problem means, what causes it, and a mended request.")


@routes.route(
    "GET", "/problems", query=(FORMAT,), answers={200: (ProblemPages, TEXT, HTML)}, problems=(406,), scope=None
)
def list_problems() -> Response:
    """List the types of problems."""
    kind = wanted_format(FORMATS)
    if kind.name == "json":
        body: ProblemPages = {"object": "list", "data": [_described(each) for each in PROBLEM_TYPES]}
        return answer(body)
    if kind.name == "html":
        item = Markup('<li><a href="{2}problems/{0}">{0}</a>: {1}</li>')
        root = root_of_request()
        items = Markup("").join(item.format(each.slug, _head(each), root) for each in PROBLEM_TYPES)
        return _html("Problems", Markup("<p>{}:</p><ul>{}</ul>").format(INTRODUCTION, items))
    lines = [f"/problems/{each.slug}: {_head(each)}" for each in PROBLEM_TYPES]
    return _text([f"{INTRODUCTION}:", "\n".join(lines)])


@routes.route(
    "GET",
    "/problems/{slug}",
    query=(FORMAT,),
    answers={200: (ProblemPage, TEXT, HTML)},
    problems=(404, 406),
    scope=None,
)
def problem_page(slug: str) -> Response:
    """Explain a problem by the last part of its `type`: its causes, a request that gets it, and the mended request."""
    kind = BY_SLUG.get(slug)
    if kind is None:
        raise NotFound(f"there is no problem named `{slug[:60]}`; `/problems` lists them")
    wanted = wanted_format(FORMATS)
    if wanted.name == "json":
        return answer(_described(kind))
    return _as_html(kind, PAGES[slug]) if wanted.name == "html" else _as_text(kind, PAGES[slug])


def _head(kind: ProblemType) -> str:
    return f"{kind.status} {kind.title}" if kind.status else kind.title


def _described(kind: ProblemType) -> ProblemPage:
    page = PAGES[kind.slug]
    return {
        "object": "problem",
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status or None,
        "explanation": kind.explanation,
        "causes": list(page.causes),
        "before": [sent.curl() for sent in page.before],
        "request": page.gets.curl(),
        "when": page.when or None,
        "mended_request": page.mended.curl(),
        "way_out": page.way_out,
    }


def _gets(page: Page) -> str:
    return f"A request that gets it {page.when}:" if page.when else "A request that gets it:"


def _as_text(kind: ProblemType, page: Page) -> Response:
    before = ["Made before:", *(f"  {sent.curl()}" for sent in page.before), ""] if page.before else []
    return _text(
        [
            _head(kind),
            kind.explanation,
            "\n".join(["What usually causes it:", *(f"- {cause}" for cause in page.causes)]),
            "\n".join([*before, _gets(page), f"  {page.gets.curl()}"]),
            "\n".join(["The mended request:", f"  {page.mended.curl()}"]),
            page.way_out,
        ]
    )


def _text(parts: list[str]) -> Response:
    return Response("\n\n".join(parts) + "\n", mimetype=TEXT)


def _as_html(kind: ProblemType, page: Page) -> Response:
    code = Markup("<pre><code>{}</code></pre>")
    causes = Markup("").join(Markup("<li>{}</li>").format(cause) for cause in page.causes)
    before = Markup("").join(code.format(sent.curl()) for sent in page.before)
    body = Markup(
        "<p>{explanation}</p><h2>What usually causes it</h2><ul>{causes}</ul>{before}"
        "<h2>{gets}</h2>{wrong}<h2>The mended request</h2>{mended}<p>{way_out}</p>"
        '<p><a href="{root}problems">All problems</a></p>'
    ).format(
        root=root_of_request(),
        explanation=kind.explanation,
        causes=causes,
        before=Markup("<h2>Made before</h2>{}").format(before) if page.before else "",
        gets=_gets(page).rstrip(":"),
        wrong=code.format(page.gets.curl()),
        mended=code.format(page.mended.curl()),
        way_out=page.way_out,
    )
    return _html(_head(kind), body)


def _html(title: str, body: Markup) -> Response:
    pages = cast(Frame, current_app.extensions["documentation"])
    page = pages.framed(title, body, root_of_request())
    return Response(page, mimetype=HTML, headers=POLICY)
