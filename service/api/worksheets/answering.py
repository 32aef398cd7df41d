"""`?blank=` of a trace: what the query asks for, and the worksheet in the format that the client asks for."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request

from service.api.answers import answer, flag
from service.api.formats import check_acceptable, wanted_format
from service.api.routes import BOOLEAN, Query
from service.api.worksheets import markdown, page
from service.api.worksheets.sheets import sheet_of
from service.datasets.media_types import JSON
from service.definitions.guessing import guess
from service.errors import Invalid
from service.explain.worksheet_answers import WorksheetAnswer
from service.explain.worksheets import BLANKS
from service.web.security_headers import CONTENT_POLICY

MARKDOWN, HTML = "text/markdown", "text/html"
FORMATS = {"markdown": MARKDOWN, "html": HTML, "json": JSON}
QUERY = (
    Query(
        "blank",
        {"type": "array", "items": {"type": "string", "enum": list(BLANKS)}},
        "answer with a worksheet that leaves these numbers out; repeatable, or separated by commas",
    ),
    Query("format", {"enum": list(FORMATS)}, "of a worksheet; without it `Accept` decides, else Markdown"),
    Query("key", {**BOOLEAN, "default": True}, "whether a worksheet ends with the numbers that are left out"),
)
OF_A_TRACE = ("full", "explain")


@dataclass(frozen=True)
class Wanted:
    """What a worksheet is to have."""

    blank: list[str]
    with_key: bool


def wanted_worksheet() -> Wanted | None:
    """Read the query; None where it asks for no worksheet, but for a trace."""
    given = request.args.getlist("blank")
    if not given:
        for name in ("format", "key"):
            if name in request.args:
                raise Invalid.at(f"?{name}", "is of worksheets alone: give `blank`, too")
        check_acceptable([JSON])
        return None
    for name in OF_A_TRACE:
        if name in request.args:
            raise Invalid.at(f"?{name}", "is of traces alone, and `blank` asks for a worksheet: leave one of them out")
    names = [name.strip() for name in ",".join(given).split(",")]
    for name in names:
        if name not in BLANKS:
            detail = f"`{name[:40]}` is not known{guess(name, list(BLANKS))}"
            raise Invalid.at("?blank", detail)
    return Wanted(names, flag("key") if "key" in request.args else True)


def answer_worksheet(make: Callable[[], WorksheetAnswer]) -> Response:
    """Answer with a worksheet in the format that the client asks for, which is checked before it is made."""
    kind = wanted_format(FORMATS).name
    worksheet = make()
    if kind == "json":
        return answer(worksheet)
    if kind == "html":
        return Response(page.render(sheet_of(worksheet)), mimetype=HTML, headers={CONTENT_POLICY: page.policy()})
    return Response(markdown.write(sheet_of(worksheet)), mimetype=MARKDOWN)
