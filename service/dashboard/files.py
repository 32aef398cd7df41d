"""The dashboard's files, read once, and the page that loads them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from posixpath import dirname, normpath
from string import Template

TYPES = {".js": "text/javascript", ".css": "text/css", ".LICENSE": "text/plain"}
PAGE = "page.html"
# style sheets that the others build on
FIRST = ("vendor/uPlot.css", "style/tokens.css", "style/elements.css", "style/base.css", "style/head.css")
SHARED = ("tokens.css", "elements.css", "head.css")  # of the folder `style`
DIGEST_LENGTH = 12
MAIN = "app/main.js"
STYLE = "style/all.css"  # made of all style sheets, as a browser draws nothing before it has each of them
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?from "([^"]+)";', re.MULTILINE)


@dataclass(frozen=True)
class File:
    """A file as it is sent."""

    content: bytes
    media_type: str


class DashboardFiles:
    """The files of the folders below this package, by `folder/name`, and the page.

    The page names its files below a digest of all of them, so a browser may keep them for as long as it likes, and
    never mixes the modules of two releases.
    """

    def __init__(self) -> None:
        self._pages: dict[tuple[str, ...], str] = {}

    @cached_property
    def by_name(self) -> dict[str, File]:
        """All files, by `folder/name`."""
        folders = sorted((each for each in files(__package__).iterdir() if each.is_dir()), key=lambda each: each.name)
        found = {f"{folder.name}/{name}": file for folder in folders for name, file in _files_of(folder)}
        return found | {STYLE: _joined(found)}

    @cached_property
    def digest(self) -> str:
        """The first digits of the SHA-256 of all names and contents."""
        digest = sha256()
        for name, file in self.by_name.items():
            digest.update(f"{name}\0{len(file.content)}\0".encode() + file.content)
        return digest.hexdigest()[:DIGEST_LENGTH]

    def page(self, *views: str) -> str:
        """Return the HTML of the page, whose addresses are relative to the root of the service.

        `views` are modules that it will load later by itself; named in the page, they arrive with the first ones. So
        does the session, which it reads before anything else.
        """
        if views not in self._pages:
            self._pages[views] = self._rendered(views)
        return self._pages[views]

    def _rendered(self, views: Sequence[str]) -> str:
        root = f"dashboard/{self.digest}"
        modules = sorted(set().union(*(self._imported_by(name) for name in (MAIN, *views))))
        return Template((files(__package__) / PAGE).read_text("utf-8")).substitute(
            root=root,
            style=f"{root}/{STYLE}",
            modules="\n".join(f'<link rel="modulepreload" href="{root}/{name}">' for name in modules),
        )

    def _imported_by(self, name: str) -> set[str]:
        """Return a module with all that it imports, directly and by others, but not what it loads later."""
        found, waiting = set[str](), [name]
        while waiting:
            module = waiting.pop()
            if module not in found:
                found.add(module)
                text = self.by_name[module].content.decode()
                waiting += [normpath(f"{dirname(module)}/{each[1]}") for each in IMPORT.finditer(text)]
        return found


def _joined(found: Mapping[str, File]) -> File:
    """Return the style sheets as one, those first that the others build on."""
    sheets = [name for name in found if name.endswith(".css")]
    sheets.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    return File(b"\n".join(found[name].content for name in sheets), TYPES[".css"])


def shared_style() -> bytes:
    """Return the colours, the elements and the head that the pages of `/docs` have in common with the dashboard."""
    folder = files(__package__) / "style"
    return b"".join((folder / name).read_bytes() for name in SHARED)


def _files_of(folder: Traversable) -> list[tuple[str, File]]:
    found = []
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if media_type := TYPES.get("." + each.name.rpartition(".")[2]):
            found.append((each.name, File(each.read_bytes(), media_type)))
    return found
