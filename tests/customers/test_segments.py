"""What a signed-in customer sees of the catalogue: their own segments, and never an answer that was made for others."""

import asyncio
from typing import Any

import pytest

from bff.dev import SANDBOX_TMF663
from domain.identity.seen import SegmentsSeen
from kernel.clock import FixedClock
from kernel.context import Principal, Segment
from kernel.errors import StoreUnavailableError
from kernel.ids import GlobalId
from sandbox.process import SandboxProcess
from store.database import Database
from tests.customers.conftest import MakeShop
from tests.customers.people import Someone, company, new_key, person, user
from tests.upstream import Seed

LIST = "query($ids: [ID!]!) { productOfferings(first: 100, filter: { ids: $ids }) { nodes { id } } }"
ONE = "query($id: ID!) { productOffering(id: $id) { id segments } }"
NODE = "query($id: ID!) { node(id: $id) { id } }"
HEADERS = {"authorization": "Bearer of-these-tests"}
BOTH = frozenset(Segment)


async def sees(someone: Someone, document: str = LIST, **variables: Any) -> Any:
    """What the catalogue answers; who is signed in sends a token, and nobody else does."""
    with user(someone.name):
        headers = HEADERS if someone.name else {}
        return await someone.client.data(document, headers=headers, **variables)


async def found(someone: Someone, shelf: list[str]) -> set[str]:
    """Which of these are in a listing."""
    return {each["id"] for each in (await sees(someone, ids=shelf))["productOfferings"]["nodes"]}


def only(seed: Seed, segment: str) -> list[str]:
    """Offerings that name this segment alone."""
    named = [each["id"] for each in seed.visible if [ref["id"] for ref in each.get("marketSegment") or ()] == [segment]]
    assert named
    return [str(GlobalId("ProductOffering", each)) for each in named[:30]]


@pytest.fixture
def consumers(seed: Seed) -> list[str]:
    return only(seed, "b2c")


@pytest.fixture
def companies(seed: Seed) -> list[str]:
    return only(seed, "b2b")


async def test_each_sees_the_shelf_of_their_customers_and_a_guest_sees_both(
    shop: MakeShop, consumers: list[str], companies: list[str]
) -> None:
    async with shop() as ada:
        acme, both, guest, nobody = (ada.another(name) for name in ("user-acme", "user-both", None, "user-new"))
        await ada.create(person())
        await acme.create(company())
        await both.create(person("both@example.com"))
        await both.create(
            company("HRB 2", email="b@b.example", contact={"email": "b@b.example", "reminderConsent": True})
        )
        shelf = [*consumers, *companies]
        seen = {each.name: await found(each, shelf) for each in (ada, acme, both, guest, nobody)}
    assert seen[None] == seen["user-both"] == seen["user-new"] == set(shelf)
    assert (seen["user-ada"], seen["user-acme"]) == (set(consumers), set(companies))


async def test_what_is_not_on_ones_shelf_is_not_there_by_its_id_either(
    shop: MakeShop, consumers: list[str], companies: list[str]
) -> None:
    async with shop() as ada:
        acme = ada.another("user-acme")
        await ada.create(person())
        await acme.create(company())
        for each, mine, other in ((ada, consumers[0], companies[0]), (acme, companies[0], consumers[0])):
            assert (await sees(each, ONE, id=mine))["productOffering"]["id"] == mine
            assert (await sees(each, ONE, id=other))["productOffering"] is None
            assert (await sees(each, NODE, id=other))["node"] is None


async def test_whole_answers_of_one_shelf_are_never_shown_at_another(
    shop: MakeShop, consumers: list[str], companies: list[str]
) -> None:
    """The same bytes, in every order: first and again, one after the other and all at once."""
    shelf = [*consumers, *companies]
    expected = {"user-ada": set(consumers), "user-acme": set(companies), None: set(shelf)}
    async with shop() as ada:
        acme, guest = ada.another("user-acme"), ada.another(None)
        await ada.create(person())
        await acme.create(company())
        for number, order in enumerate(((guest, ada, acme), (ada, acme, guest), (acme, guest, ada))):
            own = shelf[number:]  # a question that nobody has asked before
            for each in (*order, *order):
                assert await found(each, own) == expected[each.name] & set(own)
        everyone = [ada, acme, guest] * 5
        seen = await asyncio.gather(*(found(each, shelf) for each in everyone))
    assert seen == [expected[each.name] for each in everyone]


async def test_an_answer_for_one_shelf_is_kept_for_all_who_see_it(shop: MakeShop, companies: list[str]) -> None:
    async with shop() as ada:
        await ada.create(person())
        bea = ada.another("user-bea")
        await bea.create(person("bea@example.com"))
        told = []
        for each in (ada.another(None), ada, bea, ada.another(None)):
            with user(each.name):
                answer = await each.client.query(LIST, headers=HEADERS if each.name else {}, ids=companies)
            told.append((answer.headers["cache-status"], answer.headers["cache-control"]))
    assert [status for status, _ in told] == ["bff; fwd=miss", "bff; fwd=miss", "bff; hit", "bff; hit"]
    assert {control for _, control in told} == {"private, no-store"}


async def test_who_becomes_a_customer_sees_their_shelf_from_then_on(
    shop: MakeShop, consumers: list[str], companies: list[str]
) -> None:
    shelf = [*consumers, *companies]
    async with shop() as ada:
        before = await found(ada, shelf)
        await ada.create(person())
        after = await found(ada, shelf)
    assert (before, after) == (set(shelf), set(consumers))


async def test_who_is_invited_by_a_company_sees_its_shelf_once_they_look_at_it(
    shop: MakeShop, consumers: list[str], companies: list[str]
) -> None:
    shelf = [*consumers, *companies]
    async with shop() as acme:
        await acme.create(company())
        await acme.invite("bea@acme.example", "VIEWER")
        bea = acme.another("bea@acme.example")
        before = await found(bea, shelf)
        await bea.viewer()
        after = await found(bea, shelf)
    assert (before, after) == (set(shelf), set(companies))


async def test_a_company_makes_carts_for_companies(shop: MakeShop, sandbox_process: SandboxProcess) -> None:
    document = """mutation($input: CreateCartInput!) { createCart(input: $input) {
      cart { segment } errors { code path } } }"""
    async with shop(tmf663_url=sandbox_process.base_url + SANDBOX_TMF663["v4"]) as acme:
        await acme.create(company())
        made = []
        for segment in ("B2B", "B2C"):
            given = {"idempotencyKey": new_key(), "segment": segment}
            made.append((await sees(acme, document, input=given))["createCart"])
    assert made[0] == {"cart": {"segment": "B2B"}, "errors": []}
    assert made[1]["cart"] is None
    assert [error["path"] for error in made[1]["errors"]] == [["input", "segment"]]


# ---------------------------------------------------------------- what is remembered


async def test_it_is_read_once_in_half_a_minute(database: Database, clock: FixedClock) -> None:
    seen = SegmentsSeen(database, clock)
    reads = 0
    reading = database.reading

    def counted() -> Any:
        nonlocal reads
        reads += 1
        return reading()

    database.reading = counted  # type: ignore[method-assign]
    ada = Principal(id="user-ada")
    for _ in range(3):
        assert await seen.of(ada) == BOTH
    assert (await seen.of(Principal()), reads) == (BOTH, 1)
    clock.advance(30)
    await seen.of(ada)
    assert reads == 2


async def test_while_the_database_is_away_the_last_that_was_known_holds(database: Database, clock: FixedClock) -> None:
    seen = SegmentsSeen(database, clock)
    mine = seen.learn("user-ada", [])
    assert mine == BOTH

    def away() -> Any:
        raise StoreUnavailableError(detail="away")

    seen._known["user-acme"] = (frozenset({Segment.B2B}), clock.now())
    database.reading = away  # type: ignore[method-assign]
    assert await seen.of(Principal(id="user-acme")) == {Segment.B2B}
    assert await seen.of(Principal(id="user-else")) == BOTH
