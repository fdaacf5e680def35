"""Free numbers and cards as one process keeps them: small, and quick to draw from at random.

The values of one tier, or of one kind of card, stand in order, so that a prefix is a range of lines; for every two and
three digits it is known in which lines they stand, so that any other pattern is looked for in few of them. What changes
is written beside it, by the upstream's id; now and then all is arranged anew.

Why a draw is uniform: trying lines at random prefers none of those that match, and choosing among all of them does not
either. Which of the two is done depends on how many tries hit, and not on which lines they hit.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import msgspec

from domain.reservations.model import Candidate, NumberTier, ResourceKind, SimKind

Label = NumberTier | SimKind
"""What numbers and cards are arranged by."""

_LABELS: dict[str, Label] = {**{each.value: each for each in NumberTier}, **{each.value: each for each in SimKind}}
_TRIES, _FIRST_TRIES = 2_000, 250
_MOST_TAKEN, _MOST_PUT = 5_000, 500
_END = "\n"
_PIECE = 3
_AFTER_DIGITS = ":"  # ASCII's next character after 9


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A free number or card as it is kept: its label, its digits, and its id upstream."""

    label: str
    value: str
    id: str

    @classmethod
    def of(cls, candidate: Candidate) -> "Entry":
        return cls((candidate.sim or candidate.tier).value, candidate.value, candidate.upstream_id)

    def candidate(self) -> Candidate:
        label = _LABELS[self.label]
        if isinstance(label, SimKind):
            return Candidate(ResourceKind.SIM, self.id, self.value, sim=label)
        return Candidate(ResourceKind.NUMBER, self.id, self.value, label)


@dataclass(frozen=True)
class Wanted:
    """What is drawn from: some labels, and what the digits must be like. `excluding`: values that must not come."""

    labels: frozenset[Label]
    prefix: str = ""
    contains: str = ""
    ends_with: str = ""
    excluding: frozenset[str] = frozenset()

    def fits(self, value: str) -> bool:
        return (
            value.startswith(self.prefix)
            and self.contains in value
            and value.endswith(self.ends_with)
            and value not in self.excluding
        )

    def takes(self, entry: Entry) -> bool:
        return _LABELS[entry.label] in self.labels and self.fits(entry.value)

    def without(self, values: Iterable[str]) -> "Wanted":
        return replace(self, excluding=self.excluding.union(values))


@dataclass(frozen=True)
class _Block:
    """What has one label: values in order, and their ids in the same order.

    `pieces`: the lines that hold these two or three characters, where the end of a value counts as one. They tell where
    a pattern can be at all; cards have none.
    """

    label: Label
    values: Sequence[str]
    ids: Sequence[str]
    pieces: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, label: Label, ids: Mapping[str, str]) -> "_Block":
        """`ids` by value."""
        values = sorted(ids)
        pieces = _pieces(values) if isinstance(label, NumberTier) else {}
        return cls(label, values, [ids[value] for value in values], pieces)

    def entry(self, line: int) -> Entry:
        return Entry(self.label.value, self.values[line], self.ids[line])

    def holding(self, wanted: Wanted) -> Sequence[int]:
        """Lines with the prefix that may fit besides: none that fits is left out."""
        first = bisect_left(self.values, wanted.prefix)
        lines = range(first, bisect_left(self.values, wanted.prefix + _AFTER_DIGITS, lo=first))
        texts = (wanted.contains, wanted.ends_with and wanted.ends_with + _END)
        lists = [self.pieces.get(piece, ()) for text in texts for piece in _cut(text, min(len(text), _PIECE))]
        narrow = [each[bisect_left(each, lines.start) : bisect_left(each, lines.stop)] for each in lists]
        return min([lines, *narrow], key=len)


_Place = tuple[_Block | None, int]
"""A line of a block; without a block, one of what was put there lately."""
_Places = Sequence[tuple[_Block, Sequence[int]]]


def _cut(text: str, size: int) -> set[str]:
    """The pieces of a text; none of fewer than two characters."""
    return {text[at : at + size] for at in range(len(text) - size + 1)} if size > 1 else set()


def _pieces(values: Sequence[str]) -> dict[str, "array[int]"]:
    found: dict[str, array[int]] = defaultdict(lambda: array("I"))
    for line, value in enumerate(values):
        for size in range(2, _PIECE + 1):
            for piece in _cut(value + _END, size):
                found[piece].append(line)
    return dict(found)


@dataclass
class Shelf:
    """All that is free, as far as it is known. `_outdated`: ids of which the blocks do not tell the truth any more."""

    _blocks: Sequence[_Block] = ()
    _outdated: set[str] = field(default_factory=set)
    _put: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Shelf":
        """Arranged anew. A value that comes twice, or an id, counts once."""
        arranged: dict[Label, dict[str, str]] = {}
        known: set[str] = set()
        for entry in entries:
            if entry.id not in known and entry.label in _LABELS:
                known.add(entry.id)
                arranged.setdefault(_LABELS[entry.label], {})[entry.value] = entry.id
        return cls([_Block.of(label, those) for label, those in arranged.items()])

    def __len__(self) -> int:
        """How many, changes counted roughly."""
        return sum(len(block.ids) for block in self._blocks) - len(self._outdated) + 2 * len(self._put)

    @property
    def is_worn(self) -> bool:
        """Whether so much has changed that it should be arranged anew."""
        return len(self._outdated) > _MOST_TAKEN or len(self._put) > _MOST_PUT

    def entries(self) -> Iterator[Entry]:
        for block in self._blocks:
            for line, local in enumerate(block.ids):
                if local not in self._outdated:
                    yield block.entry(line)
        yield from self._put.values()

    def change(self, local_id: str, entry: Entry | None) -> None:
        """What stands behind an id now; None: nothing that is free."""
        self._outdated.add(local_id)
        self._put.pop(local_id, None)
        if entry is not None:
            self._put[local_id] = entry

    def draw(self, wanted: Wanted, count: int, rng: Random) -> list[Candidate]:
        """`count` of those that fit, or all where there are fewer, each as likely as any other, in random order."""
        places = [(block, block.holding(wanted)) for block in self._blocks if block.label in wanted.labels]
        lately = [entry for entry in self._put.values() if wanted.takes(entry)]
        found = self._tried(places, lately, wanted, count, rng)
        if found is None:
            every: list[_Place] = [(None, at) for at in range(len(lately))]
            every += [(block, line) for block, lines in places for line in self._matching(block, lines, wanted)]
            found = rng.sample(every, min(count, len(every)))
        return [(lately[at] if block is None else block.entry(at)).candidate() for block, at in found]

    def _tried(
        self, places: _Places, lately: Sequence[Entry], wanted: Wanted, count: int, rng: Random
    ) -> list[_Place] | None:
        """By trying at random; None where it is not likely to bring enough."""
        total = len(lately) + sum(len(lines) for _, lines in places)
        if total <= _TRIES:
            return None
        tried: set[int] = set()
        found: list[_Place] = []
        for number in range(_TRIES):
            if number == _FIRST_TRIES and len(found) * _TRIES < count * _FIRST_TRIES:
                return None
            at = int(rng.random() * total)
            if at in tried:
                continue
            tried.add(at)
            block, line = _place(places, lately, at)
            if block is None or self._fits(block, line, wanted):
                found.append((block, line))
                if len(found) == count:
                    return found
        return None

    def _matching(self, block: _Block, lines: Sequence[int], wanted: Wanted) -> list[int]:
        values, contains, end = block.values, wanted.contains, wanted.ends_with
        few = [line for line in lines if contains in values[line] and values[line].endswith(end)]
        return [line for line in few if self._fits(block, line, wanted)]

    def _fits(self, block: _Block, line: int, wanted: Wanted) -> bool:
        return wanted.fits(block.values[line]) and block.ids[line] not in self._outdated


def _place(places: _Places, lately: Sequence[Entry], at: int) -> _Place:
    if at < len(lately):
        return None, at
    at -= len(lately)
    for block, lines in places:
        if at < len(lines):
            return block, lines[at]
        at -= len(lines)
    raise IndexError(at)
