"""Asking for a number: what is asked of whom, and what is refused."""

import asyncio
from typing import Any

import pytest

from domain.porting.porting import PortIns
from kernel.clock import FixedClock
from kernel.ids import GlobalId
from store.reservations import Entry
from tests.carts.conftest import new_key
from tests.porting.conftest import MakeShop
from tests.porting.shopper import ACCOUNT, CODE, DIGITS, NUMBER, PORTABILITY, PortingShopper
from tests.porting.systems import Systems


async def test_a_number_is_asked_for_and_tagged_before(shop: MakeShop, systems: Systems) -> None:
    """Found nowhere, made, found: then, and only then, the provider is asked."""
    async with shop() as shopper:
        await shopper.begin()
        systems.control.reset_calls()
        payload = await shopper.port()
        assert systems.calls() == [
            "GET TMF663.shoppingCart",
            "GET PORTING.portability",
            "GET TMF639.resource",
            "GET TMF639.resource",
            "POST TMF639.resource",
            "GET TMF639.resource",
            "GET TMF639.resource",
            "POST PORTING.portIn",
            "GET TMF663.shoppingCart",
        ]
        assert payload["errors"] == []
        assert payload["cart"] == {"id": shopper.cart["id"], "version": 2}
        port_in = payload["portIn"]
        assert port_in == {
            "id": port_in["id"], "msisdn": NUMBER, "status": "REQUESTED", "donor": "Telora", "reason": None,
            "reasonCode": None, "fixable": False, "correctable": [], "scheduledAt": None,
        }  # fmt: skip
        assert systems.shown(DIGITS) == ("reserved", "idle", "requested")
        asked = systems.port_in()
        assert (asked["msisdn"], asked["donor"], asked["authorisationCode"]) == (DIGITS, "Telora", CODE)


async def test_it_is_found_again_by_its_owner(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.begin("po-mobile-m", "po-mobile-s")
        port_in = (await shopper.port(line=1))["portIn"]
        assert await shopper.look(port_in["id"]) == {"__typename": "PortIn", **port_in}
        assert await shopper.of_lines() == [None, port_in]


async def test_for_anyone_else_it_does_not_exist(shop: MakeShop) -> None:
    """As one that there is not, by every way to it."""
    async with shop() as shopper:
        port_in = (await (await shopper.begin()).port())["portIn"]["id"]
        other = await shopper.another().begin()
        unknown = str(GlobalId("PortIn", "p" + "0" * 30))
        assert await other.look(port_in) == await other.look(unknown) is None
        assert await shopper.another().look(port_in) is None
        refused = await other.correct(port_in, authorisationCode="x")
        assert refused == await other.correct(unknown, authorisationCode="x")
        assert [each["code"] for each in refused["errors"]] == ["NOT_FOUND"]
        stolen = await other.port(cartId=shopper.cart["id"], lineId=shopper.lines[0]["id"])
        assert (stolen["cart"], stolen["errors"][0]["code"]) == (None, "NOT_FOUND")


async def test_what_was_told_goes_to_the_provider(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        await shopper.begin()
        wanted = "2027-03-01T05:00:00Z"
        await shopper.port(msisdn="+4917212345678", accountNumber=ACCOUNT, donor="Vandia 2", wantedAt=wanted)
        asked = systems.port_in()
        assert (asked["accountNumber"], asked["donor"], asked["wantedAt"]) == (ACCOUNT, "Vandia 2", wanted)


async def test_a_number_is_normalised(shop: MakeShop, systems: Systems) -> None:
    """What people write too much: the zero that is dialled at home."""
    async with shop() as shopper:
        await shopper.begin()
        assert (await shopper.port(msisdn="+4407911123456"))["portIn"]["msisdn"] == "+447911123456"
        assert systems.port_in()["msisdn"] == "447911123456"


async def test_the_same_key_brings_the_same(shop: MakeShop, systems: Systems) -> None:
    """At any process, and as it stands then; nothing is asked again."""
    async with shop() as shopper, shop() as elsewhere:
        await shopper.begin()
        key = new_key()
        first = await shopper.port(key=key)
        systems.control.reset_calls()
        assert await shopper.at(elsewhere).port(key=key) == first
        assert systems.calls() == ["GET TMF663.shoppingCart"]


@pytest.mark.parametrize(
    "other", [{"msisdn": "+4915112345679"}, {"authorisationCode": "another"}, {"donor": "D"}, {"accountNumber": "1"}]
)
async def test_the_same_key_is_good_for_one_request(shop: MakeShop, systems: Systems, other: dict[str, str]) -> None:
    async with shop() as shopper:
        await shopper.begin()
        key = new_key()
        await shopper.port(key=key)
        expected = ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"], False)
        assert await shopper.refused(key=key, **other) == expected
        assert len(systems.control.port_ins()) == 1


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"msisdn": "+4930123456"}, "msisdn"),
        ({"msisdn": "+49151"}, "msisdn"),
        ({"msisdn": "+99912345678"}, "msisdn"),
        ({"msisdn": "+4915112345600"}, "msisdn"),
        ({"msisdn": "+4917212345678"}, "accountNumber"),
        ({"authorisationCode": None}, "authorisationCode"),
        ({"authorisationCode": " "}, "authorisationCode"),
        ({"authorisationCode": "x" * 65}, "authorisationCode"),
        ({"accountNumber": "a\nb"}, "accountNumber"),
        ({"donor": "<script>"}, "donor"),
        ({"wantedAt": "2020-01-01T00:00:00Z"}, "wantedAt"),
        ({"wantedAt": "9999-12-31T23:59:59-14:00"}, "wantedAt"),
        ({"cartId": "x"}, "cartId"),
        ({"lineId": "x"}, "lineId"),
    ],
)
async def test_what_is_not_what_it_should_be_is_refused(
    shop: MakeShop, systems: Systems, given: dict[str, Any], path: str
) -> None:
    """With its path, and nothing left behind."""
    async with shop() as shopper:
        await shopper.begin()
        assert await shopper.refused(**given) == ("INVALID", ["input", path], False)
        assert (systems.control.port_ins(), systems.numbers(DIGITS)) == ([], [])


async def test_a_line_that_is_not_in_the_cart_is_refused(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        other = await shopper.another().begin()
        await shopper.begin()
        removed, expected = shopper.lines[0]["id"], ("NOT_FOUND", ["input", "lineId"], False)
        assert await shopper.refused(lineId=other.lines[0]["id"]) == expected
        await shopper.update({"removeLine": removed})
        assert await shopper.refused(lineId=removed) == expected
        assert systems.control.port_ins() == []


@pytest.mark.parametrize("written", [DIGITS, NUMBER])
async def test_a_number_of_the_pool_is_refused(shop: MakeShop, systems: Systems, written: str) -> None:
    """However the inventory writes it, and whatever its state."""
    async with shop() as shopper:
        await shopper.begin()
        made = systems.make(written)
        assert await shopper.refused() == ("NUMBER_UNAVAILABLE", ["input", "msisdn"], False)
        assert systems.control.port_ins() == []
        assert [each["id"] for each in systems.numbers(written)] == [made["id"]]


async def test_our_own_number_is_refused(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.begin()
        assert await shopper.refused(msisdn="+4915771234567") == ("NUMBER_UNAVAILABLE", ["input", "msisdn"], False)


async def test_a_number_that_somebody_holds_is_refused(
    shop: MakeShop, systems: Systems, elsewhere: PortIns, clock: FixedClock
) -> None:
    """By the journal of reservations, before anybody else is asked."""
    held = Entry(
        id="r1", kind="NUMBER", resource=DIGITS, upstream_id="x", detail="{}", shopper="s", cart_id="c", line_id=None,
        key="k", token="t", state="HELD", live=True, reason="", created_at=1.0, updated_at=1.0, expires_at=2.0,
        unknown_at=None, due_at=None,
    )  # fmt: skip
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        await elsewhere.requester.journal.open(held)
        systems.control.reset_calls()
        assert await shopper.refused() == ("NUMBER_UNAVAILABLE", ["input", "msisdn"], False)
        assert set(systems.calls()) == {"GET TMF663.shoppingCart"}


async def test_a_number_on_its_way_for_another_is_refused(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        await (await shopper.begin()).port()
        other = await shopper.another().begin()
        assert await other.refused() == ("NUMBER_UNAVAILABLE", ["input", "msisdn"], False)
        assert len(systems.control.port_ins()) == len(systems.numbers(DIGITS)) == 1


async def test_a_line_gets_one_number(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        await (await shopper.begin()).port()
        assert await shopper.refused(msisdn="+4915112345679") == ("DUPLICATE", ["input", "lineId"], False)
        assert len(systems.control.port_ins()) == 1


@pytest.mark.parametrize("processes", [1, 2])
async def test_of_many_who_want_one_number_one_gets_it(shop: MakeShop, systems: Systems, processes: int) -> None:
    """At one process or at two, whatever the moment."""
    async with shop() as one, shop() as two:
        shoppers = [await one.another().begin() for _ in range(6)]
        at = [one, two][:processes]
        asking = [each.at(at[place % processes]).port() for place, each in enumerate(shoppers)]
        payloads = await asyncio.gather(*asking)
        codes = sorted(each["errors"][0]["code"] for each in payloads if each["errors"])
        assert codes == ["NUMBER_UNAVAILABLE"] * 5
        assert [each["portIn"]["status"] for each in payloads if each["portIn"]] == ["REQUESTED"]
        assert len(systems.control.port_ins()) == len(systems.numbers(DIGITS)) == 1


async def _until_done(shopper: PortingShopper, key: str) -> Any:
    """Who is told that the request is being carried out asks again with its key, as the answer says it may."""
    while True:
        payload = await shopper.port(key=key)
        if [(each["code"], each["retryable"]) for each in payload["errors"]] != [("IN_PROGRESS", True)]:
            return payload


async def test_the_same_request_five_times_at_once_is_one(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        await shopper.begin()
        key = new_key()
        payloads = await asyncio.gather(*(_until_done(shopper, key) for _ in range(5)))
        assert [each["errors"] for each in payloads] == [[]] * 5
        assert len({each["portIn"]["id"] for each in payloads}) == 1
        assert len(systems.control.port_ins()) == len(systems.numbers(DIGITS)) == 1


async def test_one_that_is_refused_at_once_is_told_so(shop: MakeShop, systems: Systems) -> None:
    """In our words, and it can be mended."""
    async with shop() as shopper:
        await shopper.begin()
        port_in = (await shopper.port(authorisationCode="0000"))["portIn"]
        assert (port_in["status"], port_in["reasonCode"], port_in["fixable"], port_in["correctable"]) == (
            "REJECTED", "AUTHORISATION_CODE_WRONG", True, ["authorisationCode"],
        )  # fmt: skip
        assert port_in["reason"] == "The authorisation code is wrong or no longer valid."
        assert systems.shown(DIGITS) == ("reserved", "idle", "rejected")


async def test_a_rejected_one_keeps_nobody_from_the_number(shop: MakeShop, systems: Systems) -> None:
    """Or a wrong code would. The number in the inventory becomes the next one's."""
    async with shop() as shopper:
        first = (await (await shopper.begin()).port(authorisationCode="0000"))["portIn"]
        other = await shopper.another().begin()
        assert (await other.port())["portIn"]["status"] == "REQUESTED"
        assert systems.shown(DIGITS) == ("reserved", "idle", "requested")
        refused = await shopper.correct(first["id"], authorisationCode="1234")
        assert [each["code"] for each in refused["errors"]] == ["NUMBER_UNAVAILABLE"]
        assert refused["portIn"] == first


async def test_a_number_on_its_way_is_never_offered(shop: MakeShop, systems: Systems) -> None:
    search = "query($prefix: String) { availableNumbers(count: 50, search: {prefix: $prefix}) { msisdn } }"
    async with shop(tmf639_page_size=1000) as shopper:
        await (await shopper.begin()).port()
        for state in ("requested", "ported"):
            systems.move(state)
            assert await shopper.client.data(search, prefix="+49151") == {"availableNumbers": []}
        found = await shopper.client.data(search, prefix="+49")
        assert len(found["availableNumbers"]) == 50


async def test_what_the_provider_tells_of_a_number(shop: MakeShop, systems: Systems) -> None:
    async with shop() as shopper:
        systems.control.reset_calls()
        found = (await shopper.client.data(PORTABILITY, msisdn="+4917212345678"))["portability"]
        assert systems.calls() == ["GET PORTING.portability"]
        assert found["earliest"].endswith("T05:00:00Z")
        assert found == {
            "msisdn": "+4917212345678", "portable": True, "donor": "Vandia", "earliest": found["earliest"],
            "requires": ["accountNumber", "authorisationCode"], "reason": None,
        }  # fmt: skip


@pytest.mark.parametrize(("msisdn", "reason"), [("+4915112345600", "NOT_PORTABLE"), ("+4915771234567", "OWN_NUMBER")])
async def test_a_number_that_cannot_come(shop: MakeShop, msisdn: str, reason: str) -> None:
    async with shop() as shopper:
        found = (await shopper.client.data(PORTABILITY, msisdn=msisdn))["portability"]
        assert (found["portable"], found["reason"], found["requires"]) == (False, reason, [])


@pytest.mark.parametrize("msisdn", ["+4930123456", "+99912345678", "+12"])
async def test_nothing_is_told_of_what_is_no_mobile_number(shop: MakeShop, systems: Systems, msisdn: str) -> None:
    async with shop() as shopper:
        answer = await shopper.client.query(PORTABILITY, msisdn=msisdn)
        assert answer.codes == ["BAD_REQUEST"]
        assert "GET PORTING.portability" not in systems.calls()
