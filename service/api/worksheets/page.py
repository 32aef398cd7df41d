"""Renders worksheets as pages that need nothing else: one style, no script, black on white."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from service.api.worksheets.sheets import HOW, TITLE, Sheet
from service.web.security_headers import NOTHING


def render(sheet: Sheet) -> str:
    """Return a worksheet as a page."""
    return _template().render(sheet=sheet, title=TITLE, how=HOW, style=style(), policy=policy())


@cache
def style() -> str:
    """Return the style of the page."""
    return files(__package__).joinpath("templates", "worksheet.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """Return the content security policy, under which nothing but this style is used."""
    digest = b64encode(sha256(style().encode()).digest()).decode()
    return f"{NOTHING}; style-src 'sha256-{digest}'"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("worksheet.html")
