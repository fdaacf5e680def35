"""Pages of the listing are given again while they are fresh, are the same objects while they are the same, and end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clients.tmf620 import ProductOffering
from domain.catalog.cursors import Cursor
from domain.catalog.on_demand import _Pages
from domain.catalog.questions import OfferingPage, OfferingQuery, Question
from domain.catalog.rules import ShopRules
from kernel.context import Audience, Deadline, RequestContext

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
OFFERINGS = [ProductOffering(id=f"po-{number}") for number in range(100)]


@dataclass
class Reader:
    generation: int = 1


def question(first: int = 20, seconds: float = 0.0) -> Question:
    context = RequestContext(Audience("en", "web"), Deadline(0))
    now = NOW + timedelta(seconds=seconds)
    return Question(context, OfferingQuery(), None, ShopRules(), now, first, None, frozenset({"name"}), count=False)


def page(offerings: list[ProductOffering], *, more: bool = True, fresh: float = 1.0) -> OfferingPage:
    items = [(Cursor(1, at, each.id), each) for at, each in enumerate(offerings)]
    return OfferingPage(items, more, False, None, NOW.timestamp() + fresh)


def keep(pages: Any, asked: Question, read: OfferingPage) -> OfferingPage:
    kept: OfferingPage = pages.keep(asked, pages.generation(asked), read)
    return kept


def test_while_they_are_fresh_and_nothing_changes() -> None:
    reader = Reader()
    pages: Any = _Pages(reader)  # type: ignore[arg-type]
    kept = keep(pages, question(), page(OFFERINGS[:20]))
    assert pages.get(question(seconds=0.9)) is kept
    assert pages.get(question(seconds=1)) is None
    assert pages.get(question(first=21)) is None
    reader.generation += 1
    assert pages.get(question()) is None


@pytest.mark.parametrize("fresh", [1.0, 0.0])
def test_one_that_is_read_again_and_is_the_same_is_the_same_object(fresh: float) -> None:
    """Of the same objects, in the same places, with the same behind it; though it had to be read."""
    reader = Reader()
    pages: Any = _Pages(reader)  # type: ignore[arg-type]
    first = keep(pages, question(), page(OFFERINGS[:20], fresh=fresh))
    asked = question(seconds=5)
    begun = pages.generation(asked)
    reader.generation += 1  # by what was read for it
    assert pages.keep(asked, begun, page(OFFERINGS[:20], fresh=fresh + 5)) is first
    assert pages.get(asked) is None
    equal = page([*OFFERINGS[:19], ProductOffering(id="po-19")])
    for other in (page(OFFERINGS[:19]), page(OFFERINGS[:20], more=False), page(OFFERINGS[1:21]), equal):
        assert keep(pages, question(), other) is other


def test_the_same_is_kept_as_long_as_what_was_read_last_is_fresh() -> None:
    """Be that longer or shorter than before."""
    pages: Any = _Pages(Reader())  # type: ignore[arg-type]
    first = keep(pages, question(), page(OFFERINGS[:20], fresh=10))
    for fresh in (30, 20):
        assert keep(pages, question(), page(OFFERINGS[:20], fresh=fresh)) is first
        assert pages.get(question(seconds=fresh - 1)) is first
        assert pages.get(question(seconds=fresh)) is None


@pytest.mark.parametrize(("length", "stay"), [(20, 64), (99, 41)])
def test_they_have_an_end(length: int, stay: int) -> None:
    """64 pages, or pages of 4,096 offerings: those that were read last."""
    pages: Any = _Pages(Reader())  # type: ignore[arg-type]
    for number in range(70):
        keep(pages, question(first=number), page(OFFERINGS[:length]))
    there = [number for number in range(70) if pages.get(question(first=number)) is not None]
    assert there == [*range(70 - stay, 70)]
