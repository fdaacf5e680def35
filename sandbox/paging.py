"""Offset, limit and sort of a collection read. `offset` counts items, not pages; a too large `limit` is clamped."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.errors import bad_request
from sandbox.filters import values_at

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_OFFSET = 2**62


@dataclass(frozen=True, slots=True)
class Page:
    """Which items of a collection to answer."""

    offset: int = 0
    limit: int = DEFAULT_LIMIT


def parse_page(query: Mapping[str, str]) -> Page:
    """Offset and limit of a query.

    Raises:
        Refusal: 400, when one of them is no whole number of zero or more.
    """
    offset = _count(query, "offset", 0)
    return Page(min(offset, MAX_OFFSET), min(_count(query, "limit", DEFAULT_LIMIT), MAX_LIMIT))


def _count(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise bad_request(f"{name}={text}: a whole number of zero or more was expected")
    return int(text[:20])


SortKey = tuple[tuple[str, ...], bool]
"""A path and whether it is descending."""

Rank = tuple[int, float, str]

Ranked = tuple[int, tuple[Rank | None, ...]]
"""A document's sequence number and its rank under each sort key; None where it lacks the attribute."""


def parse_sort(text: str | None) -> list[SortKey]:
    """The keys of `-price.value,name`; a leading `+`, which a URL turns into a space, is ignored."""
    keys = [key.strip(" +") for key in (text or "").split(",")]
    return [(tuple(key.removeprefix("-").split(".")), key.startswith("-")) for key in keys if key]


def ranks(document: dict[str, Any], keys: list[SortKey], language: str) -> tuple[Rank | None, ...]:
    return tuple(_rank(next(values_at(document, path, language), None)) for path, _ in keys)


def ordered(found: list[Ranked], keys: list[SortKey]) -> list[int]:
    """Sequence numbers by several keys, stably; documents without the attribute come last, ascending or not."""
    for position, (_, descending) in reversed(list(enumerate(keys))):
        absent = [item for item in found if item[1][position] is None]
        present = [item for item in found if item[1][position] is not None]
        present.sort(key=lambda item, at=position: item[1][at], reverse=descending)  # type: ignore[misc]
        found = present + absent
    return [seq for seq, _ in found]


def _rank(value: Any) -> Rank | None:
    """Numbers before text; text as people order it, case and accents aside."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return 0, float(value), ""
    plain = "".join(char for char in unicodedata.normalize("NFKD", str(value)) if not unicodedata.combining(char))
    return 1, 0.0, plain.casefold()
