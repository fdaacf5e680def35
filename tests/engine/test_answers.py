"""The store of whole answers: what is kept, what is dropped, who waits for whom."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataloaders.lru import ByteLRU
from engine import Answers, Made

FOREVER = float("inf")


class Kitchen:
    """Makes answers out of what there is, and lets a test step in between reading and being done."""

    def __init__(self, *, room: int = 1_000_000) -> None:
        self.at = 100.0
        self.content = "old"
        self.made: Counter[str] = Counter()
        self.reading, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()
        self.memory: ByteLRU[Any] = ByteLRU(room)
        self.answers: Answers[str] = Answers(self.memory, lambda: self.at)
        self.how: dict[str, Any] = {}

    def make(self, key: str = "k", names: tuple[str, ...] = ("p/1",), **how: Any) -> Callable[[], Awaitable[Made[str]]]:
        async def make() -> Made[str]:
            self.made[key] += 1
            content = self.content
            self.reading.set()
            await self.go_on.wait()
            given = {"fresh_until": self.at + 10, "stale_until": self.at + 20, "error_until": self.at + 30}
            return Made(content, 10, frozenset(names), **{**given, **self.how, **how})

        return make

    async def ask(self, key: str = "k", **how: Any) -> tuple[str, str]:
        found = await self.answers.get(key, self.make(key, **how))
        return found.value, found.how


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


async def test_an_answer_is_made_once(kitchen: Kitchen) -> None:
    assert [await kitchen.ask() for _ in range(3)] == [("old", "miss"), ("old", "hit"), ("old", "hit")]
    assert kitchen.made["k"] == 1


async def test_a_burst_of_equal_questions_is_one(kitchen: Kitchen) -> None:
    """A thousand at once; and each is told that it did not make the answer itself."""
    found = await asyncio.gather(*(kitchen.ask() for _ in range(1_000)))
    assert Counter(how for _, how in found) == {"miss": 1, "joined": 999}
    assert kitchen.made["k"] == 1


async def test_other_questions_are_others(kitchen: Kitchen) -> None:
    await asyncio.gather(kitchen.ask("a"), kitchen.ask("b"))
    assert kitchen.made == {"a": 1, "b": 1}


@pytest.mark.parametrize("told", [["p/1"], ["p/2", "p/1"], None])
async def test_a_change_ends_what_was_made_of_it(kitchen: Kitchen, told: list[str] | None) -> None:
    await kitchen.ask()
    kitchen.answers.outdate(told)
    kitchen.content = "new"
    assert await kitchen.ask() == ("new", "miss")


async def test_a_change_of_something_else_ends_nothing(kitchen: Kitchen) -> None:
    await kitchen.ask()
    kitchen.answers.outdate(["p/2", "q/1"])
    assert await kitchen.ask() == ("old", "hit")


@pytest.mark.parametrize("told", [["p/1"], None])
async def test_what_was_read_before_a_change_is_not_kept_after_it(kitchen: Kitchen, told: list[str] | None) -> None:
    """The change is heard of between reading and being done: whoever asked gets it, nobody after that."""
    kitchen.go_on.clear()
    asking = asyncio.create_task(kitchen.ask())
    await kitchen.reading.wait()
    kitchen.content = "new"
    kitchen.answers.outdate(told)
    kitchen.go_on.set()
    assert await asking == ("old", "miss")
    assert await kitchen.ask() == ("new", "miss")
    assert kitchen.answers.counted.unkept == 1


async def test_who_asks_after_a_change_does_not_join_what_was_begun_before(kitchen: Kitchen) -> None:
    """Whatever changed: what the answer in the making will be made of is not known yet."""
    kitchen.go_on.clear()
    before = asyncio.create_task(kitchen.ask())
    await kitchen.reading.wait()
    kitchen.content = "new"
    kitchen.answers.outdate(["p/1"])
    after = asyncio.create_task(kitchen.ask())
    await asyncio.sleep(0)
    kitchen.go_on.set()
    assert [await before, await after] == [("old", "miss"), ("new", "miss")]
    assert await kitchen.ask() == ("new", "hit")


async def test_more_changes_than_can_be_remembered_end_everything(kitchen: Kitchen) -> None:
    """Then it may have been any of them."""
    await kitchen.ask()
    kitchen.answers.outdate(["p/1"])
    kitchen.content = "new"
    kitchen.answers.outdate(f"q/{number}" for number in range(10_001))
    assert await kitchen.ask() == ("new", "miss")


async def test_an_answer_that_began_before_forgotten_changes_is_not_kept(kitchen: Kitchen) -> None:
    kitchen.go_on.clear()
    asking = asyncio.create_task(kitchen.ask())
    await kitchen.reading.wait()
    kitchen.answers.outdate(["p/1"])
    kitchen.answers.outdate(f"q/{number}" for number in range(10_001))
    kitchen.go_on.set()
    await asking
    assert len(kitchen.memory) == 0


@pytest.mark.parametrize("how", [{"failed": True}, {"doubtful": True}, {"fresh_until": 100.0, "stale_until": 100.0}])
async def test_what_is_not_good_is_not_kept(kitchen: Kitchen, how: dict[str, Any]) -> None:
    """With errors in it, made of something doubtful, or over before it was done."""
    await kitchen.ask(**how)
    assert len(kitchen.memory) == 0
    assert await kitchen.ask(**how) == ("old", "miss")


async def test_an_old_answer_is_shown_while_it_is_renewed(kitchen: Kitchen) -> None:
    """At once, and by one making, however many ask meanwhile."""
    await kitchen.ask()
    kitchen.at, kitchen.content = 111.0, "new"
    assert [await kitchen.ask() for _ in range(3)] == [("old", "stale")] * 3
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await kitchen.ask() == ("new", "hit")
    assert kitchen.made["k"] == 2


async def test_an_answer_that_is_too_old_is_not_shown(kitchen: Kitchen) -> None:
    await kitchen.ask()
    kitchen.at, kitchen.content = 120.0, "new"
    assert await kitchen.ask() == ("new", "miss")


async def fails() -> Made[str]:
    raise LookupError("nothing there")


async def test_an_old_answer_covers_a_failure(kitchen: Kitchen) -> None:
    """An answer with errors, and none at all."""
    await kitchen.ask()
    kitchen.at = 125.0
    kitchen.content = "with errors"
    assert await kitchen.ask(failed=True) == ("old", "stale")
    assert (await kitchen.answers.get("k", fails)).value == "old"
    assert kitchen.answers.counted.covered == 2


async def test_a_failure_is_shown_when_the_answer_is_too_old_for_that(kitchen: Kitchen) -> None:
    await kitchen.ask()
    kitchen.at, kitchen.content = 130.0, "with errors"
    assert await kitchen.ask(failed=True) == ("with errors", "miss")
    with pytest.raises(LookupError):
        await kitchen.answers.get("k", fails)


async def test_an_outdated_answer_covers_no_failure(kitchen: Kitchen) -> None:
    """Better an error than what is known to be wrong."""
    await kitchen.ask()
    kitchen.answers.outdate(["p/1"])
    with pytest.raises(LookupError):
        await kitchen.answers.get("k", fails)


async def test_one_who_goes_away_does_not_end_what_others_wait_for(kitchen: Kitchen) -> None:
    kitchen.go_on.clear()
    first, second = asyncio.create_task(kitchen.ask()), asyncio.create_task(kitchen.ask())
    await kitchen.reading.wait()
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    kitchen.go_on.set()
    assert await second == ("old", "joined")


async def test_when_the_last_goes_away_the_making_ends(kitchen: Kitchen) -> None:
    """Nothing is loaded any more for nobody."""
    kitchen.go_on.clear()
    asking = [asyncio.create_task(kitchen.ask()) for _ in range(2)]
    await kitchen.reading.wait()
    for each in asking:
        each.cancel()
    await asyncio.wait(asking)
    await asyncio.sleep(0)
    kitchen.go_on.set()
    assert await kitchen.ask() == ("old", "miss")
    assert kitchen.made["k"] == 2


async def test_nobody_joins_what_is_ending(kitchen: Kitchen) -> None:
    """Between the last going away and the end of the making there is a moment; who comes then gets an answer."""
    kitchen.go_on.clear()
    asking = asyncio.create_task(kitchen.ask())
    await kitchen.reading.wait()
    asking.cancel()
    late = asyncio.create_task(kitchen.ask())
    kitchen.go_on.set()
    assert await late == ("old", "miss")
    assert kitchen.made["k"] == 2


async def test_closing_ends_what_is_in_the_making(kitchen: Kitchen) -> None:
    kitchen.go_on.clear()
    asking = asyncio.create_task(kitchen.ask())
    await kitchen.reading.wait()
    await kitchen.answers.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_one_that_has_taken_long_is_not_joined(kitchen: Kitchen) -> None:
    """It ends when its own time is up, and who comes late would not get theirs."""
    kitchen.go_on.clear()
    first = asyncio.create_task(kitchen.ask())
    await kitchen.reading.wait()
    kitchen.at += 5
    second = asyncio.create_task(kitchen.ask())
    await asyncio.sleep(0)
    kitchen.go_on.set()
    assert [(await first)[1], (await second)[1]] == ["miss", "miss"]


@pytest.mark.parametrize("split", ["a change of something else", "time"])
async def test_one_that_ends_late_does_not_take_the_place_of_a_newer(kitchen: Kitchen, split: str) -> None:
    """Two of one question are under way when the second could not join the first."""
    kitchen.go_on.clear()
    first = asyncio.create_task(kitchen.ask())
    await kitchen.reading.wait()
    held, kitchen.go_on, kitchen.content = kitchen.go_on, asyncio.Event(), "new"
    kitchen.go_on.set()
    if split == "time":
        kitchen.at += 5
    else:
        kitchen.answers.outdate(["p/2"])
    assert await kitchen.ask() == ("new", "miss")
    held.set()
    assert await first == ("old", "miss")
    assert await kitchen.ask() == ("new", "hit")


async def test_what_is_kept_is_bounded_in_bytes() -> None:
    """The least used goes."""
    kitchen = Kitchen(room=5_000)
    for number in range(10):
        await kitchen.ask(f"k{number}")
    assert 0 < len(kitchen.memory) < 4
    assert kitchen.memory.bytes <= 5_000


EVENTS = st.lists(st.sampled_from(["ask a", "ask b", "change 1", "change 2", "change all", "wait"]), max_size=40)


@given(EVENTS, st.randoms(use_true_random=False))
async def test_no_answer_is_older_than_the_last_change(events: list[str], random: Any) -> None:
    """Whatever happens in whatever order: who asks after a change never sees what was before it."""
    kitchen, values = Kitchen(), {"p/1": 0, "p/2": 0}
    parts = {"a": ("p/1",), "b": ("p/1", "p/2")}

    async def ask(key: str) -> None:
        asked = [values[name] for name in parts[key]]

        async def make() -> Made[Any]:
            found = []
            for name in parts[key]:
                for _ in range(random.randint(0, 3)):
                    await asyncio.sleep(0)
                found.append(values[name])
            return Made(found, 10, frozenset(parts[key]), FOREVER, FOREVER, FOREVER)

        found: Any = await kitchen.answers.get(key, make)
        assert all(one >= other for one, other in zip(found.value, asked, strict=True))

    asking = []
    for event in events:
        word, _, what = event.partition(" ")
        if word == "ask":
            asking.append(asyncio.create_task(ask(what)))
        elif word == "change":
            names = ["p/1", "p/2"] if what == "all" else [f"p/{what}"]
            for name in names:
                values[name] += 1
            kitchen.answers.outdate(None if what == "all" else names)
        else:
            await asyncio.sleep(0)
    await asyncio.gather(*asking)
