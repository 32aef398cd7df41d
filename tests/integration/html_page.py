"""A page of HTML, read as far as tests of the pages of `/docs` need it; a page that is not well-formed is a fault."""

from html.parser import HTMLParser
from urllib.parse import unquote

VOID = {"meta", "link", "br"}


class HtmlPage(HTMLParser):
    """What a page has: ids, links, the names of its tags and attributes, and what stands in `code`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sheets: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.codes: set[str] = set()
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self._open.append(tag)
        for name, value in attributes:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src"):
                (self.sheets if tag == "link" else self.links).append(str(value))

    def handle_endtag(self, tag: str) -> None:
        opened = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "code":
            self.codes.add(data)

    def has_anchor(self, anchor: str) -> bool:
        return unquote(anchor) in self.ids
