"""Claims, and what runs into them, asleep or dead at a step: each of these histories went wrong once."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from domain.carts.claiming import MergeMode
from domain.carts.operations import UpdateLine
from tests.carts.claimants import Person, codes, quantities
from tests.carts.estate import DAY, HOLD, Estate
from tests.carts.fate import Killed, Life, live

MODES = [MergeMode.MERGE, MergeMode.USE_GUEST, MergeMode.KEEP_EXISTING]


async def asleep(estate: Estate, step: int, work: Coroutine[Any, Any, Any]) -> Callable[[], Awaitable[Any]]:
    """Begin a request that falls asleep at a step; what wakes it, and gives its answer."""
    life = Life(sleeps_at=step)
    task = await live(life, work)
    estate.sleeping.append(task)
    assert life.asleep.is_set()

    async def wakes() -> Any:
        life.awake.set()
        return await task

    return wakes


async def dies(step: int, work: Coroutine[Any, Any, Any]) -> None:
    with pytest.raises(Killed):
        await (await live(Life(dies_at=step), work))


# ---------------------------------------------------------------- what a guest sees and does afterwards


@pytest.mark.parametrize("mode", MODES)
def test_asked_again_for_the_guest_s_cart_nobody_shows_it(estate: Estate, mode: MergeMode) -> None:
    """The key of `createCart` opened it as its token had."""

    async def history() -> None:
        guest, ada = Person(estate), Person(estate, "ada")
        await guest.create("k-create")
        await ada.create()
        assert codes(await ada.claim(guest, mode)) == []
        again = await Person(estate).create("k-create")
        assert (codes(again), again.cart, again.token) == (["NOT_FOUND"], None, None)

    estate.runner.run(history())


def test_a_look_that_began_before_the_claim_shows_nothing_of_what_came_after(estate: Estate) -> None:
    async def history() -> None:
        guest, ada = Person(estate), Person(estate, "ada")
        await guest.create()
        late = await asleep(estate, 1, guest.read())
        assert codes(await ada.claim(guest)) == []
        ada.id = guest.id
        assert codes(await ada.add(7)) == []
        assert await late() is None

    estate.runner.run(history())


@pytest.mark.parametrize("mode", MODES)
def test_a_change_that_comes_too_late_shows_nothing_of_the_cart(estate: Estate, mode: MergeMode) -> None:
    """It was told as a conflict, with the cart as it is: its owner's."""

    async def history() -> None:
        guest, ada = Person(estate), Person(estate, "ada")
        await guest.create()
        await ada.create()
        late = await asleep(estate, 1, guest.add(7, version=1))
        assert codes(await ada.claim(guest, mode)) == []
        refused = await late()
        assert (codes(refused), refused.cart) == (["NOT_FOUND"], None)

    estate.runner.run(history())


def test_a_guest_who_expects_the_version_of_the_claim_changes_nothing(estate: Estate) -> None:
    """The token was good when the request came; the change began on what the cart had become."""

    async def history() -> None:
        guest, ada = Person(estate), Person(estate, "ada")
        await guest.create()
        late = await asleep(estate, 1, guest.add(7, version=2))
        assert codes(await ada.claim(guest)) == []
        ada.id = guest.id
        assert codes(await late()) == ["NOT_FOUND"]
        assert quantities(await ada.read()) == []

    estate.runner.run(history())


# ---------------------------------------------------------------- which cart is whose


@pytest.mark.parametrize("passed_over", ["unborn", "expired"])
def test_a_cart_that_cannot_be_changed_does_not_hide_the_one_that_can(estate: Estate, passed_over: str) -> None:
    """One that is just being made, or whose time is over and that no sweep has seen: neither is the one in use."""

    async def history() -> None:
        guest, ada, tab = Person(estate), Person(estate, "ada"), Person(estate, "ada")
        await ada.create()
        assert codes(await ada.add(3)) == []
        estate.clock.advance(1)
        if passed_over == "unborn":
            await dies(5, tab.create())
        else:
            await tab.create()
            estate.clock.advance(8 * DAY)
            await ada.read()  # which lives on
            estate.clock.advance(8 * DAY)
        await guest.create()
        await guest.add(4)
        claimed = await ada.claim(guest)
        assert (codes(claimed), quantities(claimed.cart)) == ([], [7])
        in_use = await ada.carts.cart(ada.ctx, None)
        assert in_use is not None
        assert in_use.id == ada.id

    estate.runner.run(history())


def test_a_cart_that_is_just_being_merged_is_not_said_to_be_none(estate: Estate) -> None:
    """Whoever claims it may ask again: it is not merged yet, and may be free in a moment."""

    async def history() -> None:
        guest, ada, bob = Person(estate), Person(estate, "ada"), Person(estate, "bob", process=1)
        for each in (guest, ada):
            await each.create()
        late = await asleep(estate, 5, ada.claim(guest))
        refused = await bob.claim(guest)
        assert [(each.code.value, each.retryable) for each in refused.errors] == [("IN_PROGRESS", True)]
        assert codes(await late()) == []
        assert codes(await bob.claim(guest)) == ["NOT_FOUND"]

    estate.runner.run(history())


def test_a_merge_that_others_settled_is_told_although_another_cart_is_in_use(estate: Estate) -> None:
    async def history() -> None:
        guest, ada, tab = Person(estate), Person(estate, "ada"), Person(estate, "ada")
        await guest.create()
        await guest.add(4)
        await ada.create()
        await dies(7, ada.claim(guest, key="k-claim"))
        estate.clock.advance(HOLD + 1)
        assert quantities(await ada.read()) == [4]
        estate.clock.advance(1)
        await tab.create()
        told = await ada.claim(guest, key="k-claim")
        assert codes(told) == []
        assert told.cart is not None
        assert told.cart.id == ada.id

    estate.runner.run(history())


# ---------------------------------------------------------------- what is over


def test_nothing_is_merged_into_a_cart_that_is_over_by_then(estate: Estate) -> None:
    """The gateway dies, and the shopper's cart ends before anybody settles the merge: the guest goes on."""

    async def history() -> None:
        guest, ada = Person(estate), Person(estate, "ada")
        await ada.create()
        estate.clock.advance(14 * DAY - 10)
        await guest.create()
        await guest.add(4)
        await dies(7, ada.claim(guest))
        estate.clock.advance(HOLD + 1)
        await estate.sweepers[1].sweep()
        assert quantities(await guest.read()) == [4]
        assert codes(await guest.add(5, "po-mobile-m")) == []

    estate.runner.run(history())


@pytest.mark.parametrize("step", [1, 2])
def test_a_look_that_sleeps_past_a_cart_s_end_does_not_bring_it_back(estate: Estate, step: int) -> None:
    """It wrote down that the cart lives on, by when the cart had been shown as over."""

    async def history() -> None:
        guest = Person(estate)
        await guest.create()
        estate.clock.advance(14 * DAY - 10)
        late = await asleep(estate, step, guest.read())
        estate.clock.advance(20 if step == 1 else 15 * DAY)
        assert (await guest.read_surely()).is_over
        await late()
        assert (await guest.read_surely()).is_over

    estate.runner.run(history())


def test_a_change_that_sleeps_past_a_cart_s_end_does_not_bring_it_back(estate: Estate) -> None:
    async def history() -> None:
        guest = Person(estate)
        await guest.create()
        estate.clock.advance(14 * DAY - 10)
        late = await asleep(estate, 5, guest.add(4, version=1))
        estate.clock.advance(20)
        assert (await guest.read_surely()).is_over
        assert codes(await late()) != []
        assert (await guest.read_surely()).is_over
        estate.clock.advance(HOLD + 1)
        for _ in range(2):
            await estate.sweepers[1].sweep()
        assert estate.system.carts == {}

    estate.runner.run(history())


def test_a_cart_that_was_dropped_is_not_forgotten_before_it_is_removed_upstream(estate: Estate) -> None:
    """The cart system does not answer for longer than ended carts are kept."""

    async def history() -> None:
        guest, ada = Person(estate), Person(estate, "ada")
        for each in (guest, ada):
            await each.create()
        assert codes(await ada.claim(guest, MergeMode.KEEP_EXISTING)) == []
        estate.clock.advance(8 * DAY)
        estate.system.dumb = 1
        await estate.sweepers[0].sweep()
        estate.system.heal()
        await estate.sweepers[0].sweep()
        assert len(estate.system.carts) == 1

    estate.runner.run(history())


# ---------------------------------------------------------------- who held it before


@pytest.mark.parametrize("mode", [MergeMode.MERGE, MergeMode.USE_GUEST, MergeMode.KEEP_EXISTING])
@pytest.mark.parametrize("upstream", ["edited", "late"])
def test_who_slept_past_a_hold_writes_nothing_over_a_claim(estate: Estate, mode: MergeMode, upstream: str) -> None:
    """A look found something else upstream, took hold of the guest's cart, and sleeps until it was claimed."""

    async def history() -> None:
        guest, ada = Person(estate), Person(estate, "ada")
        for each in (guest, ada):
            await each.create()
        await guest.add(4)
        if upstream == "late":
            estate.system.fates.extend(["late", "lost"])
            await guest.add(5, "po-mobile-m")
            estate.system.apply_late()
        else:
            estate.system.edit(next(iter(estate.system.carts)), 6, "po-mobile-l")
        late = await asleep(estate, 2 if upstream == "edited" else 8, guest.read())
        estate.clock.advance(HOLD + 1)
        claimed = await ada.claim(guest, mode)
        assert codes(claimed) == []
        assert claimed.cart is not None
        ada.id = claimed.cart.id
        await late()
        found = await ada.read_surely()
        assert found.version >= claimed.cart.version
        assert (await guest.read()) is None

    estate.runner.run(history())


# ---------------------------------------------------------------- what the cart system keeps of a merge


def test_a_line_that_an_earlier_merge_brought_is_not_brought_twice(estate: Estate) -> None:
    """The cart system kept a part of the first: one id would have stood for two lines."""

    async def history() -> None:
        guest, ada = Person(estate), Person(estate, "ada")
        for each in (guest, ada):
            await each.create()
        await guest.add(900)
        await guest.add(5, "po-mobile-m")
        estate.system.fates.append("kept in part")
        assert codes(await ada.claim(guest)) == ["UPSTREAM_UNAVAILABLE"]
        assert quantities(await ada.read()) == [900]
        claimed = await ada.claim(guest)
        assert codes(claimed) == []
        assert quantities(claimed.cart) == [900, 5]
        assert claimed.cart is not None
        first = claimed.cart.lines[0].id
        assert codes(await ada.change(claimed.cart.version, UpdateLine((), first, quantity=1))) == []
        assert quantities(await ada.read()) == [1, 5]

    estate.runner.run(history())
