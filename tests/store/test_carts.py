"""A cart's row: held by one at a time, written under that hold alone, and swept when its time is over."""

import asyncio
import dataclasses
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from store import carts
from store.carts import CartRow, Change
from store.database import Database

NOW = 1_000.0


def row(cart_id: str = "c1", **more: Any) -> CartRow:
    values = {
        "id": cart_id, "upstream_id": f"up-{cart_id}", "token_hash": f"hash-{cart_id}", "token_key": "k", "owner": None,
        "segment": "B2C", "currency": "EUR", "state": "ACTIVE", "version": 1, "lines": "[]", "etag": None,
        "contact": None, "created_at": NOW, "updated_at": NOW, "active_at": NOW, "expires_at": NOW + 100,
        "intent": None, "holder": None, "held_until": None, "unsettled": "[]",
    }  # fmt: skip
    return CartRow(**{**values, **more})


def change(version: int = 2, key: str | None = "key", at: float = NOW) -> Change:
    return Change(version, at, "guest", key, "AddLine")


async def keep(database: Database, *rows: CartRow) -> None:
    async with database.writing() as connection:
        for each in rows:
            await carts.add(connection, each)


async def claim(
    database: Database, holder: str = "a", shown: CartRow | None = None, now: float = NOW, **seen: Any
) -> bool:
    shown = dataclasses.replace(shown or row(), **seen)
    async with database.writing() as connection:
        return await carts.claim(connection, shown, holder=holder, until=now + 30, now=now, intent="{}")


async def finish(database: Database, holder: str = "a", to: Change | None = None, **values: Any) -> bool:
    async with database.writing() as connection:
        return await carts.finish(connection, "c1", holder, to, **values)


async def now_kept(database: Database, cart_id: str = "c1") -> CartRow:
    async with database.reading() as connection:
        found = await carts.by_id(connection, cart_id)
    assert found is not None
    return found


async def test_a_row_comes_back_as_it_was_kept(database: Database) -> None:
    kept = row(
        lines='[{"id":"ä"}]', etag='W/"1"', contact='{"email":"😀"}', intent="{}", holder="h", held_until=NOW + 0.123,
    )  # fmt: skip
    await keep(database, kept)
    async with database.reading() as connection:
        assert await carts.by_id(connection, "c1") == kept
        assert await carts.by_token(connection, "hash-c1") == kept
        assert await carts.by_id(connection, "c2") is None
        assert await carts.by_token(connection, "hash-c2") is None


@pytest.mark.parametrize("same", [{"id": "c1"}, {"upstream_id": "up-c1"}, {"token_hash": "hash-c1"}])
async def test_ids_and_tokens_are_there_once(database: Database, same: dict[str, str]) -> None:
    await keep(database, row())
    with pytest.raises(IntegrityError):
        await keep(database, dataclasses.replace(row("c2"), **same))


async def test_an_owner_finds_the_cart_changed_last_of_those_that_can_be_changed(database: Database) -> None:
    await keep(
        database,
        row("old", owner="ada", updated_at=NOW),
        row("new", owner="ada", updated_at=NOW + 2),
        row("over", owner="ada", updated_at=NOW + 3, state="EXPIRED"),
        row("expired", owner="ada", updated_at=NOW + 3, expires_at=NOW),
        row("begun", owner="ada", updated_at=NOW + 3, upstream_id=None),
        row("bob", owner="bob", updated_at=NOW + 4),
    )
    async with database.reading() as connection:
        found = await carts.active_of(connection, "ada", NOW)
        assert found is not None
        assert found.id == "new"
        assert await carts.active_of(connection, "eve", NOW) is None


# ---------------------------------------------------------------- holding


async def test_one_of_many_holds_a_cart(database: Database, database_url: str) -> None:
    await keep(database, row())
    other = await Database.open(database_url, migrate=False)
    taken = await asyncio.gather(*(claim(each, f"h{n}") for n, each in enumerate((database, other) * 8)))
    await other.aclose()
    assert sum(taken) == 1


async def test_a_cart_at_another_version_is_not_held(database: Database) -> None:
    await keep(database, row())
    assert not await claim(database, version=2)
    assert not await claim(database, version=0)
    assert (await now_kept(database)).holder is None


@pytest.mark.parametrize("state", ["LOCKED", "MERGED", "EXPIRED", "ORDERED"])
async def test_a_cart_that_cannot_be_changed_is_not_held(database: Database, state: str) -> None:
    """Whatever whoever saw it before took it for; these make no version."""
    await keep(database, row(state=state))
    assert not await claim(database)
    assert (await now_kept(database)).holder is None


async def test_a_cart_whose_time_is_over_is_not_held(database: Database) -> None:
    await keep(database, row())
    assert not await claim(database, now=NOW + 100)
    assert await claim(database, now=NOW + 99.9)


@pytest.mark.parametrize("state", ["ACTIVE", "LOCKED", "MERGED", "EXPIRED", "ORDERED"])
async def test_a_cart_is_alive_until_it_is_over(database: Database, state: str) -> None:
    await keep(database, row(state=state))
    async with database.writing() as connection:
        assert (await carts.alive(connection, "c1", NOW + 99.9) is not None) is (state == "ACTIVE")
        assert await carts.alive(connection, "c1", NOW + 100) is None


async def test_who_does_not_know_what_was_given_up_meanwhile_does_not_hold_a_cart(database: Database) -> None:
    """It would write down that nothing was."""
    await keep(database, row(unsettled="[1]"))
    assert not await claim(database)
    assert not await claim(database, unsettled="[2]")
    assert await claim(database, unsettled="[1]")


async def test_a_change_that_was_begun_is_not_begun_over(database: Database) -> None:
    """Even when its hold is over: it has to be settled first."""
    await keep(database, row())
    assert await claim(database)
    assert not await claim(database, "b", now=NOW + 31)


async def test_a_hold_that_is_over_is_taken_over_as_it_was_seen(database: Database) -> None:
    await keep(database, row())
    await claim(database)
    seen = await now_kept(database)

    async def take(shown: CartRow, now: float) -> bool:
        async with database.writing() as connection:
            return await carts.take_over(connection, shown, holder="b", until=now + 30, now=now)

    assert not await take(seen, NOW + 30)
    assert not await take(dataclasses.replace(seen, intent=None), NOW + 31)
    assert not await take(dataclasses.replace(seen, version=2), NOW + 31)
    assert not await take(dataclasses.replace(seen, unsettled="[1]"), NOW + 31)
    assert not await take(dataclasses.replace(seen, state="MERGED"), NOW + 31)
    assert not await take(dataclasses.replace(seen, expires_at=NOW + 99), NOW + 31)
    assert await take(seen, NOW + 31)
    assert not await take(seen, NOW + 31)


async def test_who_was_taken_over_writes_nothing(database: Database) -> None:
    await keep(database, row())
    await claim(database)
    seen = await now_kept(database)
    async with database.writing() as connection:
        assert await carts.take_over(connection, seen, holder="b", until=NOW + 90, now=NOW + 31)
    assert not await finish(database, "a", change(), version=2, lines="[1]")
    async with database.writing() as connection:
        assert not await carts.remember(connection, "c1", "a", "[1]")
        await carts.let_go(connection, "c1", "a")
        assert await carts.history(connection, "c1") == []
    kept = await now_kept(database)
    assert (kept.version, kept.holder, kept.lines, kept.unsettled) == (1, "b", "[]", "[]")
    assert await finish(database, "b", change(), version=2)


async def test_an_end_lets_go_and_leaves_its_entry_in_the_history(database: Database) -> None:
    await keep(database, row())
    await claim(database)
    assert await finish(database, "a", change(), version=2, lines='["x"]')
    kept = await now_kept(database)
    assert (kept.version, kept.lines, kept.intent, kept.holder, kept.held_until) == (2, '["x"]', None, None, None)
    async with database.reading() as connection:
        assert await carts.history(connection, "c1") == [change()]
        assert await carts.change_of(connection, "c1", "key", change().what) == change()
        assert await carts.change_of(connection, "c1", "key", "ClaimCart") is None
        assert await carts.change_of(connection, "c1", "other", change().what) is None
        assert await carts.change_of(connection, "c2", "key", change().what) is None


async def test_a_version_is_made_once(database: Database) -> None:
    """Whatever else goes wrong, the history cannot tell of two."""
    await keep(database, row())
    await claim(database)
    await finish(database, "a", change(), version=2)
    await claim(database, "b", version=2)
    with pytest.raises(IntegrityError):
        await finish(database, "b", change(2), version=2)
    assert (await now_kept(database)).holder == "b"


async def test_letting_go_leaves_the_intent(database: Database) -> None:
    await keep(database, row())
    await claim(database)
    async with database.writing() as connection:
        await carts.let_go(connection, "c1", "a")
    kept = await now_kept(database)
    assert (kept.holder, kept.held_until, kept.intent) == (None, None, "{}")


# ---------------------------------------------------------------- coming about, living on, ending


async def test_a_cart_comes_about_once(database: Database) -> None:
    await keep(database, row(upstream_id=None))

    async def born(upstream_id: str) -> bool:
        async with database.writing() as connection:
            return await carts.born(connection, "c1", change(1), upstream_id=upstream_id, etag='"1"')

    assert await born("up")
    assert not await born("other")
    assert ((await now_kept(database)).upstream_id, (await now_kept(database)).etag) == ("up", '"1"')


async def test_a_cart_that_was_swept_does_not_come_about(database: Database) -> None:
    async with database.writing() as connection:
        assert not await carts.born(connection, "c1", change(1), upstream_id="up", etag=None)
        assert await carts.history(connection, "c1") == []


async def test_a_look_makes_a_cart_live_on_and_never_shorter(database: Database) -> None:
    await keep(database, row(), row("over", state="EXPIRED"))
    async with database.writing() as connection:
        for cart_id in ("c1", "over"):
            await carts.touch(connection, cart_id, at=NOW + 50, expires_at=NOW + 150)
            await carts.touch(connection, cart_id, at=NOW + 20, expires_at=NOW + 120)
    kept, over = await now_kept(database), await now_kept(database, "over")
    assert (kept.active_at, kept.expires_at, kept.version) == (NOW + 50, NOW + 150, 1)
    assert (over.active_at, over.expires_at) == (NOW, NOW + 100)


async def test_what_is_due_is_found_and_nothing_else(database: Database) -> None:
    await keep(
        database,
        row("alive"),
        row("late", expires_at=NOW - 1),
        row("later", expires_at=NOW - 2),
        row("busy", expires_at=NOW - 3, holder="h", held_until=NOW + 1),
        row("ended", expires_at=NOW - 3, state="ORDERED"),
        row("dead", intent="{}", holder="h", held_until=NOW - 1),
        row("loose", intent="{}"),
        row("working", intent="{}", holder="h", held_until=NOW + 1),
        row("begun", upstream_id=None, created_at=NOW - 200),
        row("just-begun", upstream_id=None, created_at=NOW - 10),
    )
    async with database.reading() as connection:
        assert [each.id for each in await carts.expired(connection, NOW, limit=9)] == ["later", "late"]
        assert [each.id for each in await carts.expired(connection, NOW, limit=1)] == ["later"]
        assert {each.id for each in await carts.left_over(connection, NOW, limit=9)} == {"dead", "loose"}
        assert [each.id for each in await carts.unborn(connection, NOW - 120, limit=9)] == ["begun"]


async def test_what_has_ended_is_forgotten_with_its_history(database: Database) -> None:
    """But for what became part of another: it ends once it is removed upstream."""
    await keep(
        database,
        row("active", updated_at=NOW - 100),
        row("locked", updated_at=NOW - 100, state="LOCKED"),
        row("fresh", updated_at=NOW, state="EXPIRED"),
        *(row(state, updated_at=NOW - 100, state=state) for state in ("EXPIRED", "MERGED", "ORDERED")),
    )
    await keep(database, row(updated_at=NOW - 100))
    await claim(database)
    await finish(database, "a", change(), version=2, state="EXPIRED")
    async with database.writing() as connection:
        assert await carts.forget(connection, NOW - 50) == 3
        assert await carts.history(connection, "c1") == []
        left = [
            await carts.by_id(connection, each) for each in ("active", "locked", "fresh", "MERGED", "EXPIRED", "c1")
        ]
        assert [each and each.state for each in left] == ["ACTIVE", "LOCKED", "EXPIRED", "MERGED", None, None]
