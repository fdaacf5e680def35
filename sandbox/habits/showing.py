"""Habits of documents: nulls, odd elements, vendor types, times without zone, addresses of inner hosts."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.habits.model import Habit, On
from sandbox.tables import Document, Resource

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d+)?)?(?:Z|[+\-]\d\d:\d\d)")


def _mapped(node: Any, change: Callable[[str, Any], Any], key: str = "") -> Any:
    """`node` with every plain value changed; `change` is told the attribute it stands in."""
    if isinstance(node, dict):
        return {name: _mapped(value, change, name) for name, value in node.items()}
    if isinstance(node, list):
        return [_mapped(item, change, key) for item in node]
    return change(key, node)


def _nulls(document: Document, _: On, resource: Resource) -> Document:
    return {**document, **dict.fromkeys(name for name in resource.arrays if name not in document)}


def _zoneless(document: Document, on: On, _: Resource) -> Document:
    def cut(_: str, value: Any) -> Any:
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        return (match and match[1] + (match[2] or "" if on["seconds"] else "")) or value

    shown: Document = _mapped(document, cut)
    return shown


def _inner_hosts(document: Document, on: On, _: Resource) -> Document:
    def moved(key: str, value: Any) -> Any:
        return on["base"] + urlsplit(value).path if key == "href" and isinstance(value, str) else value

    shown: Document = _mapped(document, moved)
    return shown


def _vendor(node: Any, prefix: str) -> Any:
    if isinstance(node, list):
        return [_vendor(item, prefix) for item in node]
    if not isinstance(node, dict):
        return node
    extended = {key: _vendor(value, prefix) for key, value in node.items()}
    if isinstance(node.get("@type"), str):
        extended |= {"@type": prefix + node["@type"], "@baseType": node["@type"]}
    return extended


def _vendor_types(document: Document, on: On, _: Resource) -> Document:
    extended: Document = _vendor(document, on["prefix"])
    schema = f"https://schema.example/{extended.get('@type', 'Unknown')}.schema.json"
    unknown = {"vendorRank": 7, "vendorFlags": ["a", "b"], "vendorData": {"margin": 0.31, "owner": {"id": "pm-7"}}}
    return {**extended, "@schemaLocation": schema, **unknown}


def _wrong_types(element: Any) -> Any:
    return {**element, "name": 42, "isBundle": "perhaps", "validFor": "always", "lifecycleStatus": ["Active"]}


ODD: Mapping[str, Callable[[Any], Any]] = {
    "missingId": lambda element: {key: value for key, value in element.items() if key not in {"id", "href"}},
    "wrongTypes": _wrong_types,
    "numberId": lambda element: {**element, "id": 7},
    "text": lambda _: "out of order",
    "null": lambda _: None,
}


def _one_odd(elements: list[Any], on: On) -> list[Any]:
    """The middle element as an odd one; with `added`, the odd one comes beside it and nothing is lost."""
    if not elements:
        return elements
    kinds = list(ODD)
    kind = kinds[on.turn() % len(kinds)] if on["kind"] == "rotate" else on["kind"]
    at = len(elements) // 2
    return [*elements[:at], ODD[kind](elements[at]), *elements[at if on["added"] else at + 1 :]]


SHOWING = (
    Habit(
        name="null-arrays",
        about="Arrays a document does not have come as null.",
        section="3",
        seen="Lenient reading, strict writing",
        show=_nulls,
    ),
    Habit(
        name="odd-elements",
        about="One element of each page is odd: `kind` missingId, wrongTypes, numberId, text, null, or rotate; "
        "with `added` it comes beside the true one.",
        section="1.1",
        seen="Never fail a whole list for one odd element.",
        options={"kind": "rotate", "added": False},
        listed=_one_odd,
    ),
    Habit(
        name="extra-types",
        about="Every `@type` is the vendor's own (`prefix` before the name, `@baseType` beside), with unknown fields.",
        section="1.1",
        seen="Vendors extend with any `@type` plus extra fields",
        options={"prefix": "Lumaro"},
        show=_vendor_types,
    ),
    Habit(
        name="times-without-zone",
        about="Times have no zone; without `seconds` no seconds either.",
        section="1.8",
        seen="real data also has `2019-07-04T00:00` without seconds or zone",
        options={"seconds": True},
        show=_zoneless,
    ),
    Habit(
        name="href-of-inner-host",
        about="Every href begins with `base`, an address no client can reach.",
        section="1.1",
        seen="often wrong behind proxies (wrong scheme, host or port)",
        options={"base": "http://tmf-backend.internal:8080"},
        show=_inner_hosts,
    ),
)
