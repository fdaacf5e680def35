"""What is free, kept in Redis for all processes: whole generations, and a stream of what changed since.

A generation is written under a name of its own and only then made the current one, with the place in the stream from
which on its reader has to catch up. Whoever reads one while another takes its place finds it still there for a while.
"""

import secrets
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis

from domain.reservations.shelf import Entry

_CHUNK = 5_000
_OLD_SECONDS = 120
_LOST_SECONDS = 7 * 86_400
_MOST_CHANGES = 100_000
_LOOK_AT_ONCE = 5_000
# Only the one who holds the lock may keep or end it: its time may be over and another have it by now. So with what is
# the current generation.
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
_REMOVE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
# The current one's place is taken, and the one before is left to readers for a while, all at once. Not by who slept
# past the end of the lock: a newer one has cut the stream off, so that nothing would bring an older one up to date.
_PUBLISH = """
if redis.call('get', KEYS[3]) ~= ARGV[6] then
  local made = cjson.decode(ARGV[1])
  for chunk = 0, made['chunks'] - 1 do redis.call('del', ARGV[2] .. made['name'] .. ':' .. chunk) end
  return 0
end
local before = redis.call('get', KEYS[1])
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[4])
if before then
  local old = cjson.decode(before)
  for chunk = 0, old['chunks'] - 1 do redis.call('expire', ARGV[2] .. old['name'] .. ':' .. chunk, ARGV[3]) end
end
redis.call('xtrim', KEYS[2], 'MINID', ARGV[5])
return 1
"""


class Generation(msgspec.Struct, frozen=True):
    """One whole index: its name, when reading it began, in how many pieces it is kept, how many entries it has.

    `place`: from there on the stream tells what it may not know.
    """

    name: str
    at: float
    chunks: int
    size: int
    place: str


class Change(msgspec.Struct, frozen=True, array_like=True):
    """What stands behind an upstream id from now on: an entry that is free, or nothing that can be offered."""

    id: str
    entry: Entry | None = None


_entries = msgspec.msgpack.Decoder(list[Entry])
_changes = msgspec.msgpack.Decoder(list[Change])


@dataclass
class GenerationStore:
    """One index of an estate. Everything raises RedisError or OSError while Redis is away."""

    redis: Redis
    name: str = "bff:free"

    @property
    def _current(self) -> str:
        return f"{{{self.name}}}:current"

    @property
    def _stream(self) -> str:
        return f"{{{self.name}}}:changes"

    @property
    def _lock(self) -> str:
        return f"{{{self.name}}}:building"

    @property
    def _chunks(self) -> str:
        return f"{{{self.name}}}:chunk:"

    def _chunk(self, name: str, number: int) -> str:
        return f"{self._chunks}{name}:{number}"

    async def current(self) -> Generation | None:
        found = await self.redis.get(self._current)
        return None if found is None else msgspec.json.decode(found, type=Generation)

    async def load(self, generation: Generation) -> list[Entry] | None:
        """Its entries; None when a piece is gone."""
        keys = [self._chunk(generation.name, number) for number in range(generation.chunks)]
        pieces: list[Any] = [await self.redis.get(key) for key in keys]
        if None in pieces:
            return None
        return [entry for piece in pieces for entry in _entries.decode(zlib.decompress(piece))]

    async def forget(self, generation: Generation) -> None:
        """It is of no use: let another be built. Nothing happens when there is another by now."""
        await self.redis.eval(_REMOVE, 1, self._current, msgspec.json.encode(generation).decode())

    async def publish(self, token: str, entries: Sequence[Entry], *, at: float, place: str) -> Generation | None:
        """Make these the current generation; None when somebody else builds, or has built, by now.

        `place`: where the stream was when reading them began.
        """
        name = secrets.token_hex(8)
        pieces = range(0, len(entries), _CHUNK)
        for number, start in enumerate(pieces):
            packed = zlib.compress(msgspec.msgpack.encode(entries[start : start + _CHUNK]), 1)
            await self.redis.set(self._chunk(name, number), packed, ex=_LOST_SECONDS)
        made = Generation(name, at, len(pieces), len(entries), place)
        published: Any = await self.redis.eval(
            _PUBLISH,
            3,
            self._current,
            self._stream,
            self._lock,
            msgspec.json.encode(made).decode(),
            self._chunks,
            str(_OLD_SECONDS),
            str(_LOST_SECONDS * 1000),
            place,
            token,
        )
        return made if published else None

    async def place(self) -> str:
        """Where the stream of changes is now."""
        last: Any = await self.redis.xrevrange(self._stream, count=1)
        return last[0][0].decode() if last else "0-0"

    async def tell(self, changes: Iterable[Change]) -> None:
        packed = msgspec.msgpack.encode(list(changes))
        await self.redis.xadd(self._stream, {"c": packed}, maxlen=_MOST_CHANGES, approximate=True)

    async def changes(self, place: str) -> tuple[list[Change], str]:
        """What was told after a place, in order, and the place to look from next time."""
        found: Any = await self.redis.xrange(self._stream, min=f"({place}", count=_LOOK_AT_ONCE)
        told = [change for _, fields in found for change in _changes.decode(fields[b"c"])]
        return told, found[-1][0].decode() if found else place

    async def begin(self, token: str, seconds: float) -> bool:
        """Whether this process is to build now; nobody else will for so many seconds."""
        return bool(await self.redis.set(self._lock, token, nx=True, px=int(seconds * 1000)))

    async def still(self, token: str, seconds: float) -> bool:
        """Go on building; False when somebody else does by now."""
        return bool(await self.redis.eval(_RENEW, 1, self._lock, token, str(int(seconds * 1000))))

    async def end(self, token: str) -> None:
        await self.redis.eval(_REMOVE, 1, self._lock, token)
