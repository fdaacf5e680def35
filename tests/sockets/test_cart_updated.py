"""A cart is followed from outside: what one process changes is seen through another, by its owner alone."""

import pytest

from kernel.ids import GlobalId
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.shopper import Shopper, add, offering
from tests.identity.sessions.person import Person
from tests.identity.sessions.test_cookies import cookies_of, signed_in, value
from tests.sockets.conftest import Estate, User, token_of
from tests.sockets.follower import Remote, following, socket

CLAIM = """mutation($input: ClaimCartInput!) { claimCart(input: $input) { cart { id version } errors { code } } }"""
KEY = "7d9f2c1e-0000-4000-8000-00000000000{}"


async def test_the_cart_comes_at_once_and_after_each_change(estate: Estate, guest: Shopper) -> None:
    async with following(estate.one, guest) as follower:
        first = await follower.cart()
        assert (first["id"], first["version"], first["lines"]["nodes"]) == (guest.cart["id"], 1, [])
        await guest.update(add("po-mobile-m", quantity=2))
        changed = await follower.cart()
        assert (changed["version"], changed["state"], changed["stale"]) == (2, "ACTIVE", False)
        assert changed["lines"]["nodes"] == [{"quantity": 2, "offering": {"name": "Mobile M"}}]


async def test_a_change_in_one_process_is_seen_through_the_other(estate: Estate, guest: Shopper) -> None:
    async with following(estate.other, guest) as follower:
        assert (await follower.cart())["version"] == 1
        for version in (2, 3):
            await guest.update(add("po-mobile-m"))
            assert (await follower.cart())["version"] == version


async def test_what_is_shown_is_in_the_language_of_who_follows(estate: Estate, guest: Shopper) -> None:
    await guest.update(add("po-kaiyo-k1"))
    document = "subscription($id: ID!) { cartUpdated(id: $id) { lines { nodes { offering { description } } } } }"
    texts = []
    for language in ("en", "de"):
        async with socket(estate.one) as follower:
            await follower.begin({**guest.headers, "Accept-Language": language})
            await follower.follow(guest.cart["id"], document=document)
            texts.append((await follower.cart())["lines"]["nodes"][0]["offering"]["description"])
    assert texts[0] != texts[1]


async def test_somebody_elses_cart_looks_like_one_that_does_not_exist(
    estate: Estate, guest: Shopper, ada: User
) -> None:
    """Of a guest, of a user, and of nobody, to a guest with a cart, to a user, and to who brings nothing."""
    nobodys = str(GlobalId("Cart", "c" + "0" * 30))
    seen = []
    for told, others in ((guest.headers, ada), (ada.headers, guest), ({}, guest), ({}, ada)):
        async with socket(estate.other) as follower:
            await follower.begin(told)
            for name, cart in (("foreign", others.cart["id"]), ("none", nobodys)):
                await follower.follow(cart, name=name)
                message = await follower.next()
                assert (message["type"], message["id"]) == ("error", name)
                seen.append(message["payload"])
    assert seen == [[{"message": "There is no such cart.", "extensions": {"code": "NOT_FOUND"}}]] * 8


@pytest.mark.parametrize("given", ["../../admin", offering("po-mobile-m"), ""])
async def test_what_is_no_carts_id_is_refused(estate: Estate, guest: Shopper, given: str) -> None:
    async with socket(estate.one) as follower:
        await follower.begin(guest.headers)
        await follower.follow(given)
        assert await follower.refused() == ["BAD_REQUEST"]


async def test_a_users_cart_is_followed_by_the_token_alone(estate: Estate, ada: User) -> None:
    async with following(estate.other, ada) as follower:
        assert (await follower.cart())["version"] == 1
        await ada.update(add("po-mobile-m"))
        assert (await follower.cart())["version"] == 2


async def test_a_guest_whose_cart_is_claimed_sees_no_more_of_it(estate: Estate, guest: Shopper, ada: User) -> None:
    """The token died with the claim: the stream ends with an error, the socket and other streams on it do not."""
    bob = guest.another()
    await bob.create()
    async with socket(estate.other) as follower:
        await follower.begin(guest.headers)
        await follower.follow(guest.cart["id"])
        assert (await follower.cart())["version"] == 1
        given = {"idempotencyKey": KEY.format(1), "guestCartToken": guest.token}
        assert (await ada.client.data(CLAIM, headers=ada.headers, input=given))["claimCart"]["errors"] == []
        assert await follower.refused() == ["NOT_FOUND"]
        await follower.send("ping")
        assert await follower.next() == {"type": "pong"}


async def test_the_cart_that_is_claimed_into_is_seen_to_change(estate: Estate, guest: Shopper, ada: User) -> None:
    await guest.update(add("po-mobile-m"))
    async with following(estate.other, ada) as follower:
        assert (await follower.cart())["lines"]["nodes"] == []
        given = {"idempotencyKey": KEY.format(2), "guestCartToken": guest.token}
        assert (await ada.client.data(CLAIM, headers=ada.headers, input=given))["claimCart"]["errors"] == []
        assert (await follower.cart())["lines"]["nodes"] == [{"quantity": 1, "offering": {"name": "Mobile M"}}]


async def test_a_stream_ends_when_its_cart_is_over(estate: Estate, guest: Shopper, ada: User) -> None:
    """The shopper's own cart gives way to the guest's: its last state is shown, then nothing more."""
    async with following(estate.other, ada) as follower:
        assert (await follower.cart())["state"] == "ACTIVE"
        given = {"idempotencyKey": KEY.format(3), "guestCartToken": guest.token, "mode": "USE_GUEST"}
        assert (await ada.client.data(CLAIM, headers=ada.headers, input=given))["claimCart"]["errors"] == []
        assert (await follower.cart())["state"] == "MERGED"
        assert await follower.next() == {"id": "1", "type": "complete"}
        await follower.follow(guest.cart["id"])  # the id is free again, and the guest's cart is the shopper's
        assert (await follower.cart())["version"] == 2


async def test_a_socket_is_closed_when_its_token_expires(
    estate: Estate, sandbox: SandboxControl, sandbox_process: SandboxProcess, ada: User
) -> None:
    brief = token_of(sandbox, sandbox_process.base_url, seconds=4)
    async with socket(estate.one) as follower:
        await follower.begin({"Authorization": f"Bearer {brief}"})
        assert await follower.closed() == 4401


async def test_who_has_signed_out_sees_no_more(estate: Estate, sandbox: SandboxControl) -> None:
    """The socket ends with the next thing that would be shown on it."""
    async with Remote(estate.one) as client:
        person = Person(client, sandbox, login="signed-out@example.com")
        kept = cookies_of((await signed_in(person)).headers)
        ada = User(client, bearer=value(kept["__Host-session"]))
        await ada.create()
        async with following(estate.one, ada) as follower:
            assert (await follower.cart())["version"] == 1
            headers = {**ada.headers, "x-requested-with": "shop"}
            await client.data("mutation { signOut { signedOut } }", headers=headers)
            await follower.follow(ada.cart["id"], name="2")
            assert await follower.closed() == 4401
