"""Items of a document that are items of their own: cart items, and the items inside them, at any depth."""

import uuid
from collections.abc import Callable
from typing import Any

from sandbox.tables import Document


def with_items(document: Document, name: str, change: Callable[[Document], Document | None]) -> Document:
    """The document with every object in its array `name` changed, then those in the same array of each.

    None drops an item with all that is in it; what is no object stays. The argument is not changed.
    """
    found = document.get(name)
    if not isinstance(found, list):
        return document
    kept: list[Any] = []
    for item in found:
        changed = change(item) if isinstance(item, dict) else None
        if changed is not None:
            kept.append(with_items(changed, name, change))
        elif not isinstance(item, dict):
            kept.append(item)
    return {**document, name: kept}


def new_id() -> str:
    return str(uuid.uuid4())


def identified(document: Document, name: str) -> Document:
    """The document with an id for every item that has none."""

    def with_id(item: Document) -> Document:
        return item if isinstance(item.get("id"), str) and item["id"] else {**item, "id": new_id()}

    return with_items(document, name, with_id)
