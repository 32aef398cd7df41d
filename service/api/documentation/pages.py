"""The pages of `/docs`, each rendered when it is first asked for and kept in memory."""

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from service.api.documentation.fields import number, parameters_of
from service.api.documentation.operations import operations_of
from service.api.documentation.schemas import Uses, schema_of, uses_of
from service.api.documentation.writer import Writer
from service.dashboard.files import shared_style

MOST_PAGES = 2000  # there are about 450, each with and without a slash at the end of its address
STYLE = "style.css"
START = r"""printf 'width,height,kind\n1,2,a\n2,1,b\n1,3,a\n3,1,b\n' | curl -sS localhost:8000/v1/datasets/shapes -T -
curl -sS 'localhost:8000/v1/jobs?wait=60' -d '{"dataset": "shapes", "model": "shapes"}'
curl -sS localhost:8000/v1/models/shapes:predict -d '{"instances": [[1, 3]]}'"""
WEBHOOKS = "webhooks"  # the tag whose page also shows what is sent


class Pages:
    """All pages; `root` is what leads from a page's address to the root of the service, such as `../`."""

    def __init__(self, document: Callable[[], Mapping[str, Any]]) -> None:
        self._load = document
        self._writer = lru_cache(8)(self._new_writer)
        self.index = lru_cache(8)(self._index)
        self.tag = lru_cache(MOST_PAGES)(self._tag)
        self.schemas = lru_cache(8)(self._schemas)
        self.schema = lru_cache(MOST_PAGES)(self._schema)

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The OpenAPI document."""
        return self._load()

    @cached_property
    def tags(self) -> dict[str, str]:
        """What is said of each tag, by its name."""
        return {tag["name"]: tag["description"] for tag in self.document["tags"]}

    @cached_property
    def schema_names(self) -> list[str]:
        """The names of all schemas, in the order of the alphabet."""
        return sorted(self.document["components"]["schemas"], key=str.lower)

    @cached_property
    def style(self) -> bytes:
        """The style sheet of all pages: what they share with the dashboard, then what they add."""
        return shared_style() + files(__package__).joinpath("templates", STYLE).read_bytes()

    def framed(self, title: str, body: Markup, root: str) -> str:
        """Return a page without a list of tags, of another part of the API, with the same head and style."""
        return self._templates.get_template("site.html").render(_addresses(root) | {"title": title, "body": body})

    def _index(self, root: str) -> str:
        writer = self._writer(root)
        headers = {name: writer.text(each["description"]) for name, each in self._components("headers").items()}
        return self._rendered(
            "index.html",
            root,
            headers=headers,
            schemes=self._components("securitySchemes"),
            operations={name: operations_of(name, writer) for name in self.tags},
            start=START,
        )

    def _tag(self, name: str, root: str) -> str:
        writer = self._writer(root)
        events = self._events(writer) if name == WEBHOOKS else {}
        operations = operations_of(name, writer)
        return self._rendered("tag.html", root, tag=name, operations=operations, events=events)

    def _schemas(self, root: str) -> str:
        return self._rendered("schemas.html", root, names=self.schema_names)

    def _schema(self, name: str, root: str) -> str:
        return self._rendered("schema.html", root, schema=schema_of(name, self._uses, self._writer(root)))

    def _events(self, writer: Writer) -> dict[str, Any]:
        """Return what is sent to webhooks: the type of the body of each event, and the headers that all have."""
        sent = self.document.get("webhooks", {})
        posts = {name: methods["post"] for name, methods in sent.items()}
        types = {
            name: writer.type(post["requestBody"]["content"]["application/json"]["schema"])
            for name, post in posts.items()
        }
        headers = next((parameters_of(post, writer) for post in posts.values()), [])
        return {"types": types, "headers": headers}

    @cached_property
    def _uses(self) -> Uses:
        return uses_of(self.document)

    @cached_property
    def _templates(self) -> Environment:
        loader = PackageLoader(__package__)
        made = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        made.filters["number"] = number
        return made

    def _new_writer(self, root: str) -> Writer:
        return Writer(self.document, root)

    def _components(self, kind: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document["components"].get(kind, {})
        return found

    def _rendered(self, template: str, root: str, **values: Any) -> str:
        shared = {"document": self.document, "tags": self.tags, "writer": self._writer(root), "tag": None}
        return self._templates.get_template(template).render(_addresses(root) | shared | values)


def _addresses(root: str) -> dict[str, str]:
    """Return what leads from a page to the root of the service, and to the dashboard there."""
    return {"root": root, "home": root or "./"}
