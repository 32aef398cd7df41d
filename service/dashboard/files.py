"""The dashboard's files, read once, and the page that loads them."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

TYPES = {".js": "text/javascript", ".css": "text/css", ".LICENSE": "text/plain"}
PAGE = "page.html"
FIRST = (
    "vendor/uPlot.css",
    "style/tokens.css",
    "style/base.css",
    "style/head.css",
)  # style sheets that the others build on
SHARED = ("tokens.css", "head.css")  # of the folder `style`
DIGEST_LENGTH = 12


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

    @cached_property
    def by_name(self) -> dict[str, File]:
        """All files, by `folder/name`."""
        folders = sorted((each for each in files(__package__).iterdir() if each.is_dir()), key=lambda each: each.name)
        return {f"{folder.name}/{name}": file for folder in folders for name, file in _files_of(folder)}

    @cached_property
    def digest(self) -> str:
        """The first digits of the SHA-256 of all names and contents."""
        digest = sha256()
        for name, file in self.by_name.items():
            digest.update(f"{name}\0{len(file.content)}\0".encode() + file.content)
        return digest.hexdigest()[:DIGEST_LENGTH]

    @cached_property
    def page(self) -> str:
        """The HTML of the page, whose addresses are relative to the root of the service."""
        root = f"dashboard/{self.digest}"
        sheets = [name for name in self.by_name if name.endswith(".css")]
        modules = [name for name in self.by_name if name.endswith(".js")]
        ordered = sorted(sheets, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
        return Template((files(__package__) / PAGE).read_text("utf-8")).substitute(
            root=root,
            sheets="\n".join(f'<link rel="stylesheet" href="{root}/{name}">' for name in ordered),
            modules="\n".join(f'<link rel="modulepreload" href="{root}/{name}">' for name in modules),
        )


def shared_style() -> bytes:
    """Return the colours and the head that the pages of `/docs` have in common with the dashboard."""
    folder = files(__package__) / "style"
    return b"".join((folder / name).read_bytes() for name in SHARED)


def _files_of(folder: Traversable) -> list[tuple[str, File]]:
    found = []
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if media_type := TYPES.get("." + each.name.rpartition(".")[2]):
            found.append((each.name, File(each.read_bytes(), media_type)))
    return found
