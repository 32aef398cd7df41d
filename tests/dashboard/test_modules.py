"""The dashboard's modules: small, one idea each, with imports that are relative and lead to files that are there."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

import service.dashboard
from service.api.dashboard import STATE
from service.dashboard.files import FIRST, DashboardFiles

FOLDER = Path(service.dashboard.__file__).parent
MODULES = sorted(path for path in FOLDER.rglob("*.js") if path.parent.name != "vendor")
MOST_LINES = 250
SHARED = {"vendor", "api", "parts", "learning"}
USES = {  # of other views; docs/dashboard.md says why
    "job": {"network", "weight", "range", "pictures", "homework"},
    "jobs": {"new_job"},
    "tour": {"weight"},
}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SELECTOR = re.compile(
    r"(?:\([^()]*\)|[^{},;()])+(?=[,{])"
)  # one of those that a comma separates; `:is(a, b)` is part of one
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?from "([^"]+)";|^import "([^"]+)";', re.MULTILINE | re.DOTALL)

ANY_IMPORT = re.compile(r'(?:from |import\(|^import )"([^"]+)"', re.MULTILINE)  # of types, too, which stand in comments


def test_modules_are_short_and_say_what_they_own() -> None:
    assert len(MODULES) > 20
    for path in MODULES:
        text = path.read_text("utf-8")
        assert len(text.splitlines()) < MOST_LINES, path
        assert text.startswith("/**"), path


def test_components_in_templates_are_closed() -> None:
    for path in MODULES:  # `</${Link}, ` makes no error, but another tree
        assert not re.findall(r"</\$\{\w+\}(?!>)", path.read_text("utf-8")), path


def test_imports_are_relative_and_lead_to_files() -> None:
    for path in MODULES:
        for found in IMPORT.finditer(path.read_text("utf-8")):
            name = found[1] or found[2]
            assert name.startswith(("./", "../")), (path, name)
            target = (path.parent / name).resolve()
            assert target.is_file() and target.relative_to(FOLDER), (path, name)


def test_folders_import_in_one_direction() -> None:
    levels = _levels()
    assert levels.keys() == {path.parent.name for path in FOLDER.glob("*/*.js")}
    upwards = [
        f"{path} imports {name}" for path, name, target in _imports() if levels[target] > levels[path.parent.name]
    ]
    assert upwards == [], (
        "what folders above and below need belongs in one further down, as docs/dashboard.md lists them"
    )


def test_views_use_what_is_shared_and_nothing_of_one_another() -> None:
    for path, name, target in _imports():
        folder = path.parent.name
        is_allowed = target in {folder, *SHARED, *USES.get(folder, set())} or path.name == "views.js"
        assert is_allowed, f"{path} imports {name}: what several views use belongs in parts/"


def test_a_class_that_one_view_styles_is_not_styled_by_another() -> None:
    sheets = {path.stem: path.read_text("utf-8") for path in (FOLDER / "style").glob("*.css")}
    first, named = defaultdict(set), defaultdict(set)  # class: views whose selectors begin with it, or name it
    for sheet, text in sheets.items():
        view = sheet.removesuffix("_parts")  # `job_parts.css` is the second sheet of `job.css`
        for selector in SELECTOR.findall(COMMENT.sub("", text)):
            found = re.findall(r"\.([a-z][\w-]*)", selector)
            if found:
                first[found[0]].add(view)
            for name in found:
                named[name].add(view)
    shared = {name for name, views in first.items() if views & {"base", "head", "tokens"}}
    assert len(shared) > 10
    clashes = {name: sorted(named[name]) for name in first.keys() - shared if len(named[name]) > 1}
    assert clashes == {}, "rename it in one of them, or define it in base.css if it means the same"


def test_every_folder_is_one_deep_so_that_each_file_has_an_address() -> None:
    shipped = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")}
    assert shipped <= set(DashboardFiles().by_name)


def test_the_address_of_the_page_has_the_names_that_the_api_declares() -> None:
    text = (FOLDER / "parts/address.js").read_text("utf-8")
    listed = re.search(r"export const NAMES = \[(.*?)\];", text, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r'"(\w+)"', listed[1])) == {query.name for query in STATE}


@pytest.mark.parametrize("path", ["/docs", "/docs/jobs", "/problems", "/problems/not-found"])
def test_the_documentation_has_the_same_head(anonymous: FlaskClient, path: str) -> None:
    places = re.findall(r'\{ view: "(\w+)", title: "(\w+)"', (FOLDER / "app/head.js").read_text("utf-8"))
    assert places
    answer = anonymous.get(path, headers={"Accept": "text/html"})
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"] and "<script" not in answer.text
    links = re.findall(r'<a href="([^"]*)"[^>]*>(\w+)</a>', answer.text.partition("</header>")[0])
    found = {title: urljoin(f"http://localhost{path}", href) for href, title in links}
    root = "http://localhost/"
    expected = {title: root if view == "jobs" else f"{root}?view={view}" for view, title in places}
    assert found == expected | {"API": f"{root}docs"}
    for sheet in re.findall(r'<link rel="stylesheet" href="([^"]+)"', answer.text):
        assert anonymous.get(urljoin(path, sheet)).status_code == 200


def test_nothing_that_a_strict_policy_forbids_is_in_the_page(anonymous: FlaskClient) -> None:
    answer = anonymous.get("/", headers={"Accept": "text/html"})
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'; style-src 'self'" in policy and "unsafe" not in policy
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL)
    assert scripts and all("src=" in attributes and not text.strip() for attributes, text in scripts)
    assert " style=" not in answer.text and "<style" not in answer.text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert not [each for each in addresses if each.startswith(("/", "http"))]  # it also works below a path of a proxy
    for address in addresses:
        if address.startswith("dashboard/"):
            assert anonymous.get(f"/{address}").status_code == 200, address


def test_the_page_has_one_style_sheet_made_of_all(anonymous: FlaskClient) -> None:
    answer = anonymous.get("/", headers={"Accept": "text/html"})
    (sheet,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', answer.text)
    text = anonymous.get(f"/{sheet}").text
    parts = [path.read_text("utf-8") for path in FOLDER.rglob("*.css")]
    assert all(part in text for part in parts) and len(text) < sum(len(part) + 2 for part in parts)
    order = [text.index((FOLDER / name).read_text("utf-8")) for name in FIRST]
    assert order == sorted(order) and order[0] == 0


def test_files_may_be_kept_for_ever_as_their_address_changes_with_them(anonymous: FlaskClient) -> None:
    digest = DashboardFiles().digest
    answer = anonymous.get(f"/dashboard/{digest}/app/main.js")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    other = anonymous.get("/dashboard/000000000000/app/main.js")
    assert other.status_code == 404 and "load the page again" in other.json["detail"]
    unknown = anonymous.get(f"/dashboard/{digest}/app/mian.js")
    assert unknown.status_code == 404 and "did you mean `app/main.js`?" in unknown.json["detail"]


def test_others_than_browsers_are_told_that_the_service_is_alive(anonymous: FlaskClient) -> None:
    assert anonymous.get("/").json == {"status": "alive"}
    assert anonymous.get("/", headers={"Accept": "*/*"}).json == {"status": "alive"}


def test_vendored_files_are_those_of_the_table() -> None:
    vendor = FOLDER / "vendor"
    rows = re.findall(
        r"^\| `([\w.-]+)` \|.*`([0-9a-f]{64})` \|$", (vendor / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert {name for name, _ in rows} == {path.name for path in vendor.iterdir() if path.suffix in (".js", ".css")}
    for name, digest in rows:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name


def _levels() -> dict[str, int]:
    """Return how high each folder stands in the list of docs/dashboard.md; it imports from lower ones."""
    text = (FOLDER.parents[1] / "docs/dashboard.md").read_text("utf-8")
    lines = re.findall(r"^\d+\. ((?:`\w+/`(?:, )?)+)", text, re.MULTILINE)
    return {folder: -number for number, line in enumerate(lines) for folder in re.findall(r"`(\w+)/`", line)}


def _imports() -> Iterator[tuple[Path, str, str]]:
    """Yield each import of each module: its path, what it imports, and the folder of that."""
    for path in MODULES:
        for name in ANY_IMPORT.findall(path.read_text("utf-8")):
            yield path, name, (path.parent / name).resolve().relative_to(FOLDER).parts[0]
