"""What was asked and what was answered, and what of it cannot be true.

A line is told by its offering and quantity, its *mark*; nobody asks for the same mark twice in one cart. Of every
answer it is known when its question was sent and when it came, by one clock.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

Mark = tuple[str, int]


class Said(Enum):
    """What an answer says of the change: `LATER` that it is being carried out or has to wait, `UNKNOWN` nothing."""

    DONE = "done"
    REFUSED = "refused"
    LATER = "later"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Seen:
    """A cart as an answer showed it, the question sent at `sent`, the answer there at `came`."""

    cart: str
    version: int
    marks: tuple[Mark, ...]
    sent: float
    came: float


@dataclass
class Change:
    """One key: a mark to be added or removed, on top of a version, and every answer in the order they came."""

    cart: str
    key: str
    base: int
    mark: Mark
    adds: bool
    said: list[Said] = field(default_factory=list)

    @property
    def outcome(self) -> Said:
        """The last word. That it has to wait is one only where no earlier answer was lost."""
        if Said.DONE in self.said:
            return Said.DONE
        if Said.UNKNOWN in self.said and self.said[-1] is not Said.REFUSED:
            return Said.UNKNOWN
        return Said.REFUSED


@dataclass
class History:
    changes: list[Change] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def count(self) -> Counter[Said]:
        return Counter(change.outcome for change in self.changes)


def judge(history: History, final: Iterable[Seen], upstream: dict[str, tuple[Mark, ...]]) -> list[str]:
    """Everything that cannot be; nothing, where the carts are sound.

    `final`: every cart read through every gateway after all is healed; `upstream`: what the cart system holds then.
    """
    final = list(final)
    everything = [*history.seen, *final]
    return [
        *_versions(everything),
        *_order(everything),
        *_marks(history, everything),
        *_changes(history, everything),
        *_upstream(final, upstream),
    ]


def _versions(seen: Iterable[Seen]) -> Iterator[str]:
    """A version holds the same for everybody."""
    held: dict[tuple[str, int], tuple[Mark, ...]] = {}
    for each in seen:
        marks = tuple(sorted(each.marks))
        if held.setdefault((each.cart, each.version), marks) != marks:
            differing = sorted(set(marks) ^ set(held[each.cart, each.version]))
            yield f"{each.cart}: version {each.version} was shown with different lines: {differing}"


def _order(seen: Iterable[Seen]) -> Iterator[str]:
    """Whoever asks after an answer has come is shown no older version than that answer showed."""
    for cart, those in _by_cart(seen).items():
        came = sorted(those, key=lambda each: each.came)
        newest, place = 0, 0
        for each in sorted(those, key=lambda each: each.sent):
            while came[place].came < each.sent:
                newest = max(newest, came[place].version)
                place += 1
            if each.version < newest:
                yield f"{cart}: version {each.version} was shown after {newest}"


def _marks(history: History, seen: Iterable[Seen]) -> Iterator[str]:
    """Nothing is in twice, and nothing that nobody asked for in this cart."""
    asked = {(change.cart, change.mark) for change in history.changes if change.adds}
    odd: set[str] = set()
    for each in seen:
        for mark, count in Counter(each.marks).items():
            if count > 1:
                odd.add(f"{each.cart}: {mark} is in {count} times")
            if (each.cart, mark) not in asked:
                odd.add(f"{each.cart}: {mark} was never asked for")
    yield from sorted(odd)


def _changes(history: History, seen: Iterable[Seen]) -> Iterator[str]:
    """What was acknowledged is in and stays in until it is taken out; what was refused never is."""
    by_cart = _by_cart(seen)
    removals = {
        (each.cart, each.mark) for each in history.changes if not each.adds and each.outcome is not Said.REFUSED
    }
    winners: dict[tuple[str, int], str] = {}
    for change in history.changes:
        name = f"{change.cart}: {'adding' if change.adds else 'removing'} {change.mark} to version {change.base}"
        after = [each for each in by_cart[change.cart] if each.version > change.base]
        if change.outcome is Said.DONE:
            if winners.setdefault((change.cart, change.base), change.key) != change.key:
                yield f"{name} was acknowledged, and so was another change of that version"
            wrong = [each for each in after if (change.mark in each.marks) is not change.adds]
            if change.adds and (change.cart, change.mark) in removals:
                wrong = [each for each in wrong if each.version == change.base + 1]
            if wrong:
                yield f"{name} was acknowledged and is not so in version {wrong[0].version}"
        elif change.outcome is Said.REFUSED and change.adds:
            those = [each for each in by_cart[change.cart] if change.mark in each.marks]
            if those:
                yield f"{name} was refused and is in version {those[0].version}"


def _upstream(final: Iterable[Seen], upstream: dict[str, tuple[Mark, ...]]) -> Iterator[str]:
    for each in final:
        if sorted(each.marks) != sorted(upstream[each.cart]):
            held = len(upstream[each.cart])
            yield f"{each.cart}: reads {len(each.marks)} lines at the end, the cart system has {held}"


def _by_cart(seen: Iterable[Seen]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        found[each.cart].append(each)
    return found
