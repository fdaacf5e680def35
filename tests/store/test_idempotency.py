"""Once per key: the first result for the same body, nothing for another, one at a time, whoever dies in between."""

import asyncio

import pytest
from sqlalchemy import insert, select, text

from kernel.clock import FixedClock
from kernel.keys import SigningKeys
from store.database import Connection, Database
from store.idempotency import Claim, Fresh, Idempotency, InProgress, Mismatch, Outcome, Replay
from store.tables import idempotency as table
from store.tables import leases

OLD, NEW = b"o" * 32, b"n" * 32
BODY = b'{"offering":"po-1"}'
DAY = 86_400.0
MINUTES = 600.0
"""More patience than any test needs: those that wait are woken by what they wait for."""


@pytest.fixture
def once(database: Database, clock: FixedClock) -> Idempotency:
    return Idempotency(database, clock, SigningKeys([NEW]), patience=0.0)


def claim_of(outcome: Outcome) -> Claim:
    assert isinstance(outcome, Fresh), outcome
    return outcome.claim


async def begin(once: Idempotency, body: bytes = BODY, key: str = "k", *, patience: float | None = None) -> Outcome:
    return await once.begin("guest", "createCart", key, body, patience=patience)


async def effect(connection: Connection, name: str = "effect") -> None:
    await connection.execute(insert(leases).values(name=name, holder="h", held_until=0.0))


async def effects(database: Database) -> int:
    async with database.reading() as connection:
        return len((await connection.execute(select(leases.c.name))).all())


# ---------------------------------------------------------------- the ordinary way


async def test_the_first_runs_and_the_second_gets_its_result(once: Idempotency) -> None:
    claim = claim_of(await begin(once))
    assert not claim.resumed
    assert await once.finish(claim, b'{"id":"\xc3\xa4"}')
    assert await begin(once) == Replay(b'{"id":"\xc3\xa4"}')


async def test_another_body_is_a_mismatch(once: Idempotency) -> None:
    claim = claim_of(await begin(once))
    assert await begin(once, b"other") == Mismatch()
    await once.finish(claim, b"1")
    assert await begin(once, b"other") == Mismatch()
    assert await begin(once) == Replay(b"1")


async def test_a_key_means_something_else_to_another_caller_or_mutation(once: Idempotency) -> None:
    await once.finish(claim_of(await begin(once)), b"1")
    claim_of(await once.begin("guest", "addLine", "k", BODY))
    claim_of(await once.begin("anna", "createCart", "k", BODY))
    claim_of(await begin(once, key="other"))


async def test_one_that_is_running_is_in_progress(once: Idempotency, clock: FixedClock) -> None:
    await begin(once)
    assert await begin(once) == InProgress(1.0)
    clock.advance(29.5)
    assert await begin(once) == InProgress(0.5)


async def test_the_body_is_kept_as_a_keyed_hash_only(once: Idempotency, database: Database) -> None:
    await begin(once)
    async with database.reading() as connection:
        row = (await connection.execute(select(table))).one()
    parts = (b"guest", b"createCart", b"k", BODY)
    assert row.body == SigningKeys([NEW]).mac("idempotency", *parts).hex()
    assert "po-1" not in repr(row)


async def test_when_nothing_happened_the_key_may_be_used_at_once(once: Idempotency) -> None:
    await once.abandon(claim_of(await begin(once)))
    assert not claim_of(await begin(once, b"other")).resumed


async def test_when_nobody_knows_what_happened_the_next_is_told(once: Idempotency) -> None:
    await once.release(claim_of(await begin(once)))
    assert await begin(once, b"other") == Mismatch()
    assert claim_of(await begin(once)).resumed
    assert await begin(once) == InProgress(1.0)


async def test_who_took_over_and_did_nothing_leaves_the_doubt(once: Idempotency) -> None:
    """What the first holder did is still not known when the second gives up."""
    await once.release(claim_of(await begin(once)))
    await once.abandon(claim_of(await begin(once)))
    assert claim_of(await begin(once)).resumed


async def test_a_result_stays_what_it_was(once: Idempotency) -> None:
    claim = claim_of(await begin(once))
    assert await once.finish(claim, b"1")
    assert not await once.finish(claim, b"2")
    await once.abandon(claim)
    assert await begin(once) == Replay(b"1")


# ---------------------------------------------------------------- waiting


async def test_a_repetition_waits_for_the_first_and_gets_its_result(
    once: Idempotency, database_url: str, clock: FixedClock
) -> None:
    """In another process, so to speak: nothing but the database tells it."""
    other = await Database.open(database_url, migrate=False)
    there = Idempotency(other, clock, SigningKeys([NEW]), patience=MINUTES)
    claim = claim_of(await begin(once))
    waiting = asyncio.create_task(begin(there))
    await once.finish(claim, b"1")
    assert await waiting == Replay(b"1")
    await other.aclose()


async def test_a_repetition_that_waits_runs_when_the_first_gives_up(once: Idempotency) -> None:
    claim = claim_of(await begin(once))
    waiting = asyncio.create_task(begin(once, patience=MINUTES))
    await once.abandon(claim)
    assert not claim_of(await waiting).resumed


async def test_a_wrong_body_does_not_wait(once: Idempotency) -> None:
    await begin(once)
    assert await begin(once, b"other", patience=MINUTES) == Mismatch()


async def test_patience_ends(once: Idempotency) -> None:
    await begin(once)
    assert await begin(once, patience=0.12) == InProgress(1.0)


async def test_within_a_transaction_nobody_waits(once: Idempotency, database: Database) -> None:
    await begin(once)
    async with database.writing() as connection:
        outcome = await once.begin("guest", "createCart", "k", BODY, connection=connection, patience=MINUTES)
    assert outcome == InProgress(1.0)


# ---------------------------------------------------------------- races and crashes


async def test_of_many_at_once_one_runs(once: Idempotency, database_url: str, clock: FixedClock) -> None:
    other = await Database.open(database_url, migrate=False)
    there = Idempotency(other, clock, SigningKeys([NEW]), patience=0.0)
    for key in map(str, range(10)):
        found = await asyncio.gather(*(begin(each, key=key) for each in (once, there) * 5))
        assert sum(isinstance(outcome, Fresh) for outcome in found) == 1
        assert found.count(InProgress(1.0)) == 9
    await other.aclose()


async def test_of_many_that_take_over_at_once_one_does(once: Idempotency, database_url: str, clock: FixedClock) -> None:
    other = await Database.open(database_url, migrate=False)
    there = Idempotency(other, clock, SigningKeys([NEW]), patience=0.0)
    await begin(once)
    clock.advance(30)
    found = await asyncio.gather(*(begin(each) for each in (once, there) * 5))
    assert [outcome.claim.resumed for outcome in found if isinstance(outcome, Fresh)] == [True]
    assert found.count(InProgress(1.0)) == 9
    await other.aclose()


async def test_a_dead_holders_claim_is_taken_over(once: Idempotency, clock: FixedClock) -> None:
    dead = claim_of(await begin(once))
    clock.advance(30)
    taken = claim_of(await begin(once))
    assert (taken.resumed, taken.holder != dead.holder) == (True, True)


async def test_who_was_taken_over_cannot_finish(once: Idempotency, clock: FixedClock) -> None:
    asleep = claim_of(await begin(once))
    clock.advance(30)
    taken = claim_of(await begin(once))
    assert not await once.finish(asleep, b"asleep")
    await once.abandon(asleep)
    await once.release(asleep)
    assert await begin(once) == InProgress(1.0)
    assert await once.finish(taken, b"taken")
    assert not await once.finish(asleep, b"asleep")
    assert await begin(once) == Replay(b"taken")


async def test_who_slept_past_the_lease_untaken_may_finish(once: Idempotency, clock: FixedClock) -> None:
    claim = claim_of(await begin(once))
    clock.advance(60)
    assert await once.finish(claim, b"1")
    assert await begin(once) == Replay(b"1")


async def test_effect_and_result_are_kept_together(once: Idempotency, database: Database) -> None:
    claim = claim_of(await begin(once))
    async with database.writing() as connection:
        await effect(connection)
        assert await once.finish(claim, b"1", connection=connection)
    assert (await begin(once), await effects(database)) == (Replay(b"1"), 1)


async def test_a_crash_between_effect_and_result_keeps_neither(
    once: Idempotency, database: Database, clock: FixedClock
) -> None:
    claim = claim_of(await begin(once))

    async def crash() -> None:
        async with database.writing() as connection:
            await effect(connection)
            assert await once.finish(claim, b"1", connection=connection)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await crash()
    assert (await begin(once), await effects(database)) == (InProgress(1.0), 0)
    clock.advance(30)
    assert claim_of(await begin(once)).resumed


async def test_claim_effect_and_result_can_be_one_transaction(once: Idempotency, database: Database) -> None:
    """Many do so at once, on PostgreSQL really so: one has the effect, the others its result."""

    async def run() -> Outcome:
        async with database.writing() as connection:
            outcome = await once.begin("guest", "createCart", "k", BODY, connection=connection)
            if isinstance(outcome, Fresh):
                await effect(connection)
                await once.finish(outcome.claim, b"1", connection=connection)
            return outcome

    found = await asyncio.gather(*(run() for _ in range(8)))
    assert found.count(Replay(b"1")) == 7
    assert await effects(database) == 1


async def test_a_claim_that_was_rolled_back_was_never_made(once: Idempotency, database: Database) -> None:
    async def crash() -> None:
        async with database.writing() as connection:
            await once.begin("guest", "createCart", "k", BODY, connection=connection)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await crash()
    assert not claim_of(await begin(once)).resumed


# ---------------------------------------------------------------- forgetting, and keys that rotate


async def test_a_key_counts_as_new_after_a_day(once: Idempotency, clock: FixedClock) -> None:
    await once.finish(claim_of(await begin(once)), b"1")
    clock.advance(DAY - 1)
    assert await begin(once) == Replay(b"1")
    clock.advance(1)
    assert not claim_of(await begin(once, b"other")).resumed


async def test_a_key_of_the_day_before_is_nobody_s_though_no_sweep_came_by(
    once: Idempotency, clock: FixedClock
) -> None:
    await once.finish(claim_of(await begin(once)), b"1")
    clock.advance(DAY - 1)
    assert await once.look("guest", "createCart", "k", BODY) == Replay(b"1")
    clock.advance(1)
    assert await once.look("guest", "createCart", "k", BODY) is None


async def test_a_key_that_was_used_anew_has_no_result_of_the_day_before(once: Idempotency, clock: FixedClock) -> None:
    await once.finish(claim_of(await begin(once)), b"1")
    clock.advance(DAY)
    second = claim_of(await begin(once))
    assert await begin(once) == InProgress(1.0)
    await once.finish(second, b"2")
    clock.advance(DAY - 1)
    assert await begin(once) == Replay(b"2")


async def test_nothing_of_the_day_before_is_kept_under_a_key_used_anew(
    once: Idempotency, database: Database, clock: FixedClock
) -> None:
    await once.finish(claim_of(await begin(once)), b"1")
    clock.advance(DAY)
    await begin(once)
    async with database.reading() as connection:
        row = (await connection.execute(select(table))).one()
    assert (row.result, row.finished_at, row.started_at) == (None, None, clock.now())


async def test_one_that_finished_at_the_end_of_the_day_is_forgotten_with_it(
    once: Idempotency, clock: FixedClock
) -> None:
    await once.release(claim_of(await begin(once)))
    clock.advance(DAY - 1)
    await once.finish(claim_of(await begin(once)), b"1")
    clock.advance(1)
    assert await once.sweep() == 1


async def test_one_that_runs_across_the_end_of_the_day_is_not_run_twice(once: Idempotency, clock: FixedClock) -> None:
    await once.release(claim_of(await begin(once)))
    clock.advance(DAY - 1)
    claim = claim_of(await begin(once))
    clock.advance(2)
    assert await once.sweep() == 0
    assert await begin(once) == InProgress(1.0)
    assert await once.finish(claim, b"1")


async def test_sweeping_forgets_what_is_old_and_tells_how_many(once: Idempotency, clock: FixedClock) -> None:
    await once.finish(claim_of(await begin(once, key="done")), b"1")
    await begin(once, key="dead")
    clock.advance(1)
    await once.finish(claim_of(await begin(once, key="younger")), b"2")
    clock.advance(DAY - 1)
    assert (await once.sweep(), await once.sweep()) == (2, 0)
    assert await begin(once, key="younger") == Replay(b"2")


async def test_a_body_is_recognised_after_the_signing_key_rotated(database: Database, clock: FixedClock) -> None:
    before = Idempotency(database, clock, SigningKeys([OLD]), patience=0.0)
    after = Idempotency(database, clock, SigningKeys([NEW, OLD]), patience=0.0)
    await before.finish(claim_of(await begin(before)), b"1")
    assert await begin(after) == Replay(b"1")
    assert await begin(after, b"other") == Mismatch()


async def test_with_the_signing_key_gone_no_body_is_recognised(database: Database, clock: FixedClock) -> None:
    """Safe, not friendly: an operator keeps an old key for a day."""
    before = Idempotency(database, clock, SigningKeys([OLD]), patience=0.0)
    after = Idempotency(database, clock, SigningKeys([NEW]), patience=0.0)
    await before.finish(claim_of(await begin(before)), b"1")
    assert await begin(after) == Mismatch()


async def test_sweeping_finds_the_old_ones_by_an_index(database: Database) -> None:
    async with database.reading() as connection:
        if connection.dialect.name == "sqlite":
            query = "EXPLAIN QUERY PLAN DELETE FROM idempotency WHERE started_at <= 1 AND (state = 'done')"
        else:
            query = "SELECT indexdef FROM pg_indexes WHERE tablename = 'idempotency'"
        plan = str((await connection.execute(text(query))).all())
    assert "started_at" in plan
