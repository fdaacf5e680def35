"""What a shopper may believe of a cart: a plain model, told every answer, that objects to whatever cannot be true.

A line is its quantity: no two lines that shoppers ask for have the same. What a version holds is settled once, by the
first answer that shows it, and the same for everybody afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

Quantities = tuple[int, ...]


@dataclass
class Change:
    """What was asked under one key, since when, and what the cart would hold then. `unsure`: it was left open once."""

    key: str
    base: int
    wanted: Quantities
    body: object
    asked_at: float
    acknowledged: bool = False
    unsure: bool = False


@dataclass
class View:
    """A cart as a tab shows it: the quantities by line id."""

    version: int
    lines: dict[str, int]

    @property
    def quantities(self) -> Quantities:
        return tuple(sorted(self.lines.values()))


@dataclass
class CartModel:
    """One cart. `foreign` tells what its upstream's own doing made of it, which may become a version."""

    id: str
    token: str
    foreign: Callable[[], set[Quantities]]
    alive_until: float
    history: dict[int, Quantities] = field(default_factory=lambda: {1: ()})
    open: dict[int, list[Quantities]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    views: list[View] = field(default_factory=lambda: [View(1, {})])
    over: bool = False

    @property
    def latest(self) -> int:
        return max(self.history)

    def shown(self, view: View, *, over: bool) -> None:
        """Somebody was shown the cart like this."""
        known = self.history.get(view.version)
        if known is None:
            self._justify(view, over=over)
            self.history[view.version] = view.quantities
        else:
            assert known == view.quantities, f"version {view.version} held {known} before"
            assert view.version == self.latest, f"back to version {view.version} from {self.latest}"
        assert over or not self.over, "what is over came back to life"
        self.over = over
        if view != self.views[-1]:
            self.views.append(view)

    def _justify(self, view: View, *, over: bool) -> None:
        assert view.version > self.latest, f"version {view.version} after {self.latest}"
        possible = {self.history[self.latest]}
        for version in range(self.latest + 1, view.version + 1):
            came = {*self.open.get(version, ()), *self.foreign()}
            possible = came | possible if over else came  # the end of a cart is a version too
        assert view.quantities in possible, f"nobody asked for {view}; possible were {possible}"

    def acknowledged(self, change: Change) -> None:
        version = change.base + 1
        assert self.history.setdefault(version, change.wanted) == change.wanted, f"{change} is acknowledged and not in"
        change.acknowledged = True

    def left_open(self, change: Change) -> None:
        change.unsure = True
        if change.base >= self.latest and change.wanted not in self.open.get(change.base + 1, ()):
            self.open.setdefault(change.base + 1, []).append(change.wanted)

    def refused(self, change: Change) -> None:
        assert not change.acknowledged, f"{change} was acknowledged before"
        alike = change.wanted in {each.wanted for each in self.changes if each is not change} | self.foreign()
        if not change.unsure and not alike and change.wanted != self.history.get(change.base):
            assert self.history.get(change.base + 1) != change.wanted, f"{change} is refused and in"

    def settled(self, version: int) -> None:
        """Nothing is under way any more: what is not in now will never be."""
        if version in self.history:
            self.open.clear()
