"""A guest's cart and its secret: who has it gets in, everybody else finds nothing, and a lost reply loses nothing."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from sandbox.control import SandboxControl
from tests.carts.conftest import MakeShop, new_key
from tests.carts.estate import KEY
from tests.carts.operator import Operator
from tests.carts.shopper import add
from tests.client import Answer
from tests.upstream import gid

CREATE = "mutation($input: CreateCartInput!) { createCart(input: $input) { cart { id } guestCartToken } }"
OWN = "{ cart { id version } }"
BY_ID = "query($id: ID) { cart(id: $id) { id } }"
NODE = "query($id: ID!) { node(id: $id) { id __typename } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
UPDATE = """mutation($input: UpdateCartInput!) {
  updateCart(input: $input) { cart { id } errors { code message path } }
}"""
NEWER_KEY = "a-newer-signing-key-of-at-least-forty-letters"


def stored(folder: Path) -> bytes:
    """Everything that the database's files hold."""
    return b"".join(file.read_bytes() for file in folder.glob("bff.db*"))


async def test_the_token_in_the_header_finds_the_cart_without_an_id(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        found = await shopper.client.data(OWN, headers=shopper.headers)
        assert found["cart"] == {"id": shopper.cart["id"], "version": 1}


async def test_without_a_token_there_is_no_cart(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        assert await shopper.client.data(OWN) == {"cart": None}


@pytest.mark.parametrize("token", [None, "wrong", "A" * 43, "é" * 43, "foreign"])
async def test_the_id_alone_reads_as_an_unknown_one_does(
    shop: MakeShop, sandbox: SandboxControl, token: str | None
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        cart, line, unknown = shopper.cart["id"], shopper.lines[0]["id"], gid("Cart", "c" + "0" * 30)
        other = shopper.another()
        if token == "foreign":
            await other.create()
        headers = other.headers if token == "foreign" else {} if token is None else {"x-cart-token": token.encode()}
        sandbox.reset_calls()

        async def answers(wanted: str) -> list[Answer]:
            sent = {"idempotencyKey": new_key(), "cartId": wanted, "expectedVersion": 2}
            client = shopper.client
            return [
                await client.query(BY_ID, headers=headers, id=wanted),
                await client.query(NODE, headers=headers, id=wanted),
                await client.query(NODES, headers=headers, ids=[wanted, line]),
                await client.query(UPDATE, headers=headers, input={**sent, "operations": [add("po-mobile-s")]}),
            ]

        mine, nobodys = await answers(cart), await answers(unknown)
        assert [each.body for each in mine] == [each.body for each in nobodys]
        assert mine[0].data == {"cart": None}
        assert mine[2].data == {"nodes": [None, None]}
        assert [error["code"] for error in mine[3].data["updateCart"]["errors"]] == ["NOT_FOUND"]
        assert sandbox.calls()["total"] == 0
        assert (await shopper.read() or {})["version"] == 2


async def test_a_token_opens_its_own_cart_only(shop: MakeShop) -> None:
    async with shop() as ada:
        bob = ada.another()
        await ada.create()
        await bob.create()
        assert ada.token != bob.token
        bob.cart = ada.cart
        assert await bob.read() is None


async def test_a_line_of_another_cart_is_no_line_of_this_one(shop: MakeShop, operator: Operator) -> None:
    async with shop() as ada:
        bob = ada.another()
        for each in (ada, bob):
            await each.create()
            await each.update(add("po-mobile-m"))
        (error,) = (await bob.update({"removeLine": ada.lines[0]["id"]}))["errors"]
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "operations", "0", "removeLine"])
        assert [len(cart["cartItem"]) for cart in operator.carts()] == [1, 1]


async def test_a_token_is_kept_only_as_its_hash(shop: MakeShop, tmp_path: Path) -> None:
    async with shop() as shopper:
        await shopper.create()
        assert shopper.token is not None
        kept = stored(tmp_path)
        assert hashlib.sha256(shopper.token.encode()).hexdigest().encode() in kept
        assert shopper.token.encode() not in kept


async def test_the_cart_system_knows_no_token(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper:
        await shopper.create()
        assert str(shopper.token) not in str(operator.carts())


# ---------------------------------------------------------------- in a cookie


async def test_a_cookie_that_no_script_can_read_keeps_the_token(shop: MakeShop) -> None:
    async with shop(cart_cookie="true") as shopper:
        answer = await shopper.client.query(CREATE, input={"idempotencyKey": new_key()})
        assert answer.data["createCart"]["guestCartToken"] is None
        cookie = answer.headers["set-cookie"]
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
        pair = cookie.split(";")[0]
        assert pair.startswith("__Host-cart=")
        found = await shopper.client.data(OWN, headers={"cookie": pair})
        assert found["cart"]["id"] == answer.data["createCart"]["cart"]["id"]


async def test_cookies_of_others_do_not_hide_the_token(shop: MakeShop) -> None:
    async with shop(cart_cookie="true") as shopper:
        answer = await shopper.client.query(CREATE, input={"idempotencyKey": new_key()})
        pair = answer.headers["set-cookie"].split(";")[0]
        found = await shopper.client.data(OWN, headers={"cookie": f'seen={{"a": [1, 2]}}; {pair}; empty='})
        assert found["cart"] is not None


async def test_without_the_setting_a_cookie_opens_nothing(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        assert await shopper.client.data(OWN, headers={"cookie": f"__Host-cart={shopper.token}"}) == {"cart": None}


# ---------------------------------------------------------------- the same key again


async def test_a_lost_reply_loses_nothing(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as shopper:
        key = new_key()
        await shopper.create(key=key)
        again = shopper.another()
        sandbox.reset_calls()
        await again.create(key=key)
        assert (again.cart["id"], again.token) == (shopper.cart["id"], shopper.token)
        assert [call["method"] for call in sandbox.calls()["log"]] == ["GET"]
        assert await again.read() is not None


async def test_a_lost_reply_loses_nothing_though_the_keys_were_rotated(shop: MakeShop) -> None:
    key = new_key()
    async with shop() as shopper:
        await shopper.create(key=key)
    async with shop(keys=f"{NEWER_KEY},{KEY}") as other:
        again = other.another()
        await again.create(key=key)
        assert (again.cart["id"], again.token) == (shopper.cart["id"], shopper.token)
        assert await again.read() is not None


async def test_without_the_old_signing_key_the_cart_still_opens_and_its_token_is_not_told(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
    async with shop(keys=NEWER_KEY) as other:
        assert await shopper.at(other).read() is not None


async def test_the_same_key_for_another_request_is_refused(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper:
        key = new_key()
        await shopper.create(key=key)
        for other in ({"segment": "B2B"}, {"currency": "USD"}):
            payload = await shopper.another().create(key=key, **other)
            (error,) = payload["errors"]
            assert (error["code"], error["path"]) == ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])
            assert (payload["cart"], payload["guestCartToken"]) == (None, None)
        assert len(operator.carts()) == 1


async def test_the_same_key_five_times_at_once_makes_one_cart(shop: MakeShop, sandbox: SandboxControl) -> None:
    sandbox.fault("delay", api="TMF663", delayMs=100)
    async with shop() as shopper:
        key = new_key()
        tabs = [shopper.another() for _ in range(5)]
        payloads = await asyncio.gather(*(tab.create(key=key) for tab in tabs))
        assert [payload["errors"] for payload in payloads] == [[]] * 5
        assert len({(tab.cart["id"], tab.token) for tab in tabs}) == 1
        assert [call["method"] for call in sandbox.calls()["log"]].count("POST") == 1


async def test_a_key_in_capital_letters_is_the_same_key(shop: MakeShop) -> None:
    async with shop() as shopper:
        key = new_key()
        await shopper.create(key=key)
        again = shopper.another()
        await again.create(key=key.upper())
        assert again.cart["id"] == shopper.cart["id"]


@pytest.mark.parametrize("key", ["", "1", "not-a-uuid", "{0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d}", 7, None])
async def test_what_is_no_uuid_is_no_key(shop: MakeShop, sandbox: SandboxControl, key: object) -> None:
    async with shop() as shopper:
        answer = await shopper.client.query(CREATE, input={"idempotencyKey": key})
        assert (answer.data, answer.codes) == (None, ["BAD_REQUEST"])
        assert sandbox.calls()["total"] == 0


# ---------------------------------------------------------------- when making one fails


@pytest.mark.parametrize(
    ("kind", "options"),
    [("reset", {}), ("status", {"status": 503}), ("half", {}), ("truncated", {}), ("errorBody", {})],
)
async def test_a_cart_is_made_once_though_the_first_answer_is_no_use(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator, kind: str, options: dict[str, int]
) -> None:
    sandbox.fault(kind, api="TMF663", times=1, **options)
    async with shop() as shopper:
        assert (await shopper.create())["errors"] == []
        assert len(operator.carts()) == 1
        assert (await shopper.update(add("po-mobile-m")))["errors"] == []


async def test_when_no_cart_can_be_made_the_same_key_makes_one_later(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop(tmf663_breaker_threshold=1000) as shopper:
        key = new_key()
        sandbox.fault("status", api="TMF663", status=503)
        payload = await shopper.create(key=key)
        (error,) = payload["errors"]
        assert (error["code"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        assert (payload["cart"], payload["guestCartToken"]) == (None, None)
        sandbox.clear_faults()
        assert (await shopper.create(key=key))["errors"] == []


async def test_an_operator_without_a_cart_system_has_no_carts(shop: MakeShop) -> None:
    async with shop(tmf663_url="") as shopper:
        answer = await shopper.client.query(OWN)
        assert (answer.data, answer.codes) == ({"cart": None}, ["UPSTREAM_UNAVAILABLE"])
