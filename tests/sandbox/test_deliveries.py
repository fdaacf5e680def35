"""Lanes: attempts, order, bounds, and that one listener does not delay another."""

import asyncio
from collections.abc import Mapping

from sandbox.deliveries import Courier, Delivery


class Post:
    """Answers what the test says for each URL, in turn, then 204; waits at `gate` where a URL ends in /slow."""

    def __init__(self, **outcomes: list[int | Exception]) -> None:
        self.outcomes = outcomes
        self.urls: list[str] = []
        self.gate = asyncio.Event()

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
        if url.endswith("slow"):
            await self.gate.wait()
        self.urls.append(url)
        outcome = (self.outcomes.get(url) or [204]).pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def delivery(url: str, hub: str = "h") -> Delivery:
    return Delivery(hub=hub, url=url, event_type="E", body=b"{}", headers={})


def courier(post: Post, **options: int) -> Courier:
    return Courier(post, pauses=(0, 0), **options)


async def sent(*outcomes: int | Exception) -> Delivery:
    taken, away = delivery("a"), courier(Post(a=list(outcomes)))
    away.take([taken])
    assert taken.state == "pending"
    await away.settle()
    return taken


async def test_attempts() -> None:
    assert (await sent(201)).listing() == {
        "hub": "h", "url": "a", "eventType": "E", "state": "delivered", "attempts": [201]
    }  # fmt: skip
    retried = await sent(503, TimeoutError(), 204)
    assert (retried.state, retried.attempts) == ("delivered", [503, "TimeoutError", 204])
    refused = await sent(404)
    assert (refused.state, refused.attempts) == ("failed", [404])
    dead = await sent(OSError("gone"), 429, EOFError("early"), 204)
    assert (dead.state, dead.attempts) == ("failed", ["OSError: gone", 429, "EOFError: early"])


async def test_a_slow_listener_delays_only_itself() -> None:
    post = Post()
    away = courier(post)
    slow, after, other = delivery("slow", "one"), delivery("b", "one"), delivery("c", "two")
    for each in (slow, after, other):
        away.take([each])
    while other.state == "pending":  # noqa: ASYNC110 - it is settled by the loop, not by time
        await asyncio.sleep(0)
    assert (slow.state, after.state, post.urls) == ("pending", "pending", ["c"])
    post.gate.set()
    await away.settle()
    assert post.urls == ["c", "slow", "b"]


async def test_a_full_lane_drops_and_says_so() -> None:
    post = Post()
    away = courier(post, capacity=2)
    taken = [delivery(f"{number}") for number in range(3)]
    away.take(taken)
    assert [each.state for each in taken] == ["pending", "pending", "dropped"]
    await away.settle()
    away.take([delivery("3")])
    await away.settle()
    assert post.urls == ["0", "1", "3"]


async def test_what_is_held_goes_after_the_next() -> None:
    post = Post()
    away = courier(post)
    away.take([delivery("a"), delivery("a2")], hold=3600)
    assert post.urls == []
    away.take([delivery("b")], hold=3600)
    await away.settle()
    assert post.urls == ["b", "a", "a2"]


async def test_what_is_held_goes_alone_in_the_end() -> None:
    away, taken = courier(Post()), delivery("a")
    away.take([taken], hold=0.001)
    while taken.state == "pending":  # noqa: ASYNC110 - it is settled by the loop, not by time
        await asyncio.sleep(0)
    assert taken.state == "delivered"


async def test_the_end_of_a_subscription_drops_what_waits() -> None:
    post = Post()
    away = courier(post)
    taken, held = [delivery("slow"), delivery("b")], delivery("c", "two")
    away.take(taken)
    away.take([held], hold=3600)
    await asyncio.sleep(0)
    away.forget("h")
    away.forget("nobody")
    await away.close()
    assert [each.state for each in (*taken, held)] == ["dropped"] * 3
    assert post.urls == []
