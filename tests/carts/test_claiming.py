"""A guest signs in and takes the cart along; what is merged, what ends, and what no token opens any more."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bff.dev import SANDBOX_TMF639
from domain.carts.keeper import CartKeeper
from domain.carts.sweeping import CartSweeper, Swept
from domain.reservations.holds import Holds
from kernel.clock import FixedClock
from kernel.context import Audience
from kernel.ids import parse_global_id
from sandbox.cognito.operations import CLIENT, POOL
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from store.database import Database
from store.leases import Leases
from store.port_ins import PortInRow, PortInRows
from tests.carts.conftest import MakeShop, new_key
from tests.carts.fate import Killed, Life, boundary, live, mortal
from tests.carts.holder import Holder, asleep_in
from tests.carts.operator import Operator
from tests.carts.shopper import ERRORS, FIELDS, Shopper, add
from tests.carts.test_sweeping import Sweep, process
from tests.store.test_port_ins import ROW

CLAIM = f"mutation($input: ClaimCartInput!) {{ claimCart(input: $input) {{ cart {{ {FIELDS} }} {ERRORS} }} }}"


class SignedIn(Shopper):
    """A shopper who shows an access token, and no cart's."""

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    async def make(self) -> "SignedIn":
        """A cart of their own."""
        token = self.token
        await self.create()
        self.token = token
        return self

    async def claim(self, guest: Shopper, *, key: str | None = None, mode: str = "MERGE") -> dict[str, Any]:
        sent = {"idempotencyKey": key or new_key(), "guestCartToken": guest.token, "mode": mode}
        answer = await self.client.data(CLAIM, headers=self.headers, input=sent)
        payload: dict[str, Any] = answer["claimCart"]
        if payload["cart"] is not None:
            self.cart = payload["cart"]
        return payload


@pytest.fixture
def clock() -> FixedClock:
    """Stands at the real time, because tokens go by that."""
    return FixedClock(time.time())


@pytest.fixture
def guests(shop: MakeShop, sandbox_process: SandboxProcess, redis_url: str, clock: FixedClock) -> Any:
    """Opens shops where people can sign in, each with a guest who has a cart."""
    given = {
        "cognito_pool": POOL,
        "cognito_client_id": CLIENT,
        "cognito_endpoint": sandbox_process.base_url,
        "redis_url": redis_url,
        "tmf639_url": sandbox_process.base_url + SANDBOX_TMF639["v4"],
        "tmf639_page_size": 200,
        "numbers_max_resources": 400,
    }

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[Shopper]:
        async with shop(clock=clock, **{**given, **more}) as shopper:
            await shopper.create()
            yield shopper

    return opened


@pytest.fixture
def ada(sandbox: SandboxControl, sandbox_process: SandboxProcess, clock: FixedClock) -> Any:
    """Signs somebody in, by name, at the shop of a guest."""

    def signed_in(guest: Shopper, name: str = "ada") -> SignedIn:
        now = int(clock.now())
        claims = {
            "sub": name,
            "username": name,
            "iss": f"{sandbox_process.base_url}/{POOL}",
            "client_id": CLIENT,
            "token_use": "access",
            "iat": now,
            "exp": now + 3_600,
            "jti": new_key(),
            "origin_jti": new_key(),
        }
        return SignedIn(guest.client, token=sandbox.mint(claims))

    return signed_in


def names(shopper: Shopper) -> list[tuple[str, int]]:
    return [(line["offering"]["name"], line["quantity"]) for line in shopper.lines]


async def test_a_guest_s_cart_is_theirs_once_they_have_signed_in(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        await guest.update(add("po-mobile-m"))
        shopper = ada(guest)
        payload = await shopper.claim(guest)
        assert payload["errors"] == []
        assert shopper.cart["id"] == guest.cart["id"]
        assert shopper.cart["version"] == guest.cart["version"] + 1
        assert names(shopper) == [("Mobile M", 1)]
        assert (await shopper.update(add("po-mobile-l")))["errors"] == []


async def test_the_guest_s_token_opens_nothing_any_more(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        await ada(guest).claim(guest)
        assert await guest.read() is None
        (error,) = (await ada(guest, "bob").claim(guest))["errors"]
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "guestCartToken"])


@pytest.mark.parametrize("mode", ["MERGE", "USE_GUEST", "KEEP_EXISTING"])
async def test_a_token_that_opens_nothing_is_refused(guests: Any, ada: Any, mode: str) -> None:
    async with guests() as guest:
        shopper = await ada(guest).make()
        (error,) = (await shopper.claim(Shopper(guest.client, token="x" * 43), mode=mode))["errors"]
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "guestCartToken"])


async def test_a_guest_claims_nothing(guests: Any) -> None:
    async with guests() as guest:
        sent = {"idempotencyKey": new_key(), "guestCartToken": guest.token}
        answer = await guest.client.query(CLAIM, headers=guest.headers, input=sent)
        assert answer.codes == ["UNAUTHENTICATED"]
        assert await guest.read() is not None


async def test_nobody_claims_a_cart_that_has_an_owner(guests: Any, ada: Any) -> None:
    """Its id alone helps nobody, and the token it once had is gone."""
    async with guests() as guest:
        shopper = ada(guest)
        await shopper.claim(guest)
        bob = ada(guest, "bob")
        assert await Shopper.read(SignedIn(bob.client, shopper.cart, bob.token)) is None


async def test_two_carts_become_one(guests: Any, ada: Any, operator: Operator) -> None:
    """Equal lines are summed, others added; upstream it reads the same."""
    async with guests() as guest:
        await guest.update(add("po-mobile-m", quantity=2), add("po-mobile-l"))
        shopper = await ada(guest).make()
        await shopper.update(add("po-mobile-m"), add("po-mobile-s"))
        payload = await shopper.claim(guest)
        assert payload["errors"] == []
        assert names(shopper) == [("Mobile M", 3), ("Mobile S", 1), ("Mobile L", 1)]
        assert shopper.cart["version"] == 3
        kept = [len(cart["cartItem"]) for cart in operator.carts() if cart.get("cartItem")]
        assert sorted(kept) == [2, 3]


async def test_bundles_are_added_whole(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        await guest.update(add("po-family-duo"))
        shopper = await ada(guest).make()
        await shopper.update(add("po-family-duo"))
        before = len(shopper.lines)
        assert (await shopper.claim(guest))["errors"] == []
        assert len(shopper.lines) == 2 * before
        parents = [line["parent"]["id"] for line in shopper.lines if line["parent"]]
        assert len(set(parents)) == 2


async def test_numbers_move_along_and_their_lines_are_never_summed(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        number = await _held(guest)
        await guest.update(add("po-mobile-m", reservationIds=[number["id"]]))
        line = guest.lines[0]["id"].partition("~")[0]
        shopper = await ada(guest).make()
        await shopper.update(add("po-mobile-m"))
        assert (await shopper.claim(guest))["errors"] == []
        assert names(shopper) == [("Mobile M", 1), ("Mobile M", 1)]
        (reserved,) = await Holder(shopper).reserved()
        assert (reserved["id"], reserved["state"]) == (number["id"], "HELD")
        assert reserved["lineId"] == shopper.lines[1]["id"] != line
        assert (await Holder(shopper).release(number["id"]))["errors"] == []


async def test_a_guest_s_cart_can_take_the_place_of_the_other(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper = await ada(guest).make()
        mine = shopper.cart
        assert (await shopper.claim(guest, mode="USE_GUEST"))["errors"] == []
        assert shopper.cart["id"] == guest.cart["id"]
        found = await shopper.client.data("{ cart { id } }", headers=shopper.headers)
        assert found["cart"]["id"] == guest.cart["id"] != mine["id"]


async def test_a_guest_s_cart_can_be_dropped(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper = await ada(guest).make()
        mine = shopper.cart["id"]
        assert (await shopper.claim(guest, mode="KEEP_EXISTING"))["errors"] == []
        assert (shopper.cart["id"], shopper.lines) == (mine, [])
        assert await guest.read() is None


async def test_what_was_dropped_is_removed_upstream_and_gives_its_number_back(
    guests: Any, ada: Any, operator: Operator, clock: FixedClock
) -> None:
    async with guests(cart_sweep=0.1, numbers_sweep=0.1) as guest:
        number = await _held(guest)
        shopper = await ada(guest).make()
        await shopper.claim(guest, mode="KEEP_EXISTING")
        while len(operator.carts()) > 1:  # noqa: ASYNC110  (the sandbox is another process)
            await asyncio.sleep(0.02)
        bob = Shopper(guest.client)
        await bob.create()
        while not (offers := await Holder(bob).numbers(prefix=number["resource"])):
            clock.advance(1)
        assert (await Holder(bob).reserve(offers[0]["offerToken"]))["errors"] == []


async def test_the_same_key_merges_once(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper, key = await ada(guest).make(), new_key()
        first = await shopper.claim(guest, key=key)
        assert await shopper.claim(guest, key=key) == first
        assert names(shopper) == [("Mobile L", 1)]


async def test_a_key_is_for_one_guest(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        shopper, key = ada(guest), new_key()
        await shopper.claim(guest, key=key)
        other = Shopper(guest.client)
        await other.create()
        assert [each["code"] for each in (await shopper.claim(other, key=key))["errors"]] == ["IDEMPOTENCY_MISMATCH"]


async def test_other_currencies_are_not_mixed(guests: Any, ada: Any) -> None:
    async with guests() as guest:
        shopper = ada(guest)
        token = shopper.token
        await shopper.create(segment="B2B")
        shopper.token = token
        (error,) = (await shopper.claim(guest))["errors"]
        assert (error["code"], error["path"]) == ("INVALID", ["input", "mode"])
        assert await guest.read() is not None


async def test_with_the_cart_system_down_the_guest_s_cart_is_locked_until_the_same_key_settles_it(
    guests: Any, ada: Any, sandbox: SandboxControl
) -> None:
    async with guests(tmf663_attempts=1) as guest:
        await guest.update(add("po-mobile-l"))
        shopper, key = await ada(guest).make(), new_key()
        sandbox.fault("off", api="TMF663")
        (error,) = (await shopper.claim(guest, key=key))["errors"]
        assert (error["code"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        assert [each["code"] for each in (await guest.update(add("po-mobile-s")))["errors"]] == ["CART_LOCKED"]
        sandbox.clear_faults()
        assert (await shopper.claim(guest, key=key))["errors"] == []
        assert names(shopper) == [("Mobile L", 1)]


@pytest.mark.parametrize("step", range(1, 9))
async def test_whenever_the_gateway_dies_the_lines_are_in_one_cart_once(
    guests: Any, ada: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """The same key settles it, and until then the guest's cart is either locked or as it was."""
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper, key = await ada(guest).make(), new_key()
        await shopper.update(add("po-mobile-s"))
        mortal(monkeypatch)
        task = await live(Life(dies_at=step), shopper.claim(guest, key=key))
        with suppress(Killed):
            await task
        monkeypatch.undo()
        clock.advance(61)
        payload = await shopper.claim(guest, key=key)
        for _ in range(5):
            if not payload["errors"]:
                break
            assert payload["errors"][0]["retryable"]
            payload = await shopper.claim(guest, key=key)
        assert payload["errors"] == []
        await shopper.read()
        assert names(shopper) == [("Mobile S", 1), ("Mobile L", 1)]
        assert await guest.read() is None


@pytest.mark.parametrize("mode", ["MERGE", "USE_GUEST", "KEEP_EXISTING"])
async def test_what_a_guest_s_tab_adds_meanwhile_is_in_the_cart_or_refused(
    guests: Any, ada: Any, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """The tab's request saw the cart before it was claimed, and begins to change it after."""
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper = await ada(guest).make()
        await shopper.update(add("po-mobile-s"))
        mortal(monkeypatch)
        life = Life(sleeps_at=1)
        late = await live(life, guest.update(add("po-mobile-m")))
        assert life.asleep.is_set()
        assert (await shopper.claim(guest, mode=mode))["errors"] == []
        life.awake.set()
        payload = await late
        await shopper.read()
        assert payload["errors"]
        assert ("Mobile M", 1) not in names(shopper)


@pytest.mark.parametrize("step", range(1, 10))
async def test_whatever_is_added_while_a_claim_sleeps_is_in_one_cart_or_refused(
    guests: Any, ada: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """In the guest's tab and in a tab of the owner's; asked again with its key, the claim ends well."""
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper, tab, key = await ada(guest).make(), ada(guest), new_key()
        await shopper.update(add("po-mobile-s"))
        tab.cart = shopper.cart
        mortal(monkeypatch)
        life = Life(sleeps_at=step)
        claiming = await live(life, shopper.claim(guest, key=key))
        clock.advance(61)  # nobody waits for who sleeps so long
        wanted = {"Mobile S", "Mobile L"}
        for each, local, name in ((guest, "po-mobile-m", "Mobile M"), (tab, "po-mobile-xl", "Mobile XL")):
            payload = await each.update(add(local))
            if not payload["errors"]:
                wanted.add(name)
        life.awake.set()
        payload = await claiming
        for _ in range(5):
            if not payload["errors"]:
                break
            payload = await shopper.claim(guest, key=key)
        assert payload["errors"] == []
        await shopper.read()
        assert sorted(names(shopper)) == sorted((name, 1) for name in wanted)
        assert await guest.read() is None


@pytest.mark.parametrize("mode", ["MERGE", "KEEP_EXISTING"])
async def test_a_cart_that_somebody_else_claims_meanwhile_is_theirs(
    guests: Any, ada: Any, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """After its token was found to open it, and before it is looked at."""
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper, bob = await ada(guest).make(), ada(guest, "bob")
        ready = CartKeeper.ready

        async def sleeping(self: CartKeeper, *given: Any) -> Any:
            await boundary()
            return await ready(self, *given)

        monkeypatch.setattr(CartKeeper, "ready", sleeping)
        life = Life(sleeps_at=2)  # the first looks at the shopper's own
        late = await live(life, shopper.claim(guest, mode=mode))
        assert life.asleep.is_set()
        assert (await bob.claim(guest))["errors"] == []
        life.awake.set()
        assert [each["code"] for each in (await late)["errors"]] == ["NOT_FOUND"]
        assert (await bob.update(add("po-mobile-s")))["errors"] == []
        assert names(bob) == [("Mobile L", 1), ("Mobile S", 1)]
        await shopper.read()
        assert names(shopper) == []


async def test_a_key_that_something_else_was_done_with_does_not_pass_for_a_claim(
    guests: Any, ada: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys count within a mutation. The gateway dies before it merges anything."""
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper, key = await ada(guest).make(), new_key()
        await shopper.update(add("po-mobile-s"), key=key)
        mortal(monkeypatch)
        with suppress(Killed):
            await (await live(Life(dies_at=3), shopper.claim(guest, key=key)))
        monkeypatch.undo()
        clock.advance(61)
        assert (await shopper.claim(guest, key=key))["errors"] == []
        assert names(shopper) == [("Mobile S", 1), ("Mobile L", 1)]


@pytest.mark.parametrize("mode", ["MERGE", "USE_GUEST", "KEEP_EXISTING"])
async def test_a_cart_whose_time_ends_meanwhile_is_claimed_by_nobody(
    guests: Any, ada: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    async with guests(cart_days=1) as guest:
        await guest.update(add("po-mobile-l"))
        clock.advance(80_000)
        shopper = await ada(guest).make()
        mortal(monkeypatch)
        life = Life(sleeps_at=3)
        late = await live(life, shopper.claim(guest, mode=mode))
        assert life.asleep.is_set()
        clock.advance(10_000)
        life.awake.set()
        assert [each["code"] for each in (await late)["errors"]] == ["NOT_FOUND"]


async def test_no_cart_is_dropped_for_one_that_is_over_meanwhile(
    guests: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another tab puts another guest's cart into its place."""
    async with guests() as guest:
        shopper, other = await ada(guest).make(), Shopper(guest.client)
        await other.create()
        tab = SignedIn(shopper.client, shopper.cart, shopper.token)
        mortal(monkeypatch)
        life = Life(sleeps_at=3)
        late = await live(life, shopper.claim(guest, mode="KEEP_EXISTING"))
        assert life.asleep.is_set()
        assert (await tab.claim(other, mode="USE_GUEST"))["errors"] == []
        life.awake.set()
        payload = await late
        assert (payload["cart"]["id"], payload["cart"]["state"]) == (tab.cart["id"], "ACTIVE")


async def test_a_number_that_is_reserved_meanwhile_is_in_the_cart_or_refused(
    guests: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another tab saw the guest's cart before it was claimed, and reserves for it after."""
    async with guests() as guest:
        holder = Holder(guest)
        await holder.release((await _held(guest))["id"])
        offers = await holder.numbers()
        shopper = await ada(guest).make()
        mortal(monkeypatch)
        life = Life(sleeps_at=1)
        late = await live(life, holder.reserve(offers[0]["offerToken"]))
        assert life.asleep.is_set()
        assert (await shopper.claim(guest))["errors"] == []
        life.awake.set()
        assert [each["code"] for each in (await late)["errors"]] == ["CART_LOCKED"]


# ---------------------------------------------------------------- numbers on their way


@asynccontextmanager
async def port_ins_in(url: str) -> AsyncIterator[PortInRows]:
    database = await Database.open(url, migrate=False)
    try:
        yield PortInRows(database)
    finally:
        await database.aclose()


def on_its_way(guest: Shopper) -> PortInRow:
    """To the guest's first line."""
    cart, line = parse_global_id(guest.cart["id"]), parse_global_id(guest.lines[0]["id"])
    return dataclasses.replace(ROW, cart_id=cart.local, line_id=line.local.partition("~")[2], state="REQUESTED")


async def test_a_line_that_a_number_comes_to_meanwhile_is_not_summed(
    guests: Any, ada: Any, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    """It was asked for after the lines of both carts were looked at. It would come to a line that is in no cart."""
    async with guests() as guest, port_ins_in(sqlite_url) as port_ins:
        await guest.update(add("po-mobile-m"))
        shopper = await ada(guest).make()
        await shopper.update(add("po-mobile-m"))
        mortal(monkeypatch)
        life = Life(sleeps_at=3)
        late = await live(life, shopper.claim(guest))
        assert life.asleep.is_set()
        await port_ins.add(on_its_way(guest))
        life.awake.set()
        assert (await late)["errors"] == []
        assert names(shopper) == [("Mobile M", 1), ("Mobile M", 1)]


async def test_a_number_that_comes_to_a_merged_cart_is_its_owner_s_whoever_settles_it(
    guests: Any, ada: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, sqlite_url: str, sweep: Sweep
) -> None:
    async with guests() as guest, port_ins_in(sqlite_url) as port_ins:
        await guest.update(add("po-mobile-m"))
        await port_ins.add(on_its_way(guest))
        shopper = await ada(guest).make()
        mortal(monkeypatch)
        with suppress(Killed):
            await (await live(Life(dies_at=5), shopper.claim(guest)))
        monkeypatch.undo()
        clock.advance(61)
        assert await sweep() == Swept(settled=1)
        row = await port_ins.by_id(ROW.id)
        assert row is not None
        assert (row.cart_id, row.owner) == (parse_global_id(shopper.cart["id"]).local, "ada")


async def _held(guest: Shopper) -> dict[str, Any]:
    holder = Holder(guest)
    payload = {"reservation": None}
    while payload["reservation"] is None:  # the first sweep has to allow it
        payload = await holder.reserve((await holder.numbers())[0]["offerToken"])
    return payload["reservation"]


# ---------------------------------------------------------------- nobody comes back


@pytest.fixture
async def sweep(sandbox_process: SandboxProcess, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Sweep]:
    """What the sweeper of another process of the estate does, each time its interval is over."""
    async with process(sandbox_process.base_url, tmp_path, clock) as carts:
        leases = Leases(carts.keeper.holds.database, clock)
        every, keep = 60, 7 * 86_400.0
        idempotency = carts.updater.idempotency
        yield CartSweeper(carts.keeper, idempotency, leases, Audience("en", "web"), every=every, keep=keep).sweep


async def test_a_merge_that_was_never_carried_out_is_undone_by_one_sweep_and_the_guest_goes_on(
    guests: Any, ada: Any, sandbox: SandboxControl, clock: FixedClock, sweep: Sweep
) -> None:
    """Once the change's hold is over (BFF_CART_HOLD), without anybody asking with the key again."""
    async with guests(tmf663_attempts=1) as guest:
        await guest.update(add("po-mobile-l"))
        shopper = await ada(guest).make()
        sandbox.fault("off", api="TMF663")
        await shopper.claim(guest)
        sandbox.clear_faults()
        assert [each["code"] for each in (await guest.update(add("po-mobile-s")))["errors"]] == ["CART_LOCKED"]
        clock.advance(31)
        assert await sweep() == Swept(settled=1)
        assert (await guest.update(add("po-mobile-s")))["errors"] == []
        await shopper.read()
        assert (names(guest), names(shopper)) == ([("Mobile L", 1), ("Mobile S", 1)], [])


@pytest.mark.parametrize("step", range(1, 9))
async def test_whenever_the_gateway_dies_one_sweep_leaves_no_cart_locked(
    guests: Any, ada: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, sweep: Sweep, step: int
) -> None:
    """They are merged and the guest's cart is over, or they are not and the guest goes on; nobody asks again."""
    async with guests() as guest:
        await guest.update(add("po-mobile-l"))
        shopper = await ada(guest).make()
        await shopper.update(add("po-mobile-s"))
        mortal(monkeypatch)
        task = await live(Life(dies_at=step), shopper.claim(guest))
        with suppress(Killed):
            await task
        monkeypatch.undo()
        clock.advance(61)
        await sweep()
        await shopper.read()
        if names(shopper) == [("Mobile S", 1), ("Mobile L", 1)]:
            assert await guest.read() is None
        else:
            assert names(shopper) == [("Mobile S", 1)]
            assert (await guest.update(add("po-mobile-m")))["errors"] == []


@pytest.mark.parametrize("mode", ["MERGE", "KEEP_EXISTING"])
async def test_for_a_cart_that_was_claimed_meanwhile_nothing_is_reserved(
    guests: Any, ada: Any, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Nobody could see it, use it or give it back: its token opens nothing any more."""
    async with guests() as guest:
        await _held(guest)  # holds are allowed by now
        shopper = await ada(guest).make()
        offer = (await Holder(guest).numbers())[0]["offerToken"]
        async with asleep_in(monkeypatch, Holds, "take") as asleep:
            reserving = asyncio.create_task(Holder(guest).reserve(offer))
            await asleep.wait()
            assert (await shopper.claim(guest, mode=mode))["errors"] == []
        payload = await reserving
        assert (payload["reservation"], [each["code"] for each in payload["errors"]]) == (None, ["CART_LOCKED"])
