"""The search as a whole: what is held is left out, fewer come only where there are no more, nonsense is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from domain.reservations.direct import DirectSearch
from domain.reservations.holds import HoldsUnavailableError
from domain.reservations.model import NumberTier, ResourceKind, SimKind
from domain.reservations.query import NumberQuery, number_query
from domain.reservations.search import Held, NumberSearch
from kernel.clock import FixedClock
from kernel.errors import BadRequestError, LimitExceededError
from tests.numbers.inventory import FakeInventory, card, context, index_of, number, reader_of, values


@dataclass
class HeldHere:
    """What is held, or an error instead."""

    all: frozenset[str] = frozenset()
    error: Exception | None = None
    asked: list[int] = field(default_factory=list)

    async def held(self, kind: ResourceKind, resources: Sequence[str]) -> frozenset[str]:
        self.asked.append(len(resources))
        if self.error is not None:
            raise self.error
        return self.all.intersection(resources)


def value(place: int) -> str:
    return f"4915770{place:05}"


async def search_of(server: FakeInventory, held: Held | None = None, *, warm: bool = True) -> NumberSearch:
    reader = reader_of(server)
    index = index_of(reader, None, FixedClock())
    if warm:
        await index.build_if_due()
    server.asked.clear()
    return NumberSearch(index, DirectSearch(reader, rng=Random(2)), held or HeldHere(), Random(1))


SERVER = FakeInventory([*(number(place) for place in range(300)), *(card(place) for place in range(20))])


async def test_a_warm_search_costs_no_upstream_call() -> None:
    """Other numbers at each call."""
    search = await search_of(SERVER)
    first, second = [values(await search.numbers(context(), 20, NumberQuery())) for _ in range(2)]
    assert len(first) == len(second) == 20
    assert first != second
    assert SERVER.asked == []


async def test_a_cold_search_asks_the_upstream() -> None:
    """While there is no index."""
    search = await search_of(SERVER, warm=False)
    assert len(await search.numbers(context(), 20, NumberQuery())) == 20
    assert await search.sims(context(), 5, SimKind.PHYSICAL)
    assert SERVER.asked


@pytest.mark.parametrize("warm", [True, False])
async def test_what_is_held_never_comes(warm: bool) -> None:
    """Whoever holds it; with nine of ten held, those left are found."""
    held = HeldHere(frozenset(value(place) for place in range(300) if place % 10))
    search = await search_of(SERVER, held, warm=warm)
    for _ in range(5):
        found = values(await search.numbers(context(), 5, NumberQuery()))
        assert found or not warm  # without an index only a few pages are looked through
        assert not found & held.all
    if warm:
        assert len(values(await search.numbers(context(), 20, NumberQuery()))) == 20


async def test_where_there_are_no_more_fewer_come() -> None:
    """All that are left, each once, and asking ends."""
    held = HeldHere(frozenset(value(place) for place in range(297)))
    search = await search_of(FakeInventory([number(place) for place in range(300)]), held)
    query = NumberQuery(ends_with="9", excluding=frozenset({value(289)}))
    assert values(await search.numbers(context(), 50, query)) == {value(299)}
    assert len(held.asked) == 1


async def test_with_redis_away_nothing_is_known_to_be_held() -> None:
    """The search goes on; a hold will be refused."""
    search = await search_of(SERVER, HeldHere(error=HoldsUnavailableError()))
    assert len(await search.numbers(context(), 5, NumberQuery())) == 5


@pytest.mark.parametrize("count", [0, -1, 51, 1_000_000])
async def test_from_1_to_50(count: int) -> None:
    """More is refused, before anything is asked."""
    search = await search_of(SERVER)
    with pytest.raises(LimitExceededError):
        await search.numbers(context(), count, NumberQuery())
    with pytest.raises(LimitExceededError):
        await search.sims(context(), count, SimKind.ESIM)


def test_a_question_as_it_is_asked() -> None:
    """A `+` before the prefix and the excluded means nothing."""
    asked = number_query(NumberTier.GOLD, "+4915", "77", "1", ["+491577012345"])
    assert asked == NumberQuery(NumberTier.GOLD, "4915", "77", "1", frozenset({"491577012345"}))
    assert number_query() == NumberQuery()


@pytest.mark.parametrize("name", ["prefix", "contains", "ends_with"])
@pytest.mark.parametrize(
    "pattern", [".*", "%", "abc", "", " ", "1" * 16, "1" * 200, "++49", "4 9", "١٢٣", "²", "1\n", "-1", "1'; --", "\0"]
)
def test_a_pattern_that_is_none_is_refused(name: str, pattern: str) -> None:
    """Digits only, at most fifteen, and the message does not repeat what was sent."""
    given: dict[str, Any] = {name: pattern}
    with pytest.raises(BadRequestError) as error:
        number_query(**given)
    public = {"ends_with": "endsWith"}.get(name, name)
    assert error.value.message == f"`{public}` must be of 1 to 15 digits."


@pytest.mark.parametrize("name", ["contains", "ends_with"])
def test_only_a_prefix_may_begin_with_a_plus(name: str) -> None:
    given: dict[str, Any] = {name: "+49"}
    with pytest.raises(BadRequestError):
        number_query(**given)


def test_no_more_than_200_can_be_excluded() -> None:
    assert number_query(excluding=["+4915770"] * 200)
    with pytest.raises(LimitExceededError):
        number_query(excluding=["+4915770"] * 201)
