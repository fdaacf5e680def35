"""Holds in a real Redis-protocol server: by token, counted, ending by themselves, and refused while it is rebuilt."""

from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from domain.reservations.holds import Hold, Holds, HoldsUnavailableError, Taken
from domain.reservations.model import ResourceKind

NUMBER = "4915771234567"
MINE, THEIRS = Hold("NUMBER", NUMBER, "ada", "t-ada"), Hold("NUMBER", NUMBER, "bob", "t-bob")


def hold(number: int, shopper: str = "ada") -> Hold:
    return Hold("NUMBER", f"49157700000{number:02}", shopper, f"t-{shopper}-{number}")


@pytest.fixture
async def holds(redis: Redis) -> Holds:
    """Two at a time for a shopper, four for an address."""
    made = Holds(redis, 2, 4)
    await made.begin_epoch((), "1")
    return made


async def take(holds: Holds, hold: Hold, *, seconds: float = 60.0, address: str = "192.0.2.1") -> Taken:
    return await holds.take(hold, seconds=seconds, address=address)


async def test_a_free_number_is_held(holds: Holds) -> None:
    assert await take(holds, MINE) is Taken.HELD
    assert await holds.held(ResourceKind.NUMBER, [NUMBER, "4915770000000"]) == {NUMBER}


async def test_a_held_number_is_taken_for_everybody_else(holds: Holds) -> None:
    await take(holds, MINE)
    assert await take(holds, THEIRS) is Taken.TAKEN


async def test_a_command_that_is_sent_again_is_held(holds: Holds) -> None:
    await take(holds, MINE)
    assert await take(holds, MINE) is Taken.HELD


async def test_a_command_that_is_sent_again_counts_once(holds: Holds) -> None:
    await take(holds, hold(1))
    await take(holds, hold(1))
    assert await take(holds, hold(2)) is Taken.HELD


async def test_a_command_that_is_sent_again_is_held_at_the_cap_too(holds: Holds) -> None:
    await take(holds, hold(1))
    await take(holds, hold(2))
    assert await take(holds, hold(2)) is Taken.HELD


async def test_a_shopper_holds_no_more_than_the_cap(holds: Holds) -> None:
    await take(holds, hold(1))
    await take(holds, hold(2))
    assert await take(holds, hold(3)) is Taken.SHOPPER
    assert await holds.held(ResourceKind.NUMBER, [hold(3).resource]) == frozenset()


async def test_cards_are_counted_apart_from_numbers(holds: Holds) -> None:
    await take(holds, hold(1))
    await take(holds, hold(2))
    assert await take(holds, Hold("SIM", "8949770000000000000", "ada", "t-sim")) is Taken.HELD


async def test_an_address_holds_no_more_than_its_cap(holds: Holds) -> None:
    for number in range(4):
        await take(holds, hold(number, f"s{number}"))
    assert await take(holds, hold(9, "s9")) is Taken.ADDRESS
    assert await take(holds, hold(9, "s9"), address="192.0.2.2") is Taken.HELD


async def test_who_lets_go_may_hold_another(holds: Holds) -> None:
    await take(holds, hold(1))
    await take(holds, hold(2))
    await holds.drop(hold(1))
    assert await take(holds, hold(3)) is Taken.HELD


async def test_what_is_let_go_no_longer_counts_for_the_address(holds: Holds) -> None:
    for number in range(4):
        await take(holds, hold(number, f"s{number}"))
    await holds.drop(hold(0, "s0"))
    assert await take(holds, hold(9, "s9")) is Taken.HELD


async def test_what_is_let_go_is_free(holds: Holds) -> None:
    await take(holds, MINE)
    await holds.drop(MINE)
    assert await take(holds, THEIRS) is Taken.HELD


async def test_nobody_lets_go_of_anothers_hold(holds: Holds) -> None:
    await take(holds, MINE)
    await holds.drop(THEIRS)
    assert await take(holds, THEIRS) is Taken.TAKEN


async def test_a_hold_ends_by_itself(holds: Holds, redis: Redis) -> None:
    await take(holds, MINE, seconds=60)
    assert 59_000 < await redis.pttl(MINE.key) <= 60_000


async def test_counts_end_with_the_last_hold(holds: Holds, redis: Redis) -> None:
    await take(holds, MINE, seconds=60)
    await take(holds, hold(2), seconds=30)
    assert 59_000 < await redis.pttl(MINE.shopper_key) <= 60_000


async def test_keeping_moves_the_end(holds: Holds, redis: Redis) -> None:
    await take(holds, MINE, seconds=60)
    assert await holds.keep(MINE, seconds=600)
    assert 599_000 < await redis.pttl(MINE.key) <= 600_000


async def test_what_is_kept_longer_counts_longer(holds: Holds, redis: Redis) -> None:
    await take(holds, MINE, seconds=60)
    before = await redis.zscore(MINE.shopper_key, MINE.token)
    await holds.keep(MINE, seconds=600)
    after = await redis.zscore(MINE.shopper_key, MINE.token)
    assert before is not None
    assert after is not None
    assert after - before > 500_000
    assert await redis.pttl(MINE.shopper_key) > 590_000


async def test_nobody_keeps_anothers_hold(holds: Holds, redis: Redis) -> None:
    await take(holds, MINE)
    assert not await holds.keep(THEIRS, seconds=600)
    assert await redis.get(MINE.key) == b"t-ada"


async def test_keeping_puts_a_lost_hold_back(holds: Holds, redis: Redis) -> None:
    await take(holds, MINE)
    await redis.delete(MINE.key)
    assert await holds.keep(MINE, seconds=60)
    assert await take(holds, THEIRS) is Taken.TAKEN


async def test_a_redis_that_forgot_everything_takes_no_holds(holds: Holds, redis: Redis) -> None:
    await redis.flushall()
    assert await holds.epoch() is None
    assert await take(holds, MINE) is Taken.REBUILDING
    assert await redis.keys("*") == []


async def test_rebuilding_puts_holds_back_before_new_ones_are_taken(holds: Holds, redis: Redis) -> None:
    await redis.flushall()
    await holds.begin_epoch([(MINE, 60.0)], "2")
    assert await take(holds, THEIRS) is Taken.TAKEN
    assert await take(holds, hold(1)) is Taken.HELD


async def test_what_was_put_back_counts_for_its_shopper(holds: Holds, redis: Redis) -> None:
    await redis.flushall()
    await holds.begin_epoch([(hold(1), 60.0), (hold(2), 60.0)], "2")
    assert await take(holds, hold(3)) is Taken.SHOPPER


async def test_a_thousand_holds_are_put_back_and_none_of_anothers(holds: Holds) -> None:
    await take(holds, THEIRS)
    many = [Hold("NUMBER", f"49157{number:08}", "ada", f"t{number}") for number in range(1_001)]
    await holds.keep_all([(each, 60.0) for each in [MINE, *many]])
    assert len(await holds.held(ResourceKind.NUMBER, [each.resource for each in many])) == len(many)
    assert await take(holds, THEIRS) is Taken.HELD


async def test_neither_shoppers_nor_addresses_are_written_down(holds: Holds, redis: Redis) -> None:
    await take(holds, Hold("NUMBER", "4915770000001", "ada", "t"))
    known = b" ".join([*await redis.keys("*"), await redis.get("bff:{holds}:from:t")])
    assert b"ada" not in known
    assert b"192.0.2.1" not in known


@pytest.mark.parametrize("what", ["take", "keep", "drop", "held", "epoch", "begin_epoch", "keep_all"])
async def test_a_redis_that_is_gone_says_so(what: str, tmp_path: Path) -> None:
    async with Redis(unix_socket_path=str(tmp_path / "nobody"), retry=Retry(NoBackoff(), 0)) as gone:
        holds = Holds(gone, 2, 4)
        asked = {
            "take": lambda: take(holds, MINE),
            "keep": lambda: holds.keep(MINE, seconds=1),
            "drop": lambda: holds.drop(MINE),
            "held": lambda: holds.held(ResourceKind.NUMBER, [NUMBER]),
            "epoch": holds.epoch,
            "begin_epoch": lambda: holds.begin_epoch((), "1"),
            "keep_all": lambda: holds.keep_all([(MINE, 1.0)]),
        }
        with pytest.raises(HoldsUnavailableError):
            await asked[what]()
