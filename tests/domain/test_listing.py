"""Walking listings of servers that clamp, repeat, miscount or do not know a filter; against a server made of lists."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from clients.tmf import Entity
from dataloaders.pages import LoadedPage, PageQuery
from domain.catalog.listing import Filters, Listing
from kernel.context import Audience, Deadline, RequestContext
from kernel.errors import LimitExceededError, UpstreamInvalidError

CTX = RequestContext(Audience("en", "web"), Deadline(0.0))
ID = frozenset({"id"})


@dataclass
class Server:
    """A collection of `size` items. What it gets wrong is set by its other attributes."""

    size: int = 25
    most: int = 1000
    total: Any = "true"  # or None, or "page" for one that counts only the page, or a number
    deaf_to_offset: bool = False
    knows: frozenset[str] = frozenset({"half"})
    odd: frozenset[int] = frozenset()
    asked: list[tuple[int, int, Filters, frozenset[str]]] = field(default_factory=list)

    async def load(self, ctx: RequestContext, query: PageQuery, fields: frozenset[str]) -> LoadedPage[Entity]:
        self.asked.append((query.offset, query.limit, query.filters, fields))
        known = range(self.size)
        if query.filters:
            names = {name for name, _ in query.filters}
            known = range(0, self.size, 2) if names <= self.knows else range(0)
        start = 0 if self.deaf_to_offset else query.offset
        page = known[start : start + min(query.limit, self.most)]
        items = [(query.offset + n, Entity(id=str(at))) for n, at in enumerate(page) if at not in self.odd]
        totals = {"true": len(known), "page": len(page)}
        return LoadedPage(items, len(page), totals.get(self.total, self.total))


async def walked(server: Server, **options: Any) -> list[str]:
    given = {name: options.pop(name) for name in ("page_size", "max_items") if name in options}
    listing = Listing(server, **{"page_size": 10, "max_items": 100, **given})  # type: ignore[arg-type]
    return [item.id async for chunk in listing.walk(CTX, ID, **options) for _, item in chunk.items]


EVERY = [str(at) for at in range(25)]


@pytest.mark.parametrize(
    ("server", "calls"),
    [
        (Server(), 3),
        (Server(size=20), 2),
        (Server(size=0), 1),
        (Server(total=None), 4),
        (Server(total="page"), 4),
        (Server(total=1_000_000), 4),
        (Server(total=0), 4),
        (Server(most=4), 7),
        (Server(most=4, total=None), 8),
        (Server(size=25, odd=frozenset({3, 24})), 3),
    ],
)
async def test_to_the_end_whatever_it_counts(server: Server, calls: int) -> None:
    """Clamped pages, no totals, totals of the page or of something else: everything once, and not many calls more."""
    found = await walked(server)
    assert found == [str(at) for at in range(server.size) if at not in server.odd]
    assert len(server.asked) == calls


async def test_from_the_middle_with_a_first_chunk_of_its_own() -> None:
    """The first chunk is as long as is asked, those behind it as long as the server's pages, with other fields."""
    server = Server()
    found = await walked(server, offset=5, first_chunk=3, rest=frozenset({"name"}))
    assert found == EVERY[5:]
    assert [(offset, limit, fields) for offset, limit, _, fields in server.asked] == [
        (5, 3, ID),
        (8, 10, {"name"}),
        (18, 10, {"name"}),
    ]


async def test_a_server_that_ignores_the_offset_is_found_out() -> None:
    """The same page again is an error when there should be more, and an end when there is none."""
    with pytest.raises(UpstreamInvalidError):
        await walked(Server(deaf_to_offset=True))
    whole = Server(size=10, deaf_to_offset=True)
    assert await walked(whole) == EVERY[:10]
    assert len(whole.asked) == 2


async def test_no_further_than_allowed() -> None:
    """A listing longer than the bound is refused, after no more than the bound was read."""
    server = Server(size=1000)
    with pytest.raises(LimitExceededError):
        await walked(server, max_items=30)
    assert len(server.asked) == 3


async def test_a_filter_that_nobody_knows_is_not_believed() -> None:
    """Nothing found by a filter that never matched: read everything; once it has matched, nothing means nothing."""
    server = Server(size=6)
    listing = Listing(server, 10, 100, frozenset({"half", "unheard"}))  # type: ignore[arg-type]

    async def narrowed(name: str) -> list[tuple[bool, list[str]]]:
        filters = listing.pushed({name: "x", "other": "y"})
        assert filters == ((name, "x"),)
        return [
            (chunk.narrowed, [i.id for _, i in chunk.items]) async for chunk in listing.walk(CTX, ID, filters=filters)
        ]

    assert await narrowed("unheard") == [(False, EVERY[:6])]
    assert [asked[2] for asked in server.asked] == [(("unheard", "x"),), ()]
    assert await narrowed("half") == [(True, ["0", "2", "4"])]
    server.size, server.asked = 0, []
    assert await narrowed("half") == [(True, [])]
    assert len(server.asked) == 1


async def test_only_filters_that_survive_the_journey_are_left_to_the_server() -> None:
    """Digits become numbers and commas become ORs on the way: such values are checked here alone."""
    listing = Listing(Server(), 10, 100, frozenset({"a", "b"}))  # type: ignore[arg-type]
    assert listing.pushed({"b": "x", "a": "y"}) == (("a", "y"), ("b", "x"))
    assert listing.pushed({"a": "123", "b": "x,y"}) == ()
