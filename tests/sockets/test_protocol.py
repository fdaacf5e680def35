"""graphql-transport-ws to the letter: each close code, what is refused and what goes on."""

import json
from typing import Any

import pytest

from tests.carts.shopper import UPDATE, Shopper, add
from tests.client import Client
from tests.sockets.conftest import Estate
from tests.sockets.follower import CART, PROTOCOL, following, socket

INWARDS = "bundledOfferings { offering { "


@pytest.mark.parametrize("spoken", [["graphql-ws"], None, ["mqtt", "graphql-ws"]])
async def test_other_protocols_are_not_spoken(estate: Estate, spoken: list[str] | None) -> None:
    async with socket(estate.one, subprotocols=spoken) as follower:
        assert follower.connection.subprotocol is None
        assert await follower.closed() == 4406


async def test_ours_is_chosen_among_several(estate: Estate) -> None:
    async with socket(estate.one, subprotocols=["graphql-ws", PROTOCOL]) as follower:
        assert follower.connection.subprotocol == PROTOCOL
        await follower.begin()


async def test_who_never_says_who_it_is_is_sent_away(estate: Estate) -> None:
    """Pings before that are answered and change nothing."""
    async with socket(estate.other) as follower:
        await follower.send("ping")
        assert await follower.next() == {"type": "pong"}
        assert await follower.closed() == 4408


async def test_nothing_is_followed_before_that(estate: Estate, guest: Shopper) -> None:
    async with socket(estate.one) as follower:
        await follower.follow(guest.cart["id"])
        assert await follower.closed() == 4401


async def test_it_is_said_once(estate: Estate) -> None:
    async with socket(estate.one) as follower:
        await follower.begin()
        await follower.send("connection_init")
        assert await follower.closed() == 4429


async def test_an_id_is_used_once_at_a_time(estate: Estate, guest: Shopper) -> None:
    async with following(estate.one, guest) as follower:
        await follower.cart()
        await follower.follow(guest.cart["id"])
        assert await follower.closed() == 4409


async def test_an_id_is_free_once_its_operation_is_over(estate: Estate, guest: Shopper) -> None:
    async with following(estate.one, guest) as follower:
        await follower.cart()
        for _ in range(3):
            await follower.send("complete", id="1")
            await follower.follow(guest.cart["id"])
            assert (await follower.cart())["version"] == 1


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"type": "start", "id": "1"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        json.dumps({"type": "complete", "id": "1" * 129}),
        '{"type": "connection_ack"}',
        "[" * 50_000,
        b'{"type": "ping"}',
    ],
)
async def test_what_is_no_message_closes_the_socket(estate: Estate, sent: Any) -> None:
    async with socket(estate.one) as follower:
        await follower.begin()
        await follower.connection.send(sent)
        assert await follower.closed() == 4400


@pytest.mark.parametrize(
    "payload", [{"Authorization": 1}, {"X-Cart-Token": "a\r\nX-Forwarded-For: 1"}, {"Accept-Language": "\u0434\u0435"}]
)
async def test_a_payload_with_what_no_header_can_be(estate: Estate, payload: dict[str, Any]) -> None:
    async with socket(estate.one) as follower:
        await follower.send("connection_init", payload=payload)
        assert await follower.closed() == 4400


async def test_a_message_is_as_large_as_a_requests_body_at_most(estate: Estate) -> None:
    async with socket(estate.one) as follower:
        await follower.begin()
        await follower.send("subscribe", id="1", payload={"query": "#" * 100_001})
        assert await follower.closed() == 1009


async def refusals(follower: Any, *documents: str) -> list[str]:
    codes = []
    for number, document in enumerate(documents):
        await follower.send("subscribe", id=str(number), payload={"query": document})
        codes += await follower.refused(str(number))
    return codes


async def test_documents_are_measured_as_over_http(estate: Estate) -> None:
    """Each refusal ends its operation and nothing else."""
    async with socket(estate.one) as follower:
        await follower.begin()
        follow = "subscription { cartUpdated(id: %s) { %s } }"
        assert await refusals(
            follower,
            "{",
            follow % ('"x"', "nothing"),
            follow % ('"x"', "lines { nodes { offering { " + INWARDS * 9 + "id" + "}}" * 9 + "}}}"),
            follow % ('"x"', " ".join(f"a{n}: id" for n in range(61))),
            "subscription { cartUpdated }",
            'subscription { a: cartUpdated(id: "x") { id } b: cartUpdated(id: "x") { id } }',
            "subscription($id: ID!) { cartUpdated(id: $id) { id } }",
        ) == [
            "BAD_REQUEST",
            "GRAPHQL_VALIDATION_FAILED",
            "LIMIT_EXCEEDED",
            "LIMIT_EXCEEDED",
            "GRAPHQL_VALIDATION_FAILED",
            "GRAPHQL_VALIDATION_FAILED",
            "BAD_REQUEST",
        ]


async def test_queries_and_mutations_are_not_taken(estate: Estate, guest: Shopper) -> None:
    """They are refused as an operation, and nothing is carried out; over HTTP the same mutation is."""
    given = {
        "idempotencyKey": "7d9f2c1e-0000-4000-8000-000000000009",
        "cartId": guest.cart["id"],
        "expectedVersion": 1,
        "operations": [add("po-mobile-m")],
    }
    async with socket(estate.one) as follower:
        await follower.begin(guest.headers)
        for document, variables in (("{ categories { id } }", {}), (UPDATE, {"input": given})):
            await follower.send("subscribe", id="1", payload={"query": document, "variables": variables})
            assert await follower.refused() == ["BAD_REQUEST"]
    assert (await guest.read() or {})["version"] == 1
    payload = (await guest.client.data(UPDATE, headers=guest.headers, input=given))["updateCart"]
    assert payload["cart"]["version"] == 2


async def test_a_socket_has_so_many_subscriptions_at_a_time(estate: Estate, guest: Shopper) -> None:
    async with socket(estate.one) as follower:
        await follower.begin(guest.headers)
        for name in ("1", "2"):
            await follower.follow(guest.cart["id"], name=name)
            await follower.cart(name)
        await follower.follow(guest.cart["id"], name="3")
        assert await follower.refused("3") == ["LIMIT_EXCEEDED"]
        await guest.update(add("po-mobile-m"))
        messages = [await follower.next(), await follower.next()]
        told = {(each["id"], each["payload"]["data"]["cartUpdated"]["version"]) for each in messages}
        assert told == {("1", 2), ("2", 2)}


async def test_what_is_completed_sends_no_more(estate: Estate, guest: Shopper) -> None:
    async with socket(estate.one) as follower:
        await follower.begin(guest.headers)
        for name in ("1", "2"):
            await follower.follow(guest.cart["id"], name=name)
            await follower.cart(name)
        await follower.send("complete", id="1")
        await follower.send("ping")
        assert await follower.next() == {"type": "pong"}
        for version in (2, 3):
            await guest.update(add("po-mobile-m"))
            assert (await follower.cart("2"))["version"] == version


async def test_http_says_where_subscriptions_are_served(guest: Shopper) -> None:
    answer = await guest.client.query(CART, id=guest.cart["id"])
    assert answer.body["errors"][0]["message"] == (
        "Subscriptions are served over WebSocket (graphql-transport-ws), not over plain HTTP."
    )


async def figures(client: Client) -> dict[str, float]:
    text = (await client.http.get("/metrics")).text
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[:1] != "#"}


async def test_sockets_are_counted(estate: Estate, guest: Shopper) -> None:
    """Open ones, subscriptions on them, how they ended, and that graphql-core executes each event."""
    before = await figures(guest.client)

    async def grown(name: str) -> float:
        return (await figures(guest.client)).get(name, 0) - before.get(name, 0)

    async with following(estate.one, guest) as follower:
        await follower.cart()
        assert await grown("bff_sockets_open") == 1
        assert await grown("bff_subscriptions_open") == 1
        await guest.update(add("po-mobile-m"))
        await follower.cart()
        assert await grown('bff_operations_interpreted_total{reason="subscription"}') == 2
        await follower.send("connection_init")
        assert await follower.closed() == 4429
    assert await grown('bff_sockets_closed_total{code="4429"}') == 1
    assert await grown("bff_sockets_open") == 0
    assert await grown("bff_subscriptions_open") == 0
