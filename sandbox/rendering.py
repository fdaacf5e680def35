"""From a stored document to what a client sees: one language, absolute hrefs, absolute picture addresses.

Stored documents know no host and no version of the API; both come from the request that asks. References get their
href here, from the `references` of the resource's table, so a document never has to carry one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sandbox.languages import localised
from sandbox.tables import Api, Document, Resource

OWN = "/sandbox/"
"""Addresses that start so are the sandbox's own; a document stores them without host."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the collection of each kind is, below the host, as one API sees it.

    Its own kinds are at its own version, those of other APIs at the same major version where they have it, and else at
    their oldest.
    """

    collections: Mapping[str, str]

    @classmethod
    def of(cls, apis: Iterable[Api], seen_from: Api) -> "Addresses":
        in_order = (*sorted(apis, key=lambda api: (api.major == seen_from.major, -api.major)), seen_from)
        served = {api.kind(r): f"{api.base_path}/{r.path}" for api in in_order for r in reversed(api.resources)}
        return cls({**seen_from.elsewhere, **served})

    def item(self, base: str, kind: str, identifier: str) -> str:
        return f"{base}{self.collections[kind]}/{quote(identifier, safe='')}"


class Window:
    """Stored documents as one version of one API shows them."""

    def __init__(self, api: Api, apis: Iterable[Api]) -> None:
        self.api = api
        self.addresses = Addresses.of(apis, api)
        self.resources = {api.kind(resource): resource for resource in reversed(api.resources)}

    def shaped(self, document: Document, resource: Resource) -> Document:
        """The document with the attributes of this version, still in every language."""
        return resource.shape.outward(document) if resource.shape else document

    def show(self, document: Document, resource: Resource, base: str, language: str) -> Document:
        """The document as answered at `base` (scheme and host, no slash at the end) in `language`."""
        shown = localised(self.shaped(document, resource), language)
        for path, kind in resource.references.items():
            for reference in _objects_at(shown, path.split(".")):
                if isinstance(reference.get("id"), str):
                    reference["href"] = self.addresses.item(base, kind, reference["id"])
        for attachment in shown.get("attachment", ()):
            _complete(attachment, base)
        head = {"id": document["id"], "href": self.href(document, resource, base)}
        return {**head, **{key: shown[key] for key in shown if key not in head}}

    def href(self, document: Document, resource: Resource, base: str) -> str:
        return f"{base}{self.api.base_path}/{resource.path}/{quote(document['id'], safe='')}"


def _complete(attachment: Any, base: str) -> None:
    if isinstance(attachment, dict) and str(attachment.get("url", "")).startswith(OWN):
        attachment["url"] = base + attachment["url"]


def _objects_at(node: Any, path: list[str]) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from _objects_at(item, path)
    elif isinstance(node, dict):
        if not path:
            yield node
            return
        name = path[0].removesuffix("*")
        if name in node:
            yield from _objects_at(node[name], path[1:])
            if name != path[0]:
                yield from _objects_at(node[name], path)
