"""Free numbers and cards as one process keeps them: small, and quick to draw from at random.

Equally long values of one tier or kind of card stand sorted in one text, a line each, so that a prefix is a range of
lines and anything else is found by `str.find` at the speed of C. What changes is written beside it, by the upstream's
id; now and then all is arranged anew.

Why a draw is uniform: trying lines at random prefers none of those that match, and so does choosing among all of them.
Whether there were enough hits among the tries, so that the second need not be done, depends on how many match and not
on which.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import msgspec

from domain.reservations.model import Candidate, NumberTier, ResourceKind, SimKind

Label = NumberTier | SimKind
"""What numbers and cards are arranged by."""

_LABELS: dict[str, Label] = {**{each.value: each for each in NumberTier}, **{each.value: each for each in SimKind}}
_TRIES = 1_000
_MOST_CHANGES = 5_000


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

    def takes(self, candidate: Candidate) -> bool:
        return (candidate.sim or candidate.tier) in self.labels and self.fits(candidate.value)

    def without(self, values: Iterable[str]) -> "Wanted":
        return replace(self, excluding=self.excluding.union(values))


@dataclass(frozen=True)
class _Block:
    """Values of `width` digits and one label, sorted, a line each in `text`; `ids` in the same order."""

    label: Label
    width: int
    text: str
    ids: Sequence[str]

    @classmethod
    def of(cls, label: str, width: int, entries: list[tuple[str, str]]) -> "_Block":
        entries.sort()
        text = "".join(f"{value}\n" for value, _ in entries)
        return cls(_LABELS[label], width, text, [each for _, each in entries])

    def value(self, line: int) -> str:
        start = line * (self.width + 1)
        return self.text[start : start + self.width]

    def lines(self, prefix: str) -> range:
        """Those that begin with the prefix."""
        if not prefix:
            return range(len(self.ids))
        length = len(prefix)
        every = range(len(self.ids))
        first = bisect_left(every, prefix, key=lambda line: self.value(line)[:length])
        return range(first, bisect_right(every, prefix, lo=first, key=lambda line: self.value(line)[:length]))

    def matching(self, lines: range, wanted: Wanted) -> Iterator[int]:
        """Those of the lines that fit, found by the rarer of the two texts that a line must hold."""
        step = self.width + 1
        start, stop = lines.start * step, lines.stop * step
        needles = [each for each in (wanted.contains, wanted.ends_with and wanted.ends_with + "\n") if each]
        if not needles:
            yield from (line for line in lines if wanted.fits(self.value(line)))
            return
        counted = len(needles) > 1
        needle = min(needles, key=lambda each: self.text.count(each, start, stop)) if counted else needles[0]
        at = self.text.find(needle, start, stop)
        while at >= 0:
            line = at // step
            if wanted.fits(self.value(line)):
                yield line
            at = self.text.find(needle, (line + 1) * step, stop)


@dataclass
class Shelf:
    """All that is free, as far as it is known. `put` and `take` are heard of one by one."""

    _blocks: Sequence[_Block] = ()
    _outdated: set[str] = field(default_factory=set)
    _put: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Shelf":
        """Arranged anew. A value that comes twice, or an id, counts once."""
        arranged: dict[tuple[str, int], dict[str, str]] = {}
        known: set[str] = set()
        for entry in entries:
            if entry.id not in known and entry.label in _LABELS:
                known.add(entry.id)
                arranged.setdefault((entry.label, len(entry.value)), {})[entry.value] = entry.id
        return cls([_Block.of(*key, list(those.items())) for key, those in arranged.items()])

    def __len__(self) -> int:
        """How many, changes counted roughly."""
        return sum(len(block.ids) for block in self._blocks) - len(self._outdated) + 2 * len(self._put)

    @property
    def is_worn(self) -> bool:
        """Whether so much has changed that it should be arranged anew."""
        return len(self._outdated) > _MOST_CHANGES

    def entries(self) -> Iterator[Entry]:
        for block in self._blocks:
            for line, local in enumerate(block.ids):
                if local not in self._outdated:
                    yield Entry(block.label.value, block.value(line), local)
        yield from self._put.values()

    def put(self, entry: Entry) -> None:
        """It is free now, and this is what it is."""
        self._outdated.add(entry.id)
        self._put[entry.id] = entry

    def take(self, local_id: str) -> None:
        """It is not free any more."""
        self._outdated.add(local_id)
        self._put.pop(local_id, None)

    def draw(self, wanted: Wanted, count: int, rng: Random) -> list[Candidate]:
        """`count` of those that fit, or all where there are fewer, each as likely as any other, in random order."""
        ranges = [(block, block.lines(wanted.prefix)) for block in self._blocks if block.label in wanted.labels]
        ranges = [(block, lines) for block, lines in ranges if lines]
        lately = [entry for entry in self._put.values() if wanted.takes(entry.candidate())]
        found = self._tried(ranges, lately, wanted, count, rng)
        if found is None:
            every = [*lately, *self._matching(ranges, wanted)]
            found = rng.sample(every, min(count, len(every)))
        return [entry.candidate() for entry in found]

    def _tried(
        self,
        ranges: Sequence[tuple[_Block, range]],
        lately: Sequence[Entry],
        wanted: Wanted,
        count: int,
        rng: Random,
    ) -> list[Entry] | None:
        """By trying lines at random; None where so many tries do not bring enough."""
        total = len(lately) + sum(len(lines) for _, lines in ranges)
        if total <= _TRIES:
            return None
        tried: set[int] = set()
        found: list[Entry] = []
        for _ in range(_TRIES):
            at = int(rng.random() * total)
            if at in tried:
                continue
            tried.add(at)
            entry = lately[at] if at < len(lately) else self._fitting(ranges, at - len(lately), wanted)
            if entry is not None:
                found.append(entry)
                if len(found) == count:
                    return found
        return None

    def _fitting(self, ranges: Sequence[tuple[_Block, range]], at: int, wanted: Wanted) -> Entry | None:
        for block, lines in ranges:
            if at < len(lines):
                return self._entry(block, lines[at], wanted)
            at -= len(lines)
        return None

    def _matching(self, ranges: Sequence[tuple[_Block, range]], wanted: Wanted) -> Iterator[Entry]:
        for block, lines in ranges:
            for line in block.matching(lines, wanted):
                if block.ids[line] not in self._outdated:
                    yield Entry(block.label.value, block.value(line), block.ids[line])

    def _entry(self, block: _Block, line: int, wanted: Wanted) -> Entry | None:
        value, local = block.value(line), block.ids[line]
        fits = local not in self._outdated and wanted.fits(value)
        return Entry(block.label.value, value, local) if fits else None
