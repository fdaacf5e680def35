"""What can only be seen when a dump is whole: references that lead nowhere, and bundles that contain themselves."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from clients import tmf620
from clients.tmf import Collection
from domain.catalog.dumps.report import LISTED, Dangling

_TARGETS: Mapping[str, Collection[Any]] = {
    "price": tmf620.PRICES,
    "category": tmf620.CATEGORIES,
    "bundled offering": tmf620.OFFERINGS,
    "related offering": tmf620.OFFERINGS,
    "specification": tmf620.SPECIFICATIONS,
    "related price": tmf620.PRICES,
    "parent category": tmf620.CATEGORIES,
    "child category": tmf620.CATEGORIES,
}
_KINDS = {"bundled offering": "bundle", "related offering": "related"}

CREATE_POINTED = (
    "CREATE TEMP TABLE pointed (kind TEXT, target TEXT, source TEXT, PRIMARY KEY (kind, target)) WITHOUT ROWID"
)
"""References between prices and between categories. Nothing but this looks at them, so they are not kept."""


def note_references(connection: sqlite3.Connection, entity: Any) -> None:
    """Note where a price or a category points to."""
    if isinstance(entity, tmf620.ProductOfferingPrice):
        rows = [("related price", each.id, entity.id) for each in entity.pop_relationship]
    elif isinstance(entity, tmf620.Category):
        rows = [("child category", each.id, entity.id) for each in entity.sub_category]
        rows += [("parent category", entity.parent_id, entity.id)] if entity.parent_id else []
    else:
        return
    connection.executemany("INSERT OR IGNORE INTO pointed VALUES (?, ?, ?)", rows)


def dangling(connection: sqlite3.Connection) -> dict[str, Dangling]:
    """The references that lead nowhere, by kind."""
    connection.execute(
        "CREATE TEMP VIEW every_reference AS SELECT r.kind, r.target, o.id AS source FROM reference r "
        "JOIN offering o USING (position) UNION ALL SELECT kind, target, source FROM pointed"
    )
    found = {}
    for kind, collection in _TARGETS.items():
        lost = connection.execute(
            "SELECT target, min(source) FROM every_reference "
            "WHERE kind = ? AND NOT EXISTS (SELECT 1 FROM entity WHERE collection = ? AND id = target) "
            "GROUP BY target ORDER BY target",
            (_KINDS.get(kind, kind), collection.path),
        ).fetchall()
        if lost:
            found[kind] = Dangling(len(lost), lost[:LISTED])
    connection.execute("DROP VIEW every_reference")
    return found


def cycles(connection: sqlite3.Connection) -> list[list[str]]:
    """Bundles that contain themselves, the first hundred. They can be shown: a query is only ever so deep."""
    rows = connection.execute(
        "SELECT o.id, r.target FROM reference r JOIN offering o USING (position) WHERE r.kind = 'bundle' "
        "ORDER BY r.position"
    )
    children: dict[str, list[str]] = {}
    for bundle, child in rows:
        children.setdefault(bundle, []).append(child)
    return list(islice(_cycles(children), LISTED))


def _cycles(children: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    done: set[str] = set()
    for start in children:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            node, depth = stack.pop()
            on_path.difference_update(path[depth:])
            del path[depth:]
            if node in on_path:
                yield [*path[path.index(node) :], node]
            elif node not in done:
                path.append(node)
                on_path.add(node)
                done.add(node)
                stack += [(child, depth + 1) for child in children.get(node, ())]
