"""What a resource is, and reading what is free from servers that filter, do not, or lie."""

import gc
from typing import Any

import pytest
from structlog.testing import capture_logs

from clients.tmf639 import Resource
from domain.reservations.direct import DirectSearch
from domain.reservations.model import Candidate, NumberTier, ResourceKind, SimKind, StatusWords
from domain.reservations.recogniser import Recogniser
from domain.reservations.shelf import Wanted
from kernel.errors import UpstreamError
from tests.numbers.inventory import SECRETS, Document, FakeInventory, card, context, number, reader_of, values

NUMBERS = [number(place) for place in range(120)] + [number(place, status="reserved") for place in range(120, 150)]
CARDS = [card(place) for place in range(60)] + [card(place, status="suspended") for place in range(60, 70)]
ALL = [*NUMBERS, *CARDS]
FREE = {each["value"] for each in NUMBERS[:120]} | {each["serialNumber"] for each in CARDS[:60]}


async def all_free(server: FakeInventory, **given: Any) -> set[str]:
    return {each.value async for page in reader_of(server, **given).all_free() for each in page}


# ---------------------------------------------------------------- what a resource is


def resource(**given: Any) -> Resource:
    return Resource(id=given.pop("id", "r-1"), resource_status="available", **given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"value": "491577012345", "category": "gold"}, NumberTier.GOLD),
        ({"value": "+49 1577 012345", "category": "Premium"}, NumberTier.GOLD),
        ({"value": "491577012345", "category": "MSISDN"}, NumberTier.STANDARD),
        ({"value": "491577012345", "type": "MSISDN"}, NumberTier.STANDARD),
        ({"value": "491577012345", "id": "msisdn-491577012345"}, NumberTier.STANDARD),
        ({"value": "491577012345", "category": "VIP", "type": "MSISDN"}, None),
        ({"value": "491577012345"}, None),
        ({"value": "262011234567890", "category": "IMSI", "type": "LogicalResource"}, None),
        ({"value": "0157712345", "category": "gold"}, None),
        ({"value": "49157701234x", "category": "gold"}, None),
        ({"value": "٤٩١٥٧٧٠١٢٣٤٥", "category": "gold"}, None),
    ],
)
def test_a_number_is_one_that_says_so(given: dict[str, Any], expected: NumberTier | None) -> None:
    """By its class or by what it is called; digits alone could be an IMSI, and an unknown class the dearest."""
    found = Recogniser().free(resource(**given))
    assert (None if found is None else found.tier) == expected
    assert found is None or (found.kind, found.value) == (ResourceKind.NUMBER, "491577012345")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"serial_number": "8949770000000000017"}, SimKind.PHYSICAL),
        ({"serial_number": "8949 7700 0000 0000 017F"}, SimKind.PHYSICAL),
        ({"value": "8949770000000000017f", "type": "USIM"}, SimKind.PHYSICAL),
        ({"value": "8949770000000000017", "category": "eSIM"}, SimKind.ESIM),
        ({"value": "8949770000000000017", "name": "eSIM profile"}, SimKind.ESIM),
        ({"value": "8949770000000000017", "category": "SIM"}, None),
        ({"value": "12345678901234567890", "category": "eSIM"}, None),
    ],
)
def test_a_card_is_one_with_an_iccid(given: dict[str, Any], expected: SimKind | None) -> None:
    """With or without spaces and a trailing F; one that does not tell its kind is not offered."""
    found = Recogniser().free(resource(**given))
    assert (None if found is None else found.sim) == expected
    assert found is None or (found.kind, found.value) == (ResourceKind.SIM, "8949770000000000017")


def test_what_cards_are_that_do_not_tell_is_a_setting() -> None:
    """Some operators have plastic only."""
    found = Recogniser(untold=SimKind.PHYSICAL).free(resource(value="8949770000000000017", category="SIM"))
    assert found is not None
    assert found.sim is SimKind.PHYSICAL


@pytest.mark.parametrize(
    ("status", "usage", "free"),
    [
        ("available", "idle", True),
        ("Available", None, True),
        ("available", "active", False),
        ("reserved", "idle", False),
        ("suspended", "idle", False),
        ("whatever", "idle", False),
        (None, None, False),
    ],
)
def test_only_what_is_free_is_offered(status: str | None, usage: str | None, free: bool) -> None:
    """Status and usage together; what they do not tell is not free."""
    given = Resource(id="m", value="491577012345", category="gold", resource_status=status, usage_state=usage)
    assert (Recogniser().free(given) is not None) == free


def test_the_words_for_free_are_settings() -> None:
    """An operator that calls it something else."""
    inventory = Recogniser(StatusWords(free=("unallocated", "in stock")))
    told = Resource(id="m", value="491577012345", category="gold", resource_status="In_Stock")
    assert inventory.free(told) == Candidate(ResourceKind.NUMBER, "m", "491577012345", NumberTier.GOLD)


# ---------------------------------------------------------------- servers


@pytest.mark.parametrize(
    "server",
    [
        FakeInventory(ALL),
        FakeInventory(ALL, knows=frozenset()),
        FakeInventory(ALL, knows=frozenset(), unknown="empty"),
        FakeInventory(ALL, knows=frozenset(), unknown="refuses"),
        FakeInventory(ALL, selects=False),
        FakeInventory(ALL, most=7),
        FakeInventory(ALL, total="none"),
        FakeInventory(ALL, total="page"),
    ],
)
async def test_all_that_is_free_is_found_whatever_the_server_does(server: FakeInventory) -> None:
    """One that filters, ignores a filter, finds nothing by it, refuses it; clamps pages, counts wrong or not at all."""
    assert await all_free(server) == FREE


async def test_a_server_that_filters_is_left_to_filter() -> None:
    """A page less for every page of what is not free."""
    server = FakeInventory(ALL)
    await all_free(server)
    assert [each["resourceStatus"] for each in server.asked] == ["available"] * 4


async def test_a_server_that_ignores_the_offset_gives_its_first_page() -> None:
    """Some numbers are better than none, and it is said."""
    with capture_logs() as logs:
        found = await all_free(FakeInventory(ALL, deaf_to_offset=True))
    assert found == {each["value"] for each in NUMBERS[:50]}
    assert [each["event"] for each in logs] == ["numbers.listing_cut"]


async def test_no_more_is_read_than_allowed() -> None:
    """A listing without end has one here."""
    server = FakeInventory(ALL)
    assert len(await all_free(server, max_resources=100)) == 100
    assert len(server.asked) == 2


@pytest.mark.parametrize("server", [FakeInventory(ALL, down=True), FakeInventory(ALL, broken_from=100)])
async def test_a_server_that_fails_is_an_error(server: FakeInventory) -> None:
    """At once or half way: an index that lacks half must not take the place of one that lacks nothing."""
    with pytest.raises(UpstreamError):
        await all_free(server)


def _as_v5(document: Document) -> Document:
    status = document["resourceStatus"]
    return {**{k: v for k, v in document.items() if k != "resourceStatus"}, "allocationStatus": status}


async def test_v5_is_asked_in_its_own_words() -> None:
    """`allocationStatus` is what v4 calls `resourceStatus`: as a filter and among the fields."""
    server = FakeInventory([_as_v5(each) for each in ALL], knows=frozenset({"allocationStatus"}))
    assert await all_free(server, version="v5") == FREE
    assert {each["allocationStatus"] for each in server.asked} == {"available"}
    assert all("allocationStatus" in each["fields"].split(",") for each in server.asked)


async def test_each_kind_is_asked_for_where_it_is() -> None:
    """Paths and filters by setting; the same path twice is walked once."""
    server = FakeInventory(ALL)
    paths = {"numbers": ("logicalResource",), "sims": ("logicalResource", "physicalResource")}
    assert await all_free(server, **paths, sim_filters=("category=SIM",)) == FREE
    assert set(server.paths) == {"logicalResource", "physicalResource"}
    assert {each.get("category") for each in server.asked} == {None, "SIM"}


# ---------------------------------------------------------------- secrets of cards


async def test_characteristics_of_cards_are_never_asked_for() -> None:
    """Neither for an index, nor for a draw, nor after an event; where classes stand in them, for numbers alone."""
    classed = [{**each, "category": "MSISDN"} for each in NUMBERS[:3]]
    gold = [{"name": "numberClass", "value": "Gold"}]
    server = FakeInventory([*({**each, "resourceCharacteristic": gold} for each in classed), *CARDS[:3]])
    reader = reader_of(server, classes=True)
    found = [each async for page in reader.all_free() for each in page]
    assert {each.tier for each in found if each.sim is None} == {NumberTier.GOLD}
    await DirectSearch(reader).draw(context(), Wanted(frozenset({SimKind.PHYSICAL})), 10)
    await reader.free_by_name(["resource/sim-1", "resource/msisdn-1"])
    with_them = {
        each.get("id", path)
        for each, path in zip(server.asked, server.paths, strict=True)
        if "resourceCharacteristic" in each["fields"]
    }
    assert {"msisdn-0,msisdn-1,msisdn-2", "resource/msisdn-1"} <= with_them
    assert not any("sim-" in each for each in with_them)


async def test_what_a_server_sends_unasked_is_not_kept() -> None:
    """PUK, key and activation code are in no object and no log, though the server ignores `fields`."""
    server = FakeInventory(ALL, selects=False)
    reader = reader_of(server)
    with capture_logs() as logs:
        found = [each async for page in reader.all_free() for each in page]
        await reader.free_by_name(["resource/sim-1", "resource/sim-2"])
    assert len(found) == 180
    del server, reader
    assert not any(secret in repr(thing) for secret in SECRETS for thing in (found, logs))
    kept = [each for each in gc.get_objects() if isinstance(each, Resource | Candidate)]
    assert not any(secret in repr(kept) for secret in SECRETS)


# ---------------------------------------------------------------- without an index


WANTED = Wanted(frozenset(NumberTier))


@pytest.mark.parametrize(
    "server",
    [
        FakeInventory(ALL),
        FakeInventory(ALL, knows=frozenset()),
        FakeInventory(ALL, knows=frozenset(), unknown="empty"),
        FakeInventory(ALL, knows=frozenset(), unknown="refuses"),
        FakeInventory(ALL, total="none"),
        FakeInventory(ALL, total="page"),
        FakeInventory(ALL, deaf_to_offset=True),
        FakeInventory(ALL, most=7),
    ],
)
async def test_without_an_index_a_few_pages_are_read(server: FakeInventory) -> None:
    """Only free numbers come, others at each call, and never more pages than allowed."""
    direct = DirectSearch(reader_of(server), pages=6)
    draws = []
    for _ in range(6):
        server.asked.clear()
        draws.append(values(await direct.draw(context(), WANTED, 10)))
        assert len(server.asked) <= 7
    free = {each["value"] for each in NUMBERS[:120]}
    assert all(each <= free for each in draws)
    assert all(len(each) == 10 for each in draws)
    assert len({frozenset(each) for each in draws}) > 1


async def test_without_an_index_the_pages_of_a_draw_are_spread() -> None:
    """Where they can hold all there is, nothing is missed, though all the numbers come first and then the cards."""
    direct = DirectSearch(reader_of(FakeInventory(ALL)), pages=6)
    await direct.draw(context(), WANTED, 10)
    for _ in range(20):
        found = await direct.draw(context(), Wanted(frozenset({SimKind.PHYSICAL})), 100)
        assert len(found) == 60


async def test_without_an_index_patterns_hold_too() -> None:
    """What is read is looked at here."""
    direct = DirectSearch(reader_of(FakeInventory(ALL)), pages=6)
    found = await direct.draw(context(), Wanted(frozenset({NumberTier.GOLD}), "49", "77", "7"), 50)
    assert found
    assert all(each.value.endswith("7") for each in found)
    assert await direct.draw(context(), Wanted(frozenset({NumberTier.SILVER})), 50) == []


async def test_without_an_index_and_upstream_it_is_an_error() -> None:
    """Nothing can be known then."""
    with pytest.raises(UpstreamError):
        await DirectSearch(reader_of(FakeInventory(ALL, down=True))).draw(context(), WANTED, 10)
