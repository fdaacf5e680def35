"""What was joined to an offering is given again while it is fresh, and never longer than it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from clients.parts import TimePeriod
from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog.joined import Joining
from kernel.context import Audience, Deadline, RequestContext
from kernel.errors import UpstreamUnavailableError
from kernel.lasting import LastingList, Loaded
from kernel.reads import Reads

EN, DE = Audience("en", "web"), Audience("de", "web")
FIELDS = frozenset({"price", "tax"})
NOW = 1_800_000_000.0
Offerings = Sequence[ProductOffering]


@dataclass
class Reader:
    generation: int = 1
    fresh: float = 1.0
    """Seconds for which what it gives is."""
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


def kept(joining: Joining, offerings: Offerings, loaded: list[Any], make: Any = None) -> Any:
    """As the catalogue does it: what was loaded for all of them comes first."""
    flat = Loaded(one for each in loaded for one in (each if isinstance(each, list) else [each]))
    reader: Any = joining.reader
    flat.fresh_until = joining.now + reader.fresh if reader.fresh else 0.0
    again = joining.again(offerings, flat)
    return joining.keep(offerings, loaded, make or as_loaded, flat) if again is None else again


def as_loaded(_: ProductOffering, loaded: Any) -> Any:
    return loaded


@pytest.fixture(params=[list, LastingList])
def offerings(request: pytest.FixtureRequest) -> Offerings:
    """Two; what holds for a list holds for one that lasts."""
    made: Offerings = request.param([ProductOffering(id="one"), ProductOffering(id="two")])
    return made


def test_what_was_kept_is_given_again(offerings: Offerings) -> None:
    """The very same lists, in the order asked for, to who asks for no more."""
    reader, values = Reader(), [[price("a")], []]
    assert kept(look(reader), offerings, values)[0] is values[0]
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
    kept(look(reader), offerings, [[price("a")], []])
    assert look(reader, **other).kept(offerings) is None
    assert look(reader).kept(offerings) is not None


def test_a_change_in_the_reader_ends_it(offerings: Offerings) -> None:
    reader = Reader()
    kept(look(reader), offerings, [[price("a")], []])
    reader.generation += 1
    assert look(reader).kept(offerings) is None


def test_what_changed_while_it_was_read_is_not_kept(offerings: Offerings) -> None:
    reader = Reader()
    begun = look(reader)
    reader.generation += 1
    assert [*kept(begun, offerings, [[], []])] == [[], []]
    assert look(reader).kept(offerings) is None


def test_one_that_has_nothing_kept_has_all_asked_for(offerings: Offerings) -> None:
    reader = Reader()
    kept(look(reader), offerings[:1], [[price("a")]])
    assert look(reader).kept(offerings) is None


@pytest.mark.parametrize("end", ["start_date_time", "end_date_time"])
def test_it_ends_with_the_moment_at_which_a_price_begins_or_ends(offerings: Offerings, end: str) -> None:
    """2027-01-15T08:00:00.250Z is a quarter of a second away."""
    reader = Reader()
    kept(look(reader), offerings, [[price("a", **{end: "2027-01-15T08:00:00.250Z"})], []])
    assert look(reader, NOW + 0.2).kept(offerings) is not None
    assert look(reader, NOW + 0.25).kept(offerings) is None


def test_errors_are_not_kept(offerings: Offerings) -> None:
    reader, error = Reader(), UpstreamUnavailableError("tmf620")
    assert kept(look(reader), offerings, [error, []]) == [error, []]
    assert look(reader).kept(offerings[:1]) is None
    assert look(reader).kept(offerings[1:]) == [[]]


def test_a_reader_that_promises_nothing_has_nothing_kept(offerings: Offerings) -> None:
    reader = Reader(fresh=0.0)
    kept(look(reader), offerings, [[], []])
    assert look(reader).kept(offerings) is None


def test_a_list_of_the_same_is_the_same_list(offerings: Offerings) -> None:
    """So that what a plan made of it stays; of other objects, be they equal, it is another."""
    reader, one = Reader(), price("a")
    first = [one]
    kept(look(reader), offerings[:1], [first])
    (again,) = kept(look(reader, NOW + 5), offerings[:1], [[one]])
    assert again is first
    (other,) = kept(look(reader, NOW + 10), offerings[:1], [[price("a")]])
    assert other is not first


def test_for_the_same_in_a_list_that_lasts_the_whole_is_the_same() -> None:
    """As long as each value is; one that is not makes another of it."""
    reader, one, offerings = Reader(), [price("a")], LastingList([ProductOffering(id="one"), ProductOffering(id="two")])
    first = kept(look(reader), offerings, [one, []])
    assert look(reader, NOW + 0.5).kept(offerings) is first
    reader.generation += 1
    again = kept(look(reader, NOW + 5), offerings, [[*one], []])
    assert again is first
    other = kept(look(reader, NOW + 10), offerings, [[price("a")], []])
    assert other is not first
    assert other[0] is not first[0]
    assert other[1] is first[1]


@pytest.mark.parametrize("reader", [Reader(), Reader(fresh=0.0)], ids=["kept", "not kept"])
def test_of_the_same_nothing_is_made_anew(offerings: Offerings, reader: Reader) -> None:
    """Whoever has to ask again, and gets the same objects, gets the same lists."""
    made: list[Any] = []

    def make(offering: ProductOffering, loaded: Any) -> Any:
        made.append((offering.id, loaded))
        return [each for each in loaded if each.id != "c"]

    one, two = [price("a"), price("c")], [price("b")]
    first = kept(look(reader), offerings, [one, two], make)
    reader.generation += 1
    again = kept(look(reader, NOW + 5), offerings, [[*one], [*two]], make)
    assert [each is was for each, was in zip(again, first, strict=True)] == [True, True]
    assert made == [("one", one), ("two", two)]
    other = kept(look(reader, NOW + 6), offerings, [one, [price("b")]], make)
    assert [each is was for each, was in zip(other, first, strict=True)] == [True, False]
    assert len(made) == 3


@pytest.mark.parametrize("reader", [Reader(), Reader(fresh=0.0)], ids=["kept", "not kept"])
@pytest.mark.parametrize("inside", [False, True], ids=["loaded", "inside the offering"])
@pytest.mark.parametrize("listed", [list, LastingList])
@pytest.mark.parametrize("end", ["start_date_time", "end_date_time"])
def test_it_is_made_anew_once_a_price_begins_or_ends(reader: Reader, end: str, listed: Any, *, inside: bool) -> None:
    """Of the same objects too, be the price not among those in force; and not before that moment."""
    changing = price("a", **{end: "2027-01-15T08:00:05Z"})
    offering = ProductOffering(id="one", product_offering_price=(changing,) if inside else ())
    offerings, loaded, made = listed([offering]), [] if inside else [changing], list[float]()

    def at(now: float) -> None:
        kept(look(reader, now), offerings, [[*loaded]], lambda *_: made.append(now))

    for now in (NOW, NOW + 2, NOW + 4.9, NOW + 5, NOW + 6):
        at(now)
    assert made == [NOW, NOW + 5]
    at(NOW + 1)  # a clock was set back
    assert made == [NOW, NOW + 5, NOW + 1]


def test_a_single_object_in_the_place_of_a_list() -> None:
    reader, offering, one = Reader(), ProductOffering(id="one"), price("a")
    made: list[Any] = []
    for loaded in (one, one, price("a"), None, None):
        kept(look(reader), [offering], [loaded], lambda _, each: made.append(each))
        reader.generation += 1
    assert made == [one, price("a"), None]
