"""Requests and looks that sleep or die in between, while others go on: nothing that was told is undone."""

from contextlib import suppress
from typing import Any

import pytest

from clients.calls import RefusedError
from clients.porting import PortingProvider
from domain.porting.desk import Desk
from domain.porting.following import Follower
from domain.porting.porting import PortIns
from domain.porting.tags import Tags
from kernel.clock import FixedClock
from kernel.errors import UpstreamUnavailableError
from store.idempotency import Idempotency
from tests.carts.conftest import new_key
from tests.carts.fate import Killed, Life, boundary, live, mortal
from tests.porting.conftest import MakeShop, Round
from tests.porting.shopper import DIGITS, PortingShopper
from tests.porting.systems import Systems

DAY = 86_400.0
UNKNOWN = [("UPSTREAM_UNAVAILABLE", True)]


def told(payload: Any) -> list[tuple[str, bool]]:
    return [(each["code"], each["retryable"]) for each in payload["errors"]]


def pausing(monkeypatch: pytest.MonkeyPatch, where: type, name: str, *, after: bool = False) -> None:
    """Makes a method a point at which whoever calls it may fall asleep."""
    does = getattr(where, name)

    async def paused(*given: Any) -> Any:
        if not after:
            await boundary()
        found = await does(*given)
        if after:
            await boundary()
        return found

    monkeypatch.setattr(where, name, paused)


async def removed(shopper: PortingShopper) -> None:
    """The first line is taken out, while a request of another tab is under way."""
    other = shopper.at(shopper)
    assert (await other.update({"removeLine": shopper.lines[0]["id"]}))["errors"] == []


# ---------------------------------------------------------------- asking


async def test_a_line_that_is_gone_meanwhile_gets_no_number(
    shop: MakeShop, systems: Systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it was looked at, and before the number is the shopper's to bring along."""
    async with shop() as shopper:
        await shopper.begin()
        mortal(monkeypatch)
        life = Life(sleeps_at=3)
        late = await live(life, shopper.port())
        assert life.asleep.is_set()
        await removed(shopper)
        life.awake.set()
        assert told(await late) == [("NOT_FOUND", False)]
        assert (systems.control.port_ins(), systems.numbers(DIGITS)) == ([], [])


async def test_who_sleeps_while_the_same_key_is_carried_out_asks_for_no_second(
    shop: MakeShop, systems: Systems, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first became is over by then, so that the database would take another."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        mortal(monkeypatch)
        key, life = new_key(), Life(sleeps_at=3)
        late = await live(life, shopper.port(key=key, authorisationCode="0000"))
        clock.advance(31)
        assert (await shopper.port(key=key, authorisationCode="0000"))["portIn"]["status"] == "REJECTED"
        life.awake.set()
        assert told(await late) == UNKNOWN
        assert len(systems.control.port_ins()) == 1


async def test_what_was_given_up_is_not_acknowledged_and_then_cancelled(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks slept until others gave it up. It is cancelled soon, and the same key asks anew then."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        pausing(monkeypatch, PortingProvider, "ask")
        key, life = new_key(), Life(sleeps_at=1)
        late = await live(life, shopper.port(key=key))
        for _ in range(2):
            clock.advance(61)
            await poll()
        life.awake.set()
        assert told(await late) == UNKNOWN
        assert told(await shopper.port(key=key)) == UNKNOWN
        await poll()
        assert systems.port_in()["state"] == "cancelled"
        assert (await shopper.port(key=key))["portIn"]["status"] == "REQUESTED"


async def test_a_line_that_is_taken_out_while_it_is_asked_for_is_not_overlooked(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        pausing(monkeypatch, PortingProvider, "ask")
        life = Life(sleeps_at=1)
        late = await live(life, shopper.port())
        await removed(shopper)
        life.awake.set()
        await late
        await poll()
        assert systems.port_in()["state"] == "cancelled"


async def test_a_line_that_was_taken_out_is_not_asked_for_by_the_same_key(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway died before it asked the provider."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        key = new_key()
        with monkeypatch.context() as dying:
            mortal(dying)
            pausing(dying, PortingProvider, "ask")
            with suppress(Killed):
                await (await live(Life(dies_at=7), shopper.port(key=key)))
        clock.advance(31)
        asked, line = PortingShopper(shopper.client, shopper.cart, shopper.token), shopper.lines[0]["id"]
        await removed(shopper)
        assert told(await asked.port(key=key, lineId=line)) == UNKNOWN
        clock.advance(61)
        await poll()
        assert told(await asked.port(key=key, lineId=line)) == [("NOT_FOUND", False)]
        assert systems.control.port_ins() == []


async def test_a_number_that_is_made_after_its_line_is_gone_is_taken_out(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was about to be made in TMF639 when its row was ended."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        pausing(monkeypatch, Tags, "_make")
        life = Life(sleeps_at=1)
        late = await live(life, shopper.port())
        assert life.asleep.is_set()
        await removed(shopper)
        await poll()
        life.awake.set()
        assert told(await late) == UNKNOWN
        clock.advance(700)
        await poll()
        assert (systems.control.port_ins(), systems.numbers(DIGITS)) == ([], [])


async def test_what_a_dead_gateway_sent_is_looked_for_after_the_same_key_was_refused(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider carries it out after all, when the second try could not even be sent."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        key, ask = new_key(), PortingProvider.ask

        async def asks_and_dies(self: PortingProvider, *given: Any) -> None:
            with suppress(Exception):
                await ask(self, *given)
            raise Killed

        async def nothing(*_: Any) -> None: ...

        async def away(*_: Any) -> None:
            raise UpstreamUnavailableError("porting", detail="not sent")

        systems.control.habit("applied-later", api="PORTING", resource="portIn", times=1)
        with monkeypatch.context() as dying:
            dying.setattr(PortingProvider, "ask", asks_and_dies)
            dying.setattr(Idempotency, "release", nothing)
            with pytest.raises(Killed):
                await shopper.port(key=key)
        clock.advance(31)
        with monkeypatch.context() as unreached:
            unreached.setattr(PortingProvider, "ask", away)
            assert told(await shopper.port(key=key)) == UNKNOWN
        systems.control.apply_ghosts()
        clock.advance(700)
        await poll()
        assert systems.port_in()["state"] == "cancelled"
        assert systems.numbers(DIGITS) == []


# ---------------------------------------------------------------- looking


async def test_a_correction_that_was_made_meanwhile_is_not_cancelled(
    shop: MakeShop, systems: Systems, clock: FixedClock, elsewhere: PortIns, follower: Follower
) -> None:
    """A round reads a hundred rows and looks at one after the other; this one was rejected for too long then."""
    async with shop(clock=clock, cart_days=400) as shopper:
        port_in = (await (await shopper.begin()).port(authorisationCode="0000"))["portIn"]["id"]
        clock.advance(31 * DAY)
        (due,) = await elsewhere.desk.rows.due(clock.now(), limit=100)
        assert (await shopper.correct(port_in, authorisationCode="1234"))["portIn"]["status"] == "REQUESTED"
        await follower.look(due)
        assert systems.port_in()["state"] == "requested"
        assert (await shopper.look(port_in))["status"] == "REQUESTED"


async def test_a_word_that_is_older_than_the_row_does_not_undo_a_correction(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked was told that it is rejected, and sleeps; it is seen by others, corrected, and asked for again."""
    async with shop(clock=clock) as shopper:
        await shopper.begin()
        pausing(monkeypatch, Desk, "hear_of")
        life = Life(sleeps_at=1)
        late = await live(life, shopper.port(authorisationCode="0000"))
        assert life.asleep.is_set()
        clock.advance(61)
        await poll()
        (rejected,) = await shopper.of_lines()
        corrected = await shopper.correct(rejected["id"], authorisationCode="1234")
        assert corrected["portIn"]["status"] == "REQUESTED"
        life.awake.set()
        assert (await late)["portIn"]["status"] == "REQUESTED"
        assert (await shopper.look(rejected["id"]))["status"] == "REQUESTED"
        assert (await (await shopper.another().begin()).refused())[0] == "NUMBER_UNAVAILABLE"


async def test_a_line_that_is_taken_out_during_a_look_is_not_overlooked(
    shop: MakeShop,
    systems: Systems,
    clock: FixedClock,
    poll: Round,
    elsewhere: PortIns,
    follower: Follower,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with shop(clock=clock) as shopper:
        await (await shopper.begin()).port()
        row = await elsewhere.desk.rows.live_of(DIGITS)
        assert row is not None
        pausing(monkeypatch, PortingProvider, "get", after=True)
        life = Life(sleeps_at=1)
        late = await live(life, follower.look(row))
        assert life.asleep.is_set()
        await removed(shopper)
        life.awake.set()
        await late
        await poll()
        assert systems.port_in()["state"] == "cancelled"


async def test_a_correction_that_comes_after_the_end_is_looked_for(
    shop: MakeShop, systems: Systems, clock: FixedClock, poll: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider cancels nothing that it has rejected, and the gateway dies once the correction is sent."""
    async with shop(clock=clock) as shopper:
        port_in = (await (await shopper.begin()).port(authorisationCode="0000"))["portIn"]["id"]
        correct = PortingProvider.correct

        async def corrects_and_dies(self: PortingProvider, *given: Any) -> None:
            await boundary()
            await correct(self, *given)
            raise Killed

        async def nothing(*_: Any) -> None: ...

        async def refused(*_: Any) -> None:
            raise RefusedError("porting", 409, detail="rejected")

        with monkeypatch.context() as dying:
            dying.setattr(PortingProvider, "correct", corrects_and_dies)
            dying.setattr(PortingProvider, "cancel", refused)
            dying.setattr(Idempotency, "release", nothing)
            life = Life(sleeps_at=1)
            late = await live(life, shopper.correct(port_in, authorisationCode="1234"))
            assert life.asleep.is_set()
            await removed(shopper)
            await poll()
            assert (await shopper.look(port_in))["status"] == "CANCELLED"
            life.awake.set()
            with pytest.raises(Killed):
                await late
        assert systems.port_in()["state"] == "requested"
        clock.advance(700)
        await poll()
        assert systems.port_in()["state"] == "cancelled"
        assert systems.numbers(DIGITS) == []
