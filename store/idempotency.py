"""A mutation that carries a key runs once: the first result answers every repetition for a day.

    match await idempotency.begin(scope, "createCart", key, body):
        case Fresh(claim): …do it, and in the transaction that keeps its effect: finish(claim, result, connection=…)
        case Replay(result): …answer as the first time

A process may die, or sleep, between the two. Its claim can be taken over when the lease ends; `claim.resumed` then says
that something may have happened already and has to be looked up. Whoever is taken over finds out when it finishes:
`finish` goes by the holder, not by the time, and answers False.
"""

import asyncio
import secrets
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Executable, Row, and_, bindparam, delete, not_, or_, select, update

from kernel.clock import Clock
from kernel.keys import SigningKeys
from store.database import Connection, Database
from store.tables import idempotency
from store.upsert import insert_into

_PURPOSE = "idempotency"
_POLL = 0.05
_RETRY_AFTER = 1.0
_RUNNING, _DONE = "running", "done"
_its = idempotency.c


@dataclass(frozen=True)
class Claim:
    """The right to run a mutation under a key. `resumed`: an earlier holder may have done some or all of it."""

    scope: str
    mutation: str
    key: str
    holder: str
    resumed: bool = False


@dataclass(frozen=True)
class Fresh:
    """Run it, then `finish`, `abandon` or `release` the claim."""

    claim: Claim


@dataclass(frozen=True)
class Replay:
    """It ran. `result` is what `finish` was given."""

    result: bytes


@dataclass(frozen=True)
class Mismatch:
    """The key was used for another body."""


@dataclass(frozen=True)
class InProgress:
    """It is running. `retry_after`: seconds after which it is worth asking again."""

    retry_after: float


Outcome = Fresh | Replay | Mismatch | InProgress


class Idempotency:
    """Keys that were used, in the database.

    `lease`: seconds after which a claim whose holder is not heard of may be taken over; `keep`: seconds a key is
    remembered; `patience`: seconds that `begin` waits for one that is running.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keys: SigningKeys,
        *,
        lease: float = 30.0,
        keep: float = 86_400.0,
        patience: float = 1.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys
        self._lease = lease
        self._keep = keep
        self._patience = patience

    async def begin(
        self,
        scope: str,
        mutation: str,
        key: str,
        body: bytes,
        *,
        connection: Connection | None = None,
        patience: float | None = None,
    ) -> Outcome:
        """Claim the key, or say what became of it. `body` is canonical and without secrets; only its HMAC is kept.

        Within a transaction of the caller's there is no waiting: the one that is running could need the same locks.
        """
        claim = Claim(scope, mutation, key, secrets.token_hex(16))
        if connection is not None:
            return await self._claim(claim, body, connection)
        loop = asyncio.get_running_loop()
        until = loop.time() + (self._patience if patience is None else patience)
        while True:
            async with self._database.writing() as own:
                outcome = await self._claim(claim, body, own)
            if not isinstance(outcome, InProgress) or not await self._changed(claim, until):
                return outcome

    async def look(self, scope: str, mutation: str, key: str, body: bytes) -> Outcome | None:
        """What has become of a key, without claiming it; None when it is nobody's, or not remembered any more."""
        claim = Claim(scope, mutation, key, "")
        async with self._database.reading() as connection:
            found = (await connection.execute(_KNOWN, {**_names(claim), **self._limits()})).one_or_none()
        if found is None:
            return None
        if not self._keys.any_match(bytes.fromhex(found.body), _PURPOSE, *_signed(claim, body)):
            return Mismatch()
        return Replay(found.result.encode()) if found.state == _DONE else InProgress(_RETRY_AFTER)

    async def finish(self, claim: Claim, result: bytes, *, connection: Connection | None = None) -> bool:
        """Remember the result, in the caller's transaction if given, so that it and the effect are kept together.

        False when the claim was taken over or forgotten: somebody else decides, and the caller's transaction should
        not be committed.
        """
        done = {"state": _DONE, "result": result.decode(), "finished_at": self._clock.now()}
        return await self._update_held(claim, done, connection)

    async def is_held(self, claim: Claim, connection: Connection) -> bool:
        """Whether nobody has taken it over, and, until the caller's transaction ends, nobody will."""
        found = await connection.execute(_LOCK, {**_names(claim), "its_holder": claim.holder})
        return found.one_or_none() is not None

    async def abandon(self, claim: Claim) -> None:
        """Nothing happened: the key is as if it had not been used. What an earlier holder did remains to be found."""
        if claim.resumed:
            await self.release(claim)
            return
        async with self._database.writing() as connection:
            await connection.execute(_REMOVE, {**_names(claim), "its_holder": claim.holder})

    async def release(self, claim: Claim) -> None:
        """Nobody knows what happened: the next to come may take over at once."""
        await self._update_held(claim, {"held_until": 0.0}, None)

    async def sweep(self) -> int:
        """Forget what is older than `keep` and not running; how many."""
        async with self._database.writing() as connection:
            return (await connection.execute(_FORGET, self._limits())).rowcount

    async def _claim(self, claim: Claim, body: bytes, connection: Connection) -> Outcome:
        """One look and one step, inside a transaction."""
        mac = self._keys.mac(_PURPOSE, *_signed(claim, body)).hex()
        now = self._clock.now()
        first = {
            **_name(claim),
            "body": mac,
            "state": _RUNNING,
            "holder": claim.holder,
            "held_until": now + self._lease,
            "result": None,
            "started_at": now,
            "finished_at": None,
        }
        taken = await connection.execute(_claiming(connection.dialect.name), {**first, **self._limits()})
        if taken.first() is not None:
            return Fresh(claim)
        # The row is ours until the transaction ends: PostgreSQL locks what an insert conflicts with, updated or not.
        found = (await connection.execute(_LOOK, _names(claim))).one()
        return await self._outcome(claim, body, found, connection)

    async def _outcome(self, claim: Claim, body: bytes, found: Row[Any], connection: Connection) -> Outcome:
        if not self._keys.any_match(bytes.fromhex(found.body), _PURPOSE, *_signed(claim, body)):
            return Mismatch()
        if found.state == _DONE:
            return Replay(found.result.encode())
        now = self._clock.now()
        if found.held_until > now:
            return InProgress(min(_RETRY_AFTER, found.held_until - now))
        taken_over = {"holder": claim.holder, "held_until": now + self._lease}
        await connection.execute(_TAKE_OVER, {**_names(claim), **taken_over})
        return Fresh(Claim(claim.scope, claim.mutation, claim.key, claim.holder, resumed=True))

    async def _changed(self, claim: Claim, until: float) -> bool:
        """Whether it stopped running before that moment of the event loop's clock."""
        loop = asyncio.get_running_loop()
        while (left := until - loop.time()) > 0:
            await asyncio.sleep(min(_POLL, left))
            async with self._database.reading() as connection:
                running = {**_names(claim), "now": self._clock.now()}
                if (await connection.execute(_RUNNING_NOW, running)).one_or_none() is None:
                    return True
        return False

    async def _update_held(self, claim: Claim, values: dict[str, Any], connection: Connection | None) -> bool:
        held = {**_names(claim), "its_holder": claim.holder}
        own: AbstractAsyncContextManager[Connection]
        own = self._database.writing() if connection is None else nullcontext(connection)
        async with own as using:
            return bool((await using.execute(_CHANGE, {**held, **values})).rowcount)

    def _limits(self) -> dict[str, float]:
        """What `_OUTLIVED` goes by."""
        now = self._clock.now()
        return {"now": now, "begun_before": now - self._keep}


def _signed(claim: Claim, body: bytes) -> tuple[bytes, ...]:
    return claim.scope.encode(), claim.mutation.encode(), claim.key.encode(), body


def _name(claim: Claim) -> dict[str, str]:
    return {"scope": claim.scope, "mutation": claim.mutation, "key": claim.key}


def _names(claim: Claim) -> dict[str, str]:
    """The same as `_ITS` has it."""
    return {"its_scope": claim.scope, "its_mutation": claim.mutation, "its_key": claim.key}


# ---------------------------------------------------------------- built once

_NAME = ("scope", "mutation", "key")
_ITS = tuple(_its[part] == bindparam(f"its_{part}") for part in _NAME)
_HELD = (*_ITS, _its.holder == bindparam("its_holder"), _its.state == _RUNNING)
# Older than a key is kept. One that is running keeps its place: it would otherwise run twice at once.
_OUTLIVED = and_(
    _its.started_at <= bindparam("begun_before"), or_(_its.state == _DONE, _its.held_until <= bindparam("now"))
)
_LOOK = select(idempotency).where(*_ITS)
_KNOWN = _LOOK.where(not_(_OUTLIVED))
_LOCK = select(_its.key).where(*_HELD).with_for_update()
_RUNNING_NOW = select(_its.key).where(*_ITS, _its.state == _RUNNING, _its.held_until > bindparam("now"))
_CHANGE = update(idempotency).where(*_HELD)
_TAKE_OVER = update(idempotency).where(*_ITS)
_REMOVE = delete(idempotency).where(*_HELD)
_FORGET = delete(idempotency).where(_OUTLIVED)


@cache
def _claiming(dialect: str) -> Executable:
    """A new row, or one in the place of a row that has outlived its time; nothing where that has not."""
    new = insert_into(dialect, idempotency)
    again = {column.name: new.excluded[column.name] for column in _its if column.name not in _NAME}
    return new.on_conflict_do_update(index_elements=_NAME, set_=again, where=_OUTLIVED).returning(_its.key)
