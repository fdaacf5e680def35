"""Subscriptions, marks and comparisons, each against the real thing: the sandbox's hub, a real Redis."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from redis.asyncio import Redis

from bff.dev import SANDBOX_TMF620
from bff.feeds import Feeds, _compare
from clients import tmf620
from clients.auth import StaticHeaders
from clients.http import HttpxSender
from clients.hub import Hub
from clients.tmf import TMFClient, UpstreamOptions
from dataloaders.outdated import OutdatedLog
from domain.catalog.comparison import Comparison
from domain.catalog.subscription import Subscription
from kernel.clock import FixedClock
from kernel.context import Audience
from kernel.errors import UpstreamInvalidError, UpstreamUnavailableError
from kernel.tasks import stop
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.dataloaders.loading import set_up
from tests.events.test_events import NEW_PRICE, PRICE, patch
from tests.processes import PATIENCE

CALLBACK = "http://127.0.0.1:9/events/tmf620/word"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def sender() -> AsyncIterator[HttpxSender]:
    made = HttpxSender("tmf620")
    yield made
    await made.aclose()


@pytest.fixture
def hub(sandbox_process: SandboxProcess, sandbox: SandboxControl, sender: HttpxSender) -> Hub:
    return Hub("tmf620", sandbox_process.base_url + SANDBOX_TMF620, sender, StaticHeaders())


def subscription(hub: Hub, redis: Redis | None, clock: FixedClock, callback: str = CALLBACK) -> Subscription:
    return Subscription(hub, callback, "", 3_600.0, redis, clock)


def ours(sandbox: SandboxControl, callback: str = CALLBACK) -> list[str]:
    return [str(each["id"]) for each in sandbox.hubs() if each["callback"] == callback]


async def test_one_subscription_for_all_processes(hub: Hub, redis: Redis, sandbox: SandboxControl) -> None:
    """However many processes look after it, however often: there is one."""
    clock = FixedClock()
    for process in [subscription(hub, redis, clock) for _ in range(3)]:
        await process.ensure()
        await process.ensure()
    assert len(ours(sandbox)) == 1


async def test_it_is_made_anew_and_the_old_one_ends(hub: Hub, redis: Redis, sandbox: SandboxControl) -> None:
    """After its time there is a new one, and only that."""
    clock = FixedClock()
    kept = subscription(hub, redis, clock)
    await kept.ensure()
    before = ours(sandbox)
    clock.advance(3_601)
    await kept.ensure()
    assert len(ours(sandbox)) == 1
    assert ours(sandbox) != before


async def test_another_address_replaces_it(hub: Hub, redis: Redis, sandbox: SandboxControl) -> None:
    """A gateway that moved is told of at its new address and not at its old one."""
    clock = FixedClock()
    await subscription(hub, redis, clock).ensure()
    await subscription(hub, redis, clock, CALLBACK + "2").ensure()
    assert (len(ours(sandbox)), len(ours(sandbox, CALLBACK + "2"))) == (0, 1)


@pytest.mark.parametrize("shared", [True, False])
async def test_it_is_withdrawn(hub: Hub, redis: Redis, sandbox: SandboxControl, shared: bool) -> None:
    """Asked to, the last process takes its subscription with it, with Redis and without."""
    kept = subscription(hub, redis if shared else None, FixedClock())
    await kept.ensure()
    assert len(ours(sandbox)) == 1
    await kept.withdraw()
    await kept.withdraw()
    assert ours(sandbox) == []


async def test_a_server_that_has_one_already(hub: Hub, redis: Redis, sandbox: SandboxControl) -> None:
    """409 is taken for what it says, and nothing is withdrawn that was not made here."""
    sandbox.habit("hub-409")
    assert await hub.subscribe(CALLBACK) is not None
    await subscription(hub, redis, FixedClock()).ensure()
    await subscription(hub, redis, FixedClock()).withdraw()
    assert len(ours(sandbox)) == 1


async def test_a_hub_that_is_down(hub: Hub, redis: Redis, sandbox: SandboxControl) -> None:
    """It is said, nothing is remembered, and the lock is free for the next try."""
    sandbox.fault("status", api="TMF620", status=503)
    kept = subscription(hub, redis, FixedClock())
    with pytest.raises(UpstreamUnavailableError):
        await kept.ensure()
    sandbox.clear_faults()
    await kept.ensure()
    assert len(ours(sandbox)) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id": "\xff"}', b'{"x": ' + b"[" * 100_000])
async def test_a_hub_that_says_nothing_that_can_be_read(body: bytes) -> None:
    """That is the hub's fault like any other, or who looks after the subscription would end with it."""
    sender = HttpxSender("tmf620", transport=httpx.MockTransport(lambda _: httpx.Response(201, content=body)))
    with pytest.raises(UpstreamInvalidError):
        await Hub("tmf620", "http://upstream.test", sender, StaticHeaders()).subscribe(CALLBACK)
    await sender.aclose()


async def test_what_is_kept_of_it_cannot_be_read(hub: Hub, redis: Redis, sandbox: SandboxControl) -> None:
    """As another release may have left it: it is made anew, and looked after from then on."""
    kept = subscription(hub, redis, FixedClock())
    for junk in (b"{}", b"\xff", b"[1"):
        await redis.set("{bff:hub:tmf620}:made", junk)
        await kept.withdraw()
        await redis.set("{bff:hub:tmf620}:made", junk)
        await kept.ensure()
        await kept.ensure()
        assert len(ours(sandbox)) == 1
        await kept.withdraw()
        assert ours(sandbox) == []


async def test_an_id_that_cannot_go_into_a_url(hub: Hub) -> None:
    """A hub that gives out `../admin` as an id is not asked to delete it."""
    with pytest.raises(UpstreamInvalidError):
        await hub.withdraw("../admin")


async def test_marks_reach_those_who_come_later(redis: Redis) -> None:
    """A process hears at once, another when it looks, a third that starts later all the same; each once."""
    clock = FixedClock()
    heard: dict[str, list[tuple[str, float]]] = {"a": [], "b": [], "c": []}
    logs = {
        key: OutdatedLog(redis, clock, lambda name, at, key=key: heard[key].append((name, at)), 600)  # type: ignore[misc]
        for key in heard
    }
    await logs["a"].mark(["productOffering/x"])
    marked = [("productOffering/x", clock.at)]
    assert (heard["a"], heard["b"]) == (marked, [])
    for _ in range(2):
        await logs["b"].look()
    clock.advance(300)
    await logs["c"].look()
    assert (heard["b"], heard["c"]) == (marked, marked)


async def test_a_mark_that_comes_late_does_not_make_a_name_older(redis: Redis) -> None:
    """The process that was told first was held up on its way to Redis: what was read in between is outdated still."""
    clock, heard = FixedClock(), dict[str, float]()
    early, late = (OutdatedLog(redis, FixedClock(clock.at + ahead), lambda *_: None, 600) for ahead in (0, 5))
    await late.mark(["productOffering/x"])
    await early.mark(["productOffering/x"])
    await OutdatedLog(redis, clock, heard.__setitem__, 600).look()
    assert heard == {"productOffering/x": clock.at + 5}


async def test_without_redis_one_hears_oneself() -> None:
    """No Redis, or one that is gone: the process that was told knows."""
    for redis in (None, Redis.from_url("redis://127.0.0.1:1")):
        heard: list[str] = []
        log = OutdatedLog(redis, FixedClock(), lambda name, _, heard=heard: heard.append(name), 600)  # type: ignore[misc]
        await log.mark(["category/x"])
        await log.look()
        assert heard == ["category/x"]
        if redis is not None:
            with contextlib.suppress(Exception):
                await redis.aclose()


class Heard(list[str]):
    """What one process heard, by a log of its own."""

    def __init__(self, redis: Redis, clock: FixedClock) -> None:
        super().__init__()
        self.log = OutdatedLog(redis, clock, lambda name, _: self.append(name), 600)


@asynccontextmanager
async def cut_off(process: Heard) -> AsyncIterator[None]:
    """A process for which Redis is away."""
    before, process.log.redis = process.log.redis, Redis.from_url("redis://127.0.0.1:1")
    yield
    await process.log.redis.aclose()
    process.log.redis = before


async def test_what_others_marked_is_heard_after_an_outage(redis: Redis) -> None:
    """However long it lasted, and whatever the process was told itself meanwhile."""
    clock = FixedClock()
    one, other = Heard(redis, clock), Heard(redis, clock)
    async with cut_off(other):
        await one.log.mark(["category/x"])
        clock.advance(60)
        await other.log.mark(["category/y"])
        await other.log.look()
    await other.log.look()
    assert "category/x" in other


async def test_what_could_not_be_marked_is_marked_when_redis_is_back(redis: Redis) -> None:
    """Others are told late rather than never, and once; they hear of it though they look back for seconds only."""
    clock = FixedClock()
    one, other = Heard(redis, clock), Heard(redis, clock)
    async with cut_off(one):
        await one.log.mark(["category/x"])
        await one.log.look()
        clock.advance(60)
        await other.log.mark(["category/y"])
        await other.log.look()
    for _ in range(3):
        await one.log.look()
        await other.log.look()
    assert other == ["category/y", "category/x"]


async def test_more_than_can_be_remembered_is_marked_as_everything(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for Redis is bounded, and nothing of it is left out."""
    monkeypatch.setattr("dataloaders.outdated._MOST_UNSHARED", 2)
    one, other = Heard(redis, FixedClock()), Heard(redis, FixedClock())
    async with cut_off(one):
        await one.log.mark(["category/x", "category/y", "productOffering/z"])
    await one.log.look()
    await other.log.look()
    assert sorted(other) == ["category/*", "productOffering/*"]


async def test_a_mark_that_cannot_be_read_keeps_nobody_from_the_others(redis: Redis) -> None:
    """Redis holds what anybody put there."""
    clock = FixedClock()
    await redis.zadd("bff:outdated", {b"\xff": clock.at})
    one, other = Heard(redis, clock), Heard(redis, clock)
    await one.log.mark(["category/x"])
    await other.log.look()
    assert "category/x" in other


async def test_a_clock_that_is_set_back_hides_no_change() -> None:
    """What was read before the clock went back is older than a change that is heard of then, and so is each change."""
    shop = set_up()
    told: list[str] = []

    def heard(name: str, at: float) -> None:
        told.append(name)
        shop.loader.outdate(name, at)

    log = OutdatedLog(None, shop.clock, heard, 600)
    first = await shop.load("x")
    await log.look()
    shop.clock.advance(-60)
    for number in (1, 2):
        await log.mark(["x"])
        found = await shop.load("x")
        assert (found.a, len(told)) == (first.a + number, number)
    await shop.loader.aclose()


async def test_a_comparison_finds_what_no_event_told(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, sender: HttpxSender
) -> None:
    """Changed, new and gone between two looks; nothing at the first, and nothing when nothing happened."""
    options = UpstreamOptions(sandbox_process.base_url + SANDBOX_TMF620)
    client = TMFClient("tmf620", options, sender, FixedClock())

    async def nothing(_: object) -> None:
        return None

    comparison = Comparison(client, Audience("en", "web"), nothing)
    assert await comparison.changed() == []
    assert await comparison.changed() == []
    patch(sandbox_process.base_url, "productOfferingPrice", PRICE, NEW_PRICE)
    assert await comparison.changed() == [f"{tmf620.PRICES.path}/{PRICE}"]


async def test_a_comparison_that_was_cut_short_forgets_nothing(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, sender: HttpxSender
) -> None:
    """The upstream failed behind the collection with the change: the next comparison finds it."""
    options = UpstreamOptions(sandbox_process.base_url + SANDBOX_TMF620, attempts=1)
    client = TMFClient("tmf620", options, sender, FixedClock())

    async def nothing(_: object) -> None:
        return None

    comparison = Comparison(client, Audience("en", "web"), nothing)
    assert await comparison.changed() == []
    patch(sandbox_process.base_url, "productOfferingPrice", PRICE, NEW_PRICE)
    sandbox.fault("status", api="TMF620", resource="category", status=503)
    with pytest.raises(UpstreamUnavailableError):
        await comparison.changed()
    sandbox.clear_faults()
    assert await comparison.changed() == [f"{tmf620.PRICES.path}/{PRICE}"]


async def test_a_comparison_that_fails_is_made_again() -> None:
    """Whatever it failed with, such as the file of a dump that has just been replaced."""

    async def changed() -> list[str]:
        raise outcomes.pop(0)

    async def told(names: list[str]) -> None:
        raise AssertionError(names)

    outcomes: list[BaseException] = [
        UpstreamUnavailableError("tmf620"),
        sqlite3.OperationalError("unable to open database file"),
        asyncio.CancelledError(),
    ]
    comparison, log = SimpleNamespace(changed=changed), SimpleNamespace(mark=told)
    with pytest.raises(asyncio.CancelledError):
        await _compare(comparison, log, None, 0)  # type: ignore[arg-type]
    assert outcomes == []


async def test_what_a_dump_could_not_be_told_of_is_told_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together with what was heard of meanwhile; of what was heard twice the later. What is named does not wait for
    everything to be compared."""
    monkeypatch.setattr("bff.feeds._AGAIN", 0)
    refreshed: list[dict[str, float]] = []
    done = asyncio.Event()

    async def refresh(_: object, names: dict[str, float]) -> None:
        refreshed.append(names)
        if len(refreshed) == 1:
            feeds.heard("category/y", 2.0)
            feeds.heard("category/z", 2.0)
            raise sqlite3.OperationalError("database is locked")
        done.set()

    async def compare() -> list[str]:
        raise UpstreamUnavailableError("tmf620")

    updater = SimpleNamespace(client=None, refresh=refresh)
    quiet = SimpleNamespace(outdate=lambda *_: None)
    feeds = Feeds(quiet, SimpleNamespace(serving="file"), updater, Audience("en", "web"), lambda _: None)  # type: ignore[arg-type]
    monkeypatch.setattr(feeds.comparison, "changed", compare)
    feeds.heard("productOffering/*", 1.0)
    feeds.heard("category/x", 1.0)
    feeds.heard("category/y", 1.0)
    working = asyncio.create_task(feeds.update_dump())
    async with asyncio.timeout(PATIENCE):
        await done.wait()
    await stop([working])
    assert refreshed == [
        {"category/x": 1.0, "category/y": 1.0},
        {"category/x": 1.0, "category/y": 2.0, "category/z": 2.0},
    ]
