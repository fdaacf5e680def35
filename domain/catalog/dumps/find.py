"""Finding offerings in a dump file: the same questions as on demand, answered by sets and orders (`index`).

Each page goes on behind an offering, never after a count of rows, so that the thousandth page costs as the first does.
What the file says of an offering is what `rules` says of it; tests hold the two against each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from operator import and_, or_

from clients.tmf620 import ProductOffering
from domain.catalog.cursors import Cursor
from domain.catalog.dumps.file import DumpFile, DumpReader
from domain.catalog.dumps.index import OfferingIndex, Ranking, members
from domain.catalog.dumps.tables import SEGMENT_BITS
from domain.catalog.questions import OfferingPage, Question
from domain.catalog.rules import ShopRules, fold


@dataclass(frozen=True)
class Found:
    """What answers a question: sets of offerings behind one another, each in the order of `ranking` or of the dump."""

    parts: tuple[int, ...]
    ranking: Ranking | None = None

    @property
    def total(self) -> int:
        return sum(part.bit_count() for part in self.parts)

    def behind(self, position: int | None) -> Iterator[int]:
        """Positions in order, from behind one of them on."""
        start = 0
        if position is not None and len(self.parts) > 1:
            start = next((place for place, part in enumerate(self.parts) if part >> position & 1), 0)
        for part in self.parts[start:]:
            yield from members(part, position) if self.ranking is None else self.ranking.go_through(part, position)
            position = None


@dataclass
class DumpFinder:
    """Answers questions from one dump file."""

    file: DumpFile
    offerings: DumpReader[ProductOffering]
    _index: OfferingIndex | None = field(default=None)

    def index(self, rules: ShopRules) -> OfferingIndex:
        """The index under the rules of the shop, which are the same as long as the process lives."""
        if self._index is None or self._index.rules is not rules:
            self._index = OfferingIndex(self.file, rules)
        return self._index

    async def find(self, asked: Question) -> OfferingPage:
        """One page.

        Raises:
            UpstreamInvalidError: the file is damaged.
        """
        index = self.index(asked.rules)
        found = await self._found(index, asked)
        behind, skip = self._start(index, found, asked.cursor)
        positions = list(islice(found.behind(behind), skip, skip + asked.first + 1))
        entities = await self.offerings.load_many(asked.ctx, index.ids(positions[: asked.first]), frozenset())
        place = asked.cursor.offset + 1 if asked.cursor else 0
        items = [
            (asked.cursor_at(place + number, entity), entity)
            for number, entity in enumerate(entities)
            if isinstance(entity, ProductOffering)
        ]
        total = found.total if asked.count else None
        return OfferingPage(items, len(positions) > asked.first, asked.cursor is not None, total)

    def _start(self, index: OfferingIndex, found: Found, cursor: Cursor | None) -> tuple[int | None, int]:
        """Behind which position to go on, or, where the cursor's offering is gone, how many to leave out."""
        if cursor is None:
            return None, 0
        position = index.position(cursor.id)
        gone = position is None or (len(found.parts) > 1 and not any(part >> position & 1 for part in found.parts))
        return (None, cursor.offset) if gone else (position, 0)

    async def _found(self, index: OfferingIndex, asked: Question) -> Found:
        query, language = asked.query, self.file.language(asked.ctx)
        sets = [await index.visible(reduce(or_, (SEGMENT_BITS[s] for s in asked.ctx.audience.segments), 0))]
        if query.segment is not None:
            sets.append(await index.in_segment(SEGMENT_BITS[query.segment]))
        if query.is_bundle is not None:
            sets.append(await index.bundles(wanted=query.is_bundle))
        if query.sellable is not None:
            channel = fold(asked.ctx.audience.channel)
            sets.append(await index.sellable(channel, asked.now, wanted=query.sellable))
            if asked.ctx.reads is not None:
                asked.ctx.reads.note_change(await index.changes_at(asked.now))
        if asked.categories is not None:
            sets.append(await index.in_categories(asked.categories))
        sets += [await index.with_word(word, language, in_name=False) for word in asked.words]
        matching = reduce(and_, sets)
        if query.sort is not None:
            return Found((matching,), await index.ranking(query.sort, language))
        if not asked.words:
            return Found((matching,))
        # what has all words in its name, then what has some elsewhere
        named = reduce(and_, [await index.with_word(word, language, in_name=True) for word in asked.words])
        return Found((matching & named, matching & ~named))
