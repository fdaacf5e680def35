"""Which offerings of a dump answer a condition, and in which order they stand: what every page is put together from.

A set of offerings is one integer with a bit for each position, so that a filter is a few ANDs and a total is a count of
bits, whatever the filter. Sets and orders are read from the file when they are first needed, and kept.
What a newcomer would get wrong: positions have gaps, and what is kept is only true of one state of the file.
"""

import asyncio
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import msgspec

from dataloaders.lru import ByteLRU
from domain.catalog.dumps.file import DumpFile
from domain.catalog.dumps.tables import ALL_SEGMENTS, search_table
from domain.catalog.kinds import OfferingSort
from domain.catalog.rules import ShopRules

T = TypeVar("T")

_KEPT_BYTES = 24_000_000
_SMALL_BYTES = 200
# Up to this many offerings are sorted by their place in an order; more are met soon enough by going through it.
_FEW = 3_000
_HIDDEN, _OFFERED, _FLAGGED, _BUNDLE, _SEGMENTS = 1, 2, 4, 8, 4
_NO, _YES = b"01"
_NUMBERS = msgspec.json.Decoder(list[int])

_ORDERS = {
    OfferingSort.NEWEST: ("SELECT position FROM offering ORDER BY -newest, position",),
    OfferingSort.PRICE_ASC: (
        "SELECT position FROM offering WHERE price IS NOT NULL ORDER BY once, price, position",
        "SELECT position FROM offering WHERE price IS NULL ORDER BY position",
    ),
    OfferingSort.PRICE_DESC: (
        "SELECT position FROM offering WHERE price IS NOT NULL ORDER BY once, -price, position",
        "SELECT position FROM offering WHERE price IS NULL ORDER BY position",
    ),
}
_BY_NAME = "SELECT position FROM offering_name WHERE language = ? ORDER BY name, position"
_NOT_NOW = "SELECT position FROM offering WHERE starts > ? UNION SELECT position FROM offering WHERE ends <= ?"
_UNTIL = "SELECT min(starts) FROM offering WHERE starts > ? UNION ALL SELECT min(ends) FROM offering WHERE ends > ?"
_SINCE = "SELECT max(starts) FROM offering WHERE starts <= ? UNION ALL SELECT max(ends) FROM offering WHERE ends <= ?"


@dataclass(frozen=True)
class Ranking:
    """All offerings in one order: the positions, and at each position its place."""

    positions: "array[int]"
    places: "array[int]"

    def go_through(self, offerings: int, behind: int | None) -> Iterator[int]:
        """The positions of some offerings in this order, from behind a position on."""
        start = 0 if behind is None else self.places[behind] + 1
        if offerings.bit_count() <= _FEW:
            places = sorted(self.places[position] for position in members(offerings))
            return (self.positions[place] for place in places if place >= start)
        marks = _marks(offerings)
        end = len(marks)
        return (p for p in self.positions[start:] if p < end and marks[p] == "1")


@dataclass
class OfferingIndex:
    """The sets and orders of one dump file, under the operator's rules."""

    file: DumpFile
    rules: ShopRules
    _kept: ByteLRU[Any] = field(default_factory=lambda: ByteLRU(_KEPT_BYTES))
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _version: int = -1

    def prepare(self) -> None:
        """Read what nearly every page needs. Takes a while; not on the event loop."""
        self._keep("traits", self._read_traits, len)  # every offering is for some segment, so none has a zero
        for sort in OfferingSort:
            for language in self.file.languages if sort is OfferingSort.NAME else ("",):
                self._keep(f"order:{sort.value}:{language}", partial(self._read_order, sort, language), _size)

    # ------------------------------------------------------------------ sets

    async def visible(self, segments: int) -> int:
        """Offerings that are no drafts, and for any of some segments."""
        return await self._with_traits(f"visible:{segments}", lambda t: not t & _HIDDEN and t >> _SEGMENTS & segments)

    async def in_segment(self, segment: int) -> int:
        return await self._with_traits(f"segment:{segment}", lambda t: t >> _SEGMENTS & segment)

    async def bundles(self, *, wanted: bool) -> int:
        bundles = await self._with_traits("bundles", lambda t: t & _BUNDLE)
        return bundles if wanted else await self._all() & ~bundles

    async def sellable(self, channel: str, now: datetime, *, wanted: bool) -> int:
        """Offerings that can, or cannot, be bought in a channel (folded) at a moment."""
        offered = await self._with_traits("offered", lambda t: t & _OFFERED and t & _FLAGGED)
        elsewhere = await self._set(
            f"elsewhere:{channel}",
            "SELECT position FROM offering WHERE channels <> '' AND NOT instr(channels, ?)",
            (f",{channel},",),
        )
        _, _, not_now = await self._timed(now.timestamp())
        can = offered & ~elsewhere & ~not_now
        return can if wanted else await self._all() & ~can

    async def in_categories(self, categories: frozenset[str]) -> int:
        ids = sorted(categories)
        sql = f"SELECT position FROM offering_category WHERE category IN ({','.join('?' * len(ids))})"  # noqa: S608
        return await self._set(f"categories:{ids}", sql, ids)

    async def with_word(self, word: str, language: str, *, in_name: bool) -> int:
        """Offerings with a word that begins so, in their name or anywhere. `word` has letters and digits only."""
        table = search_table(language)
        match = f'name : "{word}" *' if in_name else f'"{word}" *'
        sql = f"SELECT rowid FROM {table} WHERE {table} MATCH ?"  # noqa: S608  (a name of letters only)
        return await self._set(f"word:{language}:{in_name}:{word}", sql, (match,))

    async def changes_at(self, now: datetime) -> float:
        """When the next offering begins or ends (seconds since the epoch)."""
        return (await self._timed(now.timestamp()))[1]

    async def _timed(self, now: float) -> tuple[float, float, int]:
        """Offerings that have not begun or have ended; behind the beginning or end since when, and until when."""
        kept: tuple[float, float, int] | None = self._get("not-now")
        if kept is None or not kept[0] <= now < kept[1]:
            kept = await self._made("not-now", lambda: self._read_not_at(now), _size_of_timed, anew=True)
        return kept

    async def _all(self) -> int:
        return await self._with_traits("all", lambda t: t)

    async def _with_traits(self, name: str, test: Callable[[int], int]) -> int:
        known: int | None = self._get(name)
        if known is not None:
            return known
        table = bytes(_YES if test(each) else _NO for each in range(256))
        return await self._made(name, lambda: _from_marks(self._traits().translate(table)), _size_of_set)

    def _traits(self) -> bytes:
        """For what is made of them just now, and kept: that is of the same state of the file as they are."""
        known: bytes | None = self._get("traits")
        return self._keep("traits", self._read_traits, len) if known is None else known

    async def _set(self, name: str, sql: str, values: Sequence[Any]) -> int:
        return await self._made(name, lambda: from_members(self._numbers(sql, values)), _size_of_set)

    # ------------------------------------------------------------------ orders and single offerings

    async def ranking(self, sort: OfferingSort, language: str) -> Ranking:
        name = f"order:{sort.value}:{language if sort is OfferingSort.NAME else ''}"
        return await self._made(name, lambda: self._read_order(sort, language), _size)

    def position(self, offering: str) -> int | None:
        rows = self.file.rows("SELECT position FROM offering WHERE id = ?", (offering,))
        return rows[0][0] if rows else None

    def ids(self, positions: Sequence[int]) -> list[str]:
        sql = f"SELECT position, id FROM offering WHERE position IN ({','.join('?' * len(positions))})"  # noqa: S608
        known = dict(self.file.rows(sql, positions))
        return [known[position] for position in positions if position in known]

    # ------------------------------------------------------------------ reading

    def _read_traits(self) -> bytes:
        """A byte for each position: what the file says of the offering, in the operator's words."""
        words = (self.rules.hidden, self.rules.sellable)
        hidden, offered = (",".join(f"'{word}'" for word in sorted(each)) for each in words)
        traits = (
            f"(status IN ({hidden})) * {_HIDDEN} + (status IN ({offered})) * {_OFFERED} "
            f"+ is_sellable * {_FLAGGED} + is_bundle * {_BUNDLE} + (segments & {ALL_SEGMENTS}) * {1 << _SEGMENTS}"
        )
        positions = self._numbers("SELECT position FROM offering ORDER BY position")
        values = self._numbers(f"SELECT {traits} FROM offering ORDER BY position")  # noqa: S608  (folded words only)
        found = bytearray(positions[-1] + 1 if positions else 1)
        for position, value in zip(positions, values, strict=False):
            found[position] = value
        return bytes(found)

    def _read_order(self, sort: OfferingSort, language: str) -> Ranking:
        if sort is OfferingSort.NAME:
            positions = self._numbers(_BY_NAME, (language,))
        else:
            positions = [position for sql in _ORDERS[sort] for position in self._numbers(sql)]
        places = array("I", bytes(4 * (max(positions, default=0) + 1)))
        for place, position in enumerate(positions):
            places[position] = place
        return Ranking(array("I", positions), places)

    def _read_not_at(self, now: float) -> tuple[float, float, int]:
        since = [at for (at,) in self.file.rows(_SINCE, (now, now), aside=True) if at is not None]
        until = [at for (at,) in self.file.rows(_UNTIL, (now, now), aside=True) if at is not None]
        not_now = from_members(self._numbers(_NOT_NOW, (now, now)))
        return max(since, default=float("-inf")), min(until, default=float("inf")), not_now

    def _numbers(self, sql: str, values: Sequence[Any] = ()) -> list[int]:
        """One column of numbers, handed over as one text: a row at a time would take five times as long."""
        ((text,),) = self.file.rows(f"WITH t(n) AS ({sql}) SELECT group_concat(n) FROM t", values, aside=True)  # noqa: S608
        return _NUMBERS.decode(f"[{text or ''}]")

    # ------------------------------------------------------------------ what is kept

    def _get(self, name: str) -> Any:
        if self._version != self.file.version:
            self._kept, self._version = ByteLRU(_KEPT_BYTES), self.file.version
        return self._kept.get(name)

    async def _made(self, name: str, make: Callable[[], T], size: Callable[[T], int], *, anew: bool = False) -> T:
        """What is kept, or else made on a thread, by one request for all that wait."""
        known: T | None = None if anew else self._get(name)
        if known is None:
            async with self._turn:
                known = None if anew else self._get(name)
                if known is None:
                    known = await asyncio.to_thread(self._keep, name, make, size)
        return known

    def _keep(self, name: str, make: Callable[[], T], size: Callable[[T], int]) -> T:
        self._get(name)
        kept, made = self._kept, make()  # where the file changes meanwhile, others have taken the place of these
        kept.put(name, made, _SMALL_BYTES + size(made))
        return made


def from_members(positions: Iterable[int]) -> int:
    """The set of some positions."""
    wanted = list(positions)
    if not wanted:
        return 0
    marks = bytearray(b"0") * (max(wanted) + 1)
    for position in wanted:
        marks[position] = _YES
    return _from_marks(marks)


def members(offerings: int, behind: int | None = None) -> Iterator[int]:
    """The positions in a set, ascending, from behind a position on."""
    marks = _marks(offerings)
    position = marks.find("1", 0 if behind is None else behind + 1)
    while position >= 0:
        yield position
        position = marks.find("1", position + 1)


def _from_marks(marks: bytes | bytearray) -> int:
    return int(bytes(marks[::-1]), 2)


def _marks(offerings: int) -> str:
    return format(offerings, "b")[::-1]


def _size_of_set(offerings: int) -> int:
    return offerings.bit_length() // 7


def _size_of_timed(timed: tuple[float, float, int]) -> int:
    return _size_of_set(timed[2])


def _size(ranking: Ranking) -> int:
    return 4 * (len(ranking.positions) + len(ranking.places))
