"""Any history of keys, claims and times, in the database and in a plain model: the same answers throughout."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from kernel.clock import FixedClock
from kernel.keys import SigningKeys
from store.database import Database
from store.idempotency import Claim, Fresh, Idempotency, InProgress, Mismatch, Outcome, Replay
from store.tables import idempotency as table

LEASE, KEEP = 10.0, 100.0
OLD, NEW = b"o" * 32, b"n" * 32
KEYS, BODIES = "ab", (b"1", b"2")
WHICH = st.integers(0, 4)
STEPS = st.one_of(
    st.tuples(st.just("begin"), st.integers(0, 1), st.sampled_from(KEYS), st.sampled_from(BODIES)),
    st.tuples(st.just("begin"), st.integers(0, 1), st.just("a"), st.just(b"1")),
    st.tuples(st.sampled_from(["finish", "abandon", "release"]), WHICH),
    st.tuples(st.just("advance"), st.sampled_from([1.0, 9.0, 10.0, 50.0, 90.0, 100.0])),
    st.tuples(st.just("sweep")),
)


@dataclass
class Entry:
    body: bytes
    started: float
    holder: str
    until: float
    result: bytes | None = None


@dataclass
class Model:
    """What must happen, one step at a time."""

    now: float
    entries: dict[str, Entry] = field(default_factory=dict)

    def running(self, entry: Entry) -> bool:
        return entry.result is None and entry.until > self.now

    def forgettable(self, entry: Entry) -> bool:
        return self.now - entry.started >= KEEP and not self.running(entry)

    def begin(self, key: str, body: bytes) -> Outcome | bool:
        """The outcome; where it is to run, whether it is resumed."""
        entry = self.entries.get(key)
        if entry is None or self.forgettable(entry):
            return False
        if entry.body != body:
            return Mismatch()
        if entry.result is not None:
            return Replay(entry.result)
        return InProgress(min(1.0, entry.until - self.now)) if self.running(entry) else True

    def claimed(self, claim: Claim, body: bytes) -> None:
        started = self.entries[claim.key].started if claim.resumed else self.now
        self.entries[claim.key] = Entry(body, started, claim.holder, self.now + LEASE)

    def held(self, claim: Claim) -> Entry | None:
        entry = self.entries.get(claim.key)
        return entry if entry is not None and entry.holder == claim.holder and entry.result is None else None

    def sweep(self) -> int:
        before = len(self.entries)
        self.entries = {key: entry for key, entry in self.entries.items() if not self.forgettable(entry)}
        return before - len(self.entries)


class World:
    """Two processes, one of which does not yet have the new signing key first."""

    def __init__(self, database: Database) -> None:
        self.clock = FixedClock()
        self.model = Model(self.clock.now())
        lists = ([NEW, OLD], [OLD, NEW])
        self.processes = [
            Idempotency(database, self.clock, SigningKeys(each), lease=LEASE, keep=KEEP, patience=0.0) for each in lists
        ]
        self.claims: list[Claim] = []
        self.results = 0

    async def begin(self, process: int, key: str, body: bytes) -> None:
        wanted = self.model.begin(key, body)
        found = await self.processes[process].begin("guest", "createCart", key, body)
        if not isinstance(found, Fresh):
            assert found == wanted
            return
        assert found.claim.resumed is wanted
        self.claims.append(found.claim)
        self.model.claimed(found.claim, body)

    async def finish(self, which: int) -> None:
        claim, self.results = self.claims[which % len(self.claims)], self.results + 1
        result = str(self.results).encode()
        held = self.model.held(claim)
        assert await self.processes[0].finish(claim, result) is (held is not None)
        if held is not None:
            held.result = result

    async def abandon(self, which: int) -> None:
        claim = self.claims[which % len(self.claims)]
        await self.processes[1].abandon(claim)
        held = self.model.held(claim)
        if held is not None and claim.resumed:
            held.until = 0.0
        elif held is not None:
            del self.model.entries[claim.key]

    async def release(self, which: int) -> None:
        claim = self.claims[which % len(self.claims)]
        await self.processes[0].release(claim)
        held = self.model.held(claim)
        if held is not None:
            held.until = 0.0

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.model.now += seconds

    async def sweep(self) -> None:
        assert await self.processes[0].sweep() == self.model.sweep()


async def play(database: Database, steps: list[tuple[object, ...]]) -> None:
    async with database.writing() as connection:
        await connection.execute(delete(table))
    world = World(database)
    for name, *arguments in steps:
        if world.claims or name not in ("finish", "abandon", "release"):
            await getattr(world, str(name))(*arguments)


def test_any_history_is_as_the_model_says(database_url: str) -> None:
    with asyncio.Runner() as runner:
        database = runner.run(Database.open(database_url, migrate=False))
        try:

            @settings(max_examples=100)
            @given(st.lists(STEPS, min_size=1, max_size=25))
            def check(steps: list[tuple[object, ...]]) -> None:
                runner.run(play(database, steps))

            check()
        finally:
            runner.run(database.aclose())
