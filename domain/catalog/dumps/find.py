"""Finding offerings in a dump file: the same questions as on demand, answered by indexes.

Each page goes on from a key of its order, never from a count of rows, so that the thousandth page costs what the first
does. What a row says of visibility is what `rules` says of the offering; a test holds the two against each other.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clients.tmf620 import ProductOffering
from domain.catalog.cursors import Cursor
from domain.catalog.dumps.file import DumpFile, DumpReader
from domain.catalog.dumps.tables import ALL_SEGMENTS, SEGMENT_BITS, search_table
from domain.catalog.kinds import OfferingSort
from domain.catalog.questions import OfferingPage, Question
from domain.catalog.rules import fold
from kernel.context import RequestContext

# Up to this many offerings a category or segment is listed and looked up; above, each offering is asked whether it
# belongs, which finds the first page sooner.
_SMALL = 2_000
_COUNT_BYTES = 200
_COUNTS_GOOD_FOR_SECONDS = 30


@dataclass(frozen=True)
class Clause:
    """A condition with its values, in order."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Order:
    """Rows from some tables under some conditions, ascending by some columns; `o` is the offering."""

    columns: tuple[str, ...]
    where: tuple[Clause, ...] = ()
    tables: str = "offering o"


@dataclass(frozen=True)
class Search:
    """One question put to a dump file. Several orders are several results behind one another."""

    orders: tuple[Order, ...]
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class DumpFinder:
    """Answers questions from one dump file."""

    file: DumpFile
    offerings: DumpReader[ProductOffering]

    async def find(self, asked: Question) -> OfferingPage:
        """One page."""
        rows = self._page(self._search(asked, asked.now.timestamp()), asked.first + 1, asked.cursor)
        entities = await self.offerings.load_many(asked.ctx, [key for key, _ in rows[: asked.first]], frozenset())
        items = [
            (asked.cursor_at(position, entity), entity)
            for (_, position), entity in zip(rows, entities, strict=False)
            if isinstance(entity, ProductOffering)
        ]
        total = await self._count(asked) if asked.count else None
        return OfferingPage(items, len(rows) > asked.first, asked.cursor is not None, total)

    # ------------------------------------------------------------------ rows

    def _page(self, asked: Search, limit: int, cursor: Cursor | None) -> list[tuple[str, int]]:
        """(id, position) of at most `limit` rows after the cursor's."""
        start, bound = self._start(asked, cursor)
        rows: list[tuple[str, int]] = []
        for order in asked.orders[start:]:
            if len(rows) < limit:
                rows += self._rows(order, (*asked.clauses, *bound), limit - len(rows))
            bound = ()
        return rows

    def _rows(self, order: Order, clauses: Sequence[Clause], limit: int) -> list[tuple[str, int]]:
        where = (*order.where, *clauses)
        sql = (
            f"SELECT o.id, o.position FROM {order.tables} WHERE {_all(where)} "  # noqa: S608  (our own words only)
            f"ORDER BY {', '.join(order.columns)} LIMIT ?"
        )
        return self.file.connection.execute(sql, (*_values(where), limit)).fetchall()

    def _start(self, asked: Search, cursor: Cursor | None) -> tuple[int, tuple[Clause, ...]]:
        """In which order to go on, and from where: behind the cursor's offering, or the place it had if it is gone."""
        if cursor is None:
            return 0, ()
        for place, order in enumerate(asked.orders):
            where = (*order.where, Clause("o.id = ?", (cursor.id,)))
            columns = ", ".join(order.columns)
            sql = f"SELECT {columns} FROM {order.tables} WHERE {_all(where)}"  # noqa: S608
            key = self.file.connection.execute(sql, _values(where)).fetchone()
            if key is not None:
                return place, (Clause(f"({columns}) > ({', '.join('?' * len(key))})", tuple(key)),)
        return 0, (Clause("o.position > ?", (cursor.offset,)),)

    async def _count(self, asked: Question) -> int:
        """How many match. Counted aside, since it may take long, and good for half a minute."""
        wanted = self._search(asked, _coarse(asked.now.timestamp()), listing_categories=True)
        name = f"count:{wanted}"
        known: int | None = self.file.memory.get(name)
        if known is None:
            known = sum([await asyncio.to_thread(self._count_one, order, wanted.clauses) for order in wanted.orders])
            self.file.memory.put(name, known, _COUNT_BYTES + len(name))
        return known

    def _count_one(self, order: Order, clauses: Sequence[Clause]) -> int:
        where = (*order.where, *clauses)
        sql = f"SELECT count(*) FROM {order.tables} WHERE {_all(where)}"  # noqa: S608
        (found,) = self.file.aside.execute(sql, _values(where)).fetchone()
        return int(found)

    # ------------------------------------------------------------------ questions

    def _search(self, asked: Question, now: float, *, listing_categories: bool = False) -> Search:
        query, ctx = asked.query, asked.ctx
        clauses = [*self._visible(asked)]
        if query.segment is not None:
            clauses.append(self._in_segment(SEGMENT_BITS[query.segment]))
        if query.is_bundle is not None:
            clauses.append(Clause("o.is_bundle" if query.is_bundle else "NOT o.is_bundle"))
        if query.sellable is not None:
            clauses.append(self._sellable(asked, now, wanted=query.sellable))
        if asked.categories is not None:
            clauses.append(self._in_categories(asked.categories, listing=listing_categories))
        match = _match(asked.words)
        if match is not None and query.sort is not None:
            table = search_table(self.file.language(ctx))
            clauses.append(Clause(f"o.position IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)", (match,)))  # noqa: S608
        return Search(self._orders(ctx, query.sort, match), tuple(clauses))

    def _visible(self, asked: Question) -> Sequence[Clause]:
        hidden = tuple(sorted(asked.rules.hidden))
        bits = sum(SEGMENT_BITS[segment] for segment in asked.ctx.audience.segments)
        known = Clause(f"o.status NOT IN ({_marks(hidden)})", hidden)
        return (known,) if bits == ALL_SEGMENTS else (known, _for_any_of(bits))

    def _sellable(self, asked: Question, now: float, *, wanted: bool) -> Clause:
        statuses = tuple(sorted(asked.rules.sellable))
        sql = (
            f"(o.status IN ({_marks(statuses)}) AND o.is_sellable AND (o.starts IS NULL OR o.starts <= ?) "
            "AND (o.ends IS NULL OR ? < o.ends) AND (o.channels = '' OR instr(o.channels, ?)))"
        )
        values = (*statuses, now, now, f",{fold(asked.ctx.audience.channel)},")
        return Clause(sql if wanted else f"NOT {sql}", values)

    def _in_segment(self, bit: int) -> Clause:
        fitting = _for_any_of(bit)
        found = f"SELECT 1 FROM offering o WHERE {fitting.sql} LIMIT ?"  # noqa: S608
        values = (*fitting.values, _SMALL + 1)
        (size,) = self.file.connection.execute(f"SELECT count(*) FROM ({found})", values).fetchone()  # noqa: S608
        if size > _SMALL:
            return fitting
        return Clause(f"o.position IN (SELECT o.position FROM offering o WHERE {fitting.sql})", fitting.values)  # noqa: S608

    def _in_categories(self, categories: frozenset[str], *, listing: bool) -> Clause:
        ids = tuple(sorted(categories))
        sql = f"SELECT sum(size) FROM category_size WHERE category IN ({_marks(ids)})"  # noqa: S608
        (size,) = self.file.connection.execute(sql, ids).fetchone()
        belongs = f"c.category IN ({_marks(ids)})"
        if listing or (size or 0) <= _SMALL:
            return Clause(f"o.position IN (SELECT c.position FROM offering_category c WHERE {belongs})", ids)  # noqa: S608
        return Clause(
            f"EXISTS (SELECT 1 FROM offering_category c WHERE {belongs} AND c.position = o.position)",  # noqa: S608
            ids,
        )

    def _orders(self, ctx: RequestContext, sort: OfferingSort | None, match: str | None) -> tuple[Order, ...]:
        if sort is OfferingSort.NAME:
            language = Clause("n.language = ?", (self.file.language(ctx),))
            return (Order(("n.name", "n.position"), (language,), "offering_name n JOIN offering o USING (position)"),)
        if sort is OfferingSort.NEWEST:
            return (Order(("-o.newest", "o.position")),)
        if sort is not None:
            priced, unpriced = Clause("o.price IS NOT NULL"), Clause("o.price IS NULL")
            up = sort is OfferingSort.PRICE_ASC
            columns = ("o.once", "o.price" if up else "-o.price", "o.position")
            return Order(columns, (priced,)), Order(("o.position",), (unpriced,))
        if match is not None:
            return self._by_rank(search_table(self.file.language(ctx)), match)
        return (Order(("o.position",)),)

    def _by_rank(self, table: str, match: str) -> tuple[Order, ...]:
        """What has all words in its name, then what has some elsewhere."""
        tables = f"{table} s JOIN offering o ON o.position = s.rowid"
        in_name = f"{{name}} : ({match})"
        return tuple(
            Order(("s.rowid",), (Clause(f"{table} MATCH ?", (words,)),), tables)
            for words in (in_name, f"({match}) NOT ({in_name})")
        )


def _for_any_of(bits: int) -> Clause:
    """Offerings for at least one of some segments, as a list of values that an index can look up."""
    fitting = tuple(value for value in range(1, ALL_SEGMENTS + 1) if value & bits)
    return Clause(f"o.segments IN ({_marks(fitting)})", fitting)


def _match(words: Sequence[str]) -> str | None:
    """An FTS5 expression: every word begins a word of the row. The words have letters and digits only."""
    return " AND ".join(f'"{word}" *' for word in words) or None


def _coarse(now: float) -> float:
    return now - now % _COUNTS_GOOD_FOR_SECONDS


def _all(clauses: Sequence[Clause]) -> str:
    return " AND ".join(clause.sql for clause in clauses) or "1"


def _values(clauses: Sequence[Clause]) -> tuple[Any, ...]:
    return tuple(value for clause in clauses for value in clause.values)


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))
