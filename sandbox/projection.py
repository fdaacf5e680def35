"""`fields=name,price.value`: the attributes a client wants. `id`, `href` and `@type` come whatever it asks."""

from collections.abc import Iterable
from typing import Any

ALWAYS = ("id", "href", "@type")

Tree = dict[str, "Tree"]
"""Wanted attributes; an empty tree below a name means all of it."""


def parse_fields(values: Iterable[str]) -> Tree | None:
    """The wanted attributes out of every `fields=` of a query, or None when there is none."""
    paths = [path.strip() for value in values for path in value.split(",")]
    if not paths:
        return None
    tree: Tree = {name: {} for name in ALWAYS}
    whole = {path for path in paths if path}
    for path in whole:
        _add(tree, path.split("."), whole)
    return tree


def _add(tree: Tree, names: list[str], whole: set[str]) -> None:
    for depth, name in enumerate(names, 1):
        tree = tree.setdefault(name, {})
        if ".".join(names[:depth]) in whole:
            return


def project(node: Any, tree: Tree) -> Any:
    """`node` with only the attributes in `tree`, in their own order; arrays keep every element."""
    if not tree:
        return node
    if isinstance(node, list):
        return [project(item, tree) for item in node]
    if isinstance(node, dict):
        return {key: project(value, tree[key]) for key, value in node.items() if key in tree}
    return node
