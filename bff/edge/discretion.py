"""Error texts that do not repeat what was sent: GraphQL quotes a variable's value that does not fit, a password too.

Clients write error texts into logs of their own. So wherever a text repeats a value, all that is left of that is `…`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_LEAST = 4
"""Shorter values tell nothing, and stand in every word."""
_QUOTED = 24
"""GraphQL cuts long values; so many characters are quoted of any."""


def discreet(text: str, variables: Mapping[str, Any] | None) -> str:
    """The text without the variables' values."""
    for value in sorted(set(_leaves(variables or {})), key=len, reverse=True):
        text = text.replace(value, "…")
        place = text.find(value[:_QUOTED]) if len(value) > _QUOTED else -1
        if place >= 0:
            text = text[:place] + "…"
    return text


def _leaves(value: Any) -> Iterator[str]:
    """Every text and number in it, as a message would write it."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif not isinstance(value, bool) and value is not None and len(written := str(value)) >= _LEAST:
        yield written
