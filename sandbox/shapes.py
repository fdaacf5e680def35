"""One store, two versions of an API: documents are kept as the older version has them and reshaped for the newer.

A `Form` says of one kind of object what differs, and is read in both directions. It works on stored documents, before
a language is chosen, so that what a client of the newer version does not touch keeps its translations.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
Rewrite = Callable[[Document], Document]


def _as_it_is(document: Document) -> Document:
    return document


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of object differs.

    `type` is its `@type` in the newer version, perhaps by what is in it; `was` the one in the store, None for none.
    `renamed` maps stored names to newer ones, `dropped` are stored names the newer version does not have, `parts` are
    the forms of attributes by their newer names. `outward` and `inward` do what no table can say, on a copy: outward
    first of all, inward last of all.
    """

    type: str | Callable[[Document], str]
    was: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    parts: Mapping[str, "Form"] = field(default_factory=dict)
    outward: Rewrite = _as_it_is
    inward: Rewrite = _as_it_is

    def type_of(self, document: Document) -> str:
        return self.type if isinstance(self.type, str) else self.type(document)


def outward(node: Any, form: Form) -> Any:
    """A stored object, or an array of them, as the newer version has it; the argument is not changed."""
    if isinstance(node, list):
        return [outward(item, form) for item in node]
    if not isinstance(node, dict):
        return node
    document = form.outward(dict(node))
    shown = {form.renamed.get(key, key): value for key, value in document.items() if key not in form.dropped}
    for name in shown.keys() & form.parts.keys():
        shown[name] = outward(shown[name], form.parts[name])
    if node.get("@type") in (None, form.was):
        shown["@type"] = form.type_of(shown)
    return shown


def inward(node: Any, form: Form) -> Any:
    """The way back; an `@type` that is not the newer version's own is kept."""
    if isinstance(node, list):
        return [inward(item, form) for item in node]
    if not isinstance(node, dict):
        return node
    names = {newer: stored for stored, newer in form.renamed.items()}
    document: Document = {}
    key: str
    for key, value in node.items():
        document[names.get(key, key)] = inward(value, form.parts[key]) if key in form.parts else value
    if node.get("@type") == form.type_of(node):
        del document["@type"]
        document |= {"@type": form.was} if form.was else {}
    return form.inward(document)


@dataclass(frozen=True, slots=True)
class Shape:
    """A resource in the newer version; `paths` maps dotted paths of filters and sorts to where the store has them."""

    form: Form
    paths: Mapping[str, str] = field(default_factory=dict)

    def outward(self, document: Document) -> Document:
        shown: Document = outward(document, self.form)
        return shown

    def inward(self, document: Document) -> Document:
        stored: Document = inward(document, self.form)
        return stored

    def written(self, stored: Document, after: Document) -> Document:
        """`stored` after a write that made `after` of it in the newer version; what it did not touch stays as it is."""
        old, new = self.inward(self.outward(stored)), self.inward(after)
        kept = {key: value for key, value in stored.items() if key in new or key not in old}
        return kept | {key: value for key, value in new.items() if key not in old or old[key] != value}

    def stored_path(self, path: tuple[str, ...]) -> tuple[str, ...]:
        dotted = ".".join(path)
        for newer, stored in self.paths.items():
            if f"{dotted}.".startswith(f"{newer}."):
                return tuple((stored + dotted[len(newer) :]).split("."))
        return path
