"""A cart in an otherwise public query: the whole answer is the caller's own, here and for every cache on the way."""

import httpx
import pytest

from tests.carts.conftest import MakeShop
from tests.carts.shopper import Shopper, add
from tests.client import JSON

PUBLIC = "{ productOfferings(first: 1) { nodes { name } } }"
MIXED = "{ productOfferings(first: 1) { nodes { name } } cart { id lines { nodes { quantity } } } }"
HIDDEN = "query($mine: Boolean = false) { categories { id } cart @include(if: $mine) { id } }"


async def get(shopper: Shopper, text: str, **headers: str) -> httpx.Response:
    sent = {"accept": JSON, **shopper.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await shopper.client.http.get("/graphql", params={"query": text}, headers=sent)


def told(answer: httpx.Response) -> tuple[str | None, ...]:
    """What HTTP caches are told: whether to keep it, by what to know it, and whether it was kept here."""
    return tuple(answer.headers.get(name) for name in ("cache-control", "etag", "cache-status"))


async def test_two_guests_each_see_their_own_cart(shop: MakeShop) -> None:
    """The same bytes asked, one after the other; and nobody at all sees none."""
    async with shop() as one:
        other = one.another()
        for number, guest in enumerate((one, other), start=2):
            await guest.create()
            await guest.update(add("po-mobile-m", quantity=number))
        answers = [await get(guest, MIXED) for guest in (one, other, one, one.another())]
    carts = [each.json()["data"]["cart"] for each in answers]
    assert [cart and cart["id"] for cart in carts] == [one.cart["id"], other.cart["id"], one.cart["id"], None]
    assert [told(each) for each in answers] == [("private, no-store", None, None)] * 4


@pytest.mark.parametrize("text", [MIXED, HIDDEN, "{ cart { __typename } }"])
async def test_no_tag_brings_a_304_for_what_is_private(shop: MakeShop, text: str) -> None:
    async with shop() as guest:
        answer = await get(guest, text, if_none_match="*")
    assert (answer.status_code, told(answer)) == (200, ("private, no-store", None, None))


async def test_what_is_public_is_the_same_for_whoever_has_a_cart(shop: MakeShop) -> None:
    """One guest's token leaves no trace in what the next one gets."""
    async with shop() as guest:
        await guest.create()
        mine, others = await get(guest, PUBLIC), await get(guest.another(), PUBLIC)
    assert mine.content == others.content
    assert others.headers["cache-status"] == "bff; hit"
    assert "set-cookie" not in mine.headers
