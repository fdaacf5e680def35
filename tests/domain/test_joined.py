"""What was joined to an offering is given again for a moment, and never longer than it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from clients.parts import TimePeriod
from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog.joined import Joining
from kernel.context import Audience, Deadline, RequestContext
from kernel.errors import UpstreamUnavailableError
from kernel.lasting import LastingList
from kernel.reads import Reads

EN, DE = Audience("en", "web"), Audience("de", "web")
FIELDS = frozenset({"price", "tax"})
NOW = 1_800_000_000.0
Offerings = Sequence[ProductOffering]


@dataclass
class Reader:
    generation: int = 1
    steady: float = 1.0
    collection: Any = field(default=None)


def look(
    reader: Reader,
    now: float = NOW,
    *,
    audience: Audience = EN,
    fields: frozenset[str] = FIELDS,
    reads: Reads | None = None,
) -> Joining:
    context = RequestContext(audience, Deadline(0), reads=reads)
    return Joining("prices", reader, context, fields, now)  # type: ignore[arg-type]


def price(local_id: str, **period: str) -> ProductOfferingPrice:
    return ProductOfferingPrice(id=local_id, valid_for=TimePeriod(**period) if period else None)


@pytest.fixture(params=[list, LastingList])
def offerings(request: pytest.FixtureRequest) -> Offerings:
    """Two; what holds for a list holds for one that lasts."""
    made: Offerings = request.param([ProductOffering(id="one"), ProductOffering(id="two")])
    return made


def test_what_was_kept_is_given_again(offerings: Offerings) -> None:
    """The very same lists, in the order asked for, to who asks for no more."""
    reader, values = Reader(), [[price("a")], []]
    kept = look(reader).keep(offerings, values)
    assert kept[0] is values[0]
    found = look(reader, NOW + 0.9, fields=frozenset({"tax"})).kept(offerings[::-1])
    assert found is not None
    assert [each is value for each, value in zip(found, values[::-1], strict=True)] == [True, True]


@pytest.mark.parametrize(
    "other",
    [
        {"now": NOW + 1},
        {"audience": DE},
        {"fields": FIELDS | {"description"}},
        {"reads": Reads(NOW)},
    ],
    ids=["later", "another audience", "more attributes", "who notes what is read"],
)
def test_to_others_it_is_not(offerings: Offerings, other: dict[str, Any]) -> None:
    reader = Reader()
    look(reader).keep(offerings, [[price("a")], []])
    assert look(reader, **other).kept(offerings) is None
    assert look(reader).kept(offerings) is not None


def test_a_change_in_the_reader_ends_it(offerings: Offerings) -> None:
    reader = Reader()
    look(reader).keep(offerings, [[price("a")], []])
    reader.generation += 1
    assert look(reader).kept(offerings) is None


def test_what_changed_while_it_was_read_is_not_kept(offerings: Offerings) -> None:
    reader = Reader()
    begun = look(reader)
    reader.generation += 1
    assert begun.keep(offerings, [[], []]) == [[], []]
    assert look(reader).kept(offerings) is None


def test_one_that_has_nothing_kept_has_all_asked_for(offerings: Offerings) -> None:
    reader = Reader()
    look(reader).keep(offerings[:1], [[price("a")]])
    assert look(reader).kept(offerings) is None


@pytest.mark.parametrize("end", ["start_date_time", "end_date_time"])
def test_it_ends_with_the_moment_at_which_a_price_begins_or_ends(offerings: Offerings, end: str) -> None:
    """2027-01-15T08:00:00.250Z is a quarter of a second away."""
    reader = Reader()
    look(reader).keep(offerings, [[price("a", **{end: "2027-01-15T08:00:00.250Z"})], []])
    assert look(reader, NOW + 0.2).kept(offerings) is not None
    assert look(reader, NOW + 0.25).kept(offerings) is None


def test_errors_are_not_kept(offerings: Offerings) -> None:
    reader, error = Reader(), UpstreamUnavailableError("tmf620")
    assert look(reader).keep(offerings, [error, []]) == [error, []]
    assert look(reader).kept(offerings[:1]) is None
    assert look(reader).kept(offerings[1:]) == [[]]


def test_a_reader_that_promises_nothing_has_nothing_kept(offerings: Offerings) -> None:
    reader = Reader(steady=0.0)
    look(reader).keep(offerings, [[], []])
    assert look(reader).kept(offerings) is None
    assert [each.__dict__ for each in offerings] == [{}, {}]


def test_a_list_of_the_same_is_the_same_list(offerings: Offerings) -> None:
    """So that what a plan made of it stays; of other objects, be they equal, it is another."""
    reader, one = Reader(), price("a")
    first = [one]
    look(reader).keep(offerings[:1], [first])
    (again,) = look(reader, NOW + 5).keep(offerings[:1], [[one]])
    assert again is first
    (other,) = look(reader, NOW + 10).keep(offerings[:1], [[price("a")]])
    assert other is not first


def test_for_the_same_in_a_list_that_lasts_the_whole_is_the_same() -> None:
    """As long as each value is; one that is not makes another of it."""
    reader, one, offerings = Reader(), [price("a")], LastingList([ProductOffering(id="one"), ProductOffering(id="two")])
    first = look(reader).keep(offerings, [one, []])
    assert look(reader, NOW + 0.5).kept(offerings) is first
    reader.generation += 1
    again = look(reader, NOW + 5).keep(offerings, [[*one], []])
    assert again is first
    other = look(reader, NOW + 10).keep(offerings, [[price("a")], []])
    assert other is not first
    assert other[0] is not first[0]
    assert other[1] is first[1]
