"""Who asks, and how: from request headers to the audience that every cache key carries.

Only values from the settings come out of here, never a header's own text: a key that a client can make up at will would
fill every cache, and a header that is passed on could carry anything.
"""

import dataclasses
from collections.abc import Sequence
from functools import lru_cache

from kernel.context import Audience, Segment


def audience_of(accept_language: str, channel: str, *, languages: Sequence[str], channels: Sequence[str]) -> Audience:
    """The audience that the headers `Accept-Language` and `X-Channel` ask for, within what is offered."""
    wanted = channel.strip().casefold()
    found = next((each for each in channels if each.casefold() == wanted), channels[0])
    return Audience(language=best_language(accept_language, languages), channel=found)


@lru_cache(maxsize=1_024)
def narrowed(audience: Audience, segments: frozenset[Segment]) -> Audience:
    """The same for somebody who sees these segments alone. There are few, and each works out its key once."""
    return dataclasses.replace(audience, segments=segments)


def best_language(header: str, offered: Sequence[str]) -> str:
    """The offered language a client likes best: RFC 9110, section 12.5.4, by RFC 4647's lookup (section 3.4).

    `de-AT` finds `de`; a language with `q=0` is not wanted; without a match the first one offered.
    """
    ranges = [_range(part) for part in header.split(",")[:20]]
    refused = {tag for tag, quality in ranges if quality == 0}
    for tag, quality in sorted(ranges, key=lambda each: -each[1]):
        if quality > 0:
            found = _lookup(tag, offered, refused)
            if found is not None:
                return found
    return offered[0]


def _range(part: str) -> tuple[str, float]:
    tag, _, parameters = part.partition(";")
    name, _, value = parameters.strip().partition("=")
    try:
        quality = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        quality = 0.0
    return tag.strip().casefold(), quality


def _lookup(tag: str, offered: Sequence[str], refused: set[str]) -> str | None:
    """The offered tag that equals `tag` or one of its ever shorter beginnings; the first that will do for `*`."""
    if tag == "*":
        return next((each for each in offered if each.casefold() not in refused), None)
    while tag:
        found = next((each for each in offered if each.casefold() == tag), None)
        if found is not None:
            return found
        tag = tag.rpartition("-")[0]
    return None
