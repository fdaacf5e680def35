"""Reading a cart: what it costs, in pages, by node, in German, and while the cart system is away."""

from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.carts.conftest import MakeShop
from tests.carts.shopper import Shopper, add

THIRTY = (
    *(
        "po-mobile-s",
        "po-mobile-m",
        "po-mobile-l",
        "po-mobile-xl",
        "po-flex-m",
        "po-flex-l",
        "po-young-m",
        "po-young-l",
    ),
    *("po-fibre-100", "po-fibre-250", "po-tv-basic", "po-kaiyo-k1", "po-kaiyo-k1-pro", "po-veldt-arc", "po-orra-one"),
    *("po-kaiyo-pad", "po-data-plan-m", "po-esim", "po-sim-card", "po-kaiyo-j7-used"),
)
NODE = "query($id: ID!) { node(id: $id) { id __typename ... on Cart { version } ... on CartLine { quantity } } }"
LINES = """query($id: ID, $first: Int, $after: String) { cart(id: $id) { lines(first: $first, after: $after) {
  edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} } }"""


async def thirty(shopper: Shopper) -> None:
    """A cart of 30 lines: 20 offerings of all kinds, and a bundle of eleven lines less one."""
    await shopper.create()
    payload = await shopper.update(*(add(local) for local in THIRTY), add("po-family-all-in"))
    assert payload["errors"] == []
    await shopper.update({"removeLine": shopper.line("Lumaro Box")["id"]})
    assert len(shopper.lines) == 30


async def test_thirty_lines_cost_one_call_of_the_cart_system_and_three_of_the_catalogue_cold(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as shopper:
        await thirty(shopper)
    async with shop() as cold:
        sandbox.reset_calls()
        await shopper.at(cold).read(problems=True)
        assert sandbox.calls()["byResource"] == {
            "TMF663.shoppingCart": 1,
            "TMF620.productOffering": 1,
            "TMF620.productOfferingPrice": 1,
            "TMF620.productSpecification": 1,
            "TMF687.productStock": 1,
        }


async def test_thirty_lines_cost_one_call_warm(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as shopper:
        await thirty(shopper)
        await shopper.read(problems=True)
        sandbox.reset_calls()
        await shopper.read(problems=True)
        assert sandbox.calls()["byResource"] == {"TMF663.shoppingCart": 1}


async def test_lines_come_in_pages(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(*(add("po-mobile-m") for _ in range(5)))
        ids = [line["id"] for line in shopper.lines]
        seen: list[str] = []
        after = None
        for number in range(3):
            found = await shopper.client.data(
                LINES, headers=shopper.headers, id=shopper.cart["id"], first=2, after=after
            )
            page = found["cart"]["lines"]
            assert [edge["node"] for edge in page["edges"]] == page["nodes"]
            info = page["pageInfo"]
            assert (info["hasPreviousPage"], info["hasNextPage"]) == (number > 0, number < 2)
            assert (info["startCursor"], info["endCursor"]) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
            seen += [node["id"] for node in page["nodes"]]
            after = info["endCursor"]
        assert seen == ids


@pytest.mark.parametrize(
    ("first", "after", "code"), [(-1, None, "BAD_REQUEST"), (101, None, "LIMIT_EXCEEDED"), (1, "x", "BAD_REQUEST")]
)
async def test_a_page_that_cannot_be(shop: MakeShop, first: int, after: str | None, code: str) -> None:
    async with shop() as shopper:
        await shopper.create()
        answer = await shopper.client.query(
            LINES, headers=shopper.headers, id=shopper.cart["id"], first=first, after=after
        )
        assert answer.codes == [code]


async def test_no_lines_at_all_can_be_asked_for(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        found = await shopper.client.data(LINES, headers=shopper.headers, id=shopper.cart["id"], first=0)
        info = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
        assert found["cart"]["lines"] == {"edges": [], "nodes": [], "pageInfo": info}


async def test_a_cart_and_its_lines_are_nodes(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m", quantity=3))
        cart, line = shopper.cart["id"], shopper.lines[0]["id"]
        found = await shopper.client.data(NODE, headers=shopper.headers, id=cart)
        assert found["node"] == {"id": cart, "__typename": "Cart", "version": 2}
        found = await shopper.client.data(NODE, headers=shopper.headers, id=line)
        assert found["node"] == {"id": line, "__typename": "CartLine", "quantity": 3}


# ---------------------------------------------------------------- languages


async def test_a_cart_is_read_in_german(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m", configuration=[{"name": "SIM type", "value": "SIM card"}]))
        await shopper.read(language="de")
        (line,) = shopper.lines
        assert line["offering"]["name"] == "Mobil M"
        assert line["configuration"] == [
            {"name": "SIM-Art", "value": "SIM-Karte"},
            {"name": "Mindestlaufzeit", "value": "24"},
        ]


async def test_what_is_chosen_in_german_is_the_same_in_english(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        german = [{"name": "SIM-Art", "value": "SIM-Karte"}]
        headers = {**shopper.headers, "accept-language": "de"}
        document = """mutation($input: UpdateCartInput!) { updateCart(input: $input) { errors { code }
          cart { version lines { nodes { configuration { name value } prices { name } } } } } }"""
        sent = {"cartId": shopper.cart["id"], "expectedVersion": 1}
        given: dict[str, Any] = {"idempotencyKey": "0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d", **sent}
        given["operations"] = [add("po-mobile-m", configuration=german)]
        payload = (await shopper.client.data(document, headers=headers, input=given))["updateCart"]
        (line,) = payload["cart"]["lines"]["nodes"]
        assert (payload["errors"], line["configuration"][0]) == ([], german[0])
        assert line["prices"][0]["name"] == "Mobil M: monatlicher Grundpreis"
        await shopper.read(problems=True)
        assert shopper.lines[0]["configuration"][0] == {"name": "SIM type", "value": "SIM card"}
        assert shopper.cart["problems"] == []


async def test_german_names_are_not_known_to_who_reads_english(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        german = [{"name": "SIM-Art", "value": "SIM-Karte"}]
        (error,) = (await shopper.update(add("po-mobile-m", configuration=german)))["errors"]
        assert error["code"] == "CHOICE_INVALID"


# ---------------------------------------------------------------- while the cart system is away


@pytest.mark.parametrize(
    ("kind", "options"),
    [("status", {"status": 503}), ("reset", {}), ("html", {}), ("errorBody", {}), ("truncated", {})],
)
async def test_the_last_known_copy_is_shown_and_said_to_be_stale(
    shop: MakeShop, sandbox: SandboxControl, kind: str, options: dict[str, int]
) -> None:
    async with shop(tmf663_attempts=1, tmf663_breaker_threshold=1000) as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo"), add("po-kaiyo-k1"))
        told = shopper.cart
        sandbox.fault(kind, api="TMF663", **options)
        assert await shopper.read(problems=True) == {**told, "stale": True, "problems": []}
        sandbox.clear_faults()
        assert await shopper.read() == told


async def test_with_the_circuit_open_a_copy_is_shown_and_a_change_says_that_nothing_was_done(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop(tmf663_attempts=1, tmf663_breaker_threshold=1) as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        told = shopper.cart
        sandbox.fault("reset", api="TMF663")
        await shopper.read()
        sandbox.reset_calls()
        payload = await shopper.update(add("po-mobile-m"))
        (error,) = payload["errors"]
        assert (error["code"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        assert payload["cart"] == {**told, "stale": False}
        assert (await shopper.read() or {})["stale"] is True
        assert sandbox.calls()["byResource"].get("TMF663.shoppingCart", 0) == 0


async def test_a_cart_in_which_a_change_is_under_way_is_shown_as_it_was(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop(tmf663_attempts=1, tmf663_breaker_threshold=1000) as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        told = shopper.cart
        sandbox.fault("reset", api="TMF663")
        (error,) = (await shopper.update(add("po-mobile-s")))["errors"]
        assert error["retryable"] is True
        assert await shopper.read() == {**told, "stale": True}
