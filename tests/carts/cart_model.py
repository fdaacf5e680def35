"""What a shopper may believe of a cart: a plain model, told every answer, that objects to whatever cannot be true.

A line is its offering and its quantity: no two lines that shoppers ask for have the same of both, and no cart has two
lines of one offering that they asked for. What a version holds is settled once, by the first answer that shows it, and
the same for everybody afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

from domain.carts.operations import MAX_QUANTITY
from tests.carts.cart_system import Contents


@dataclass
class Change:
    """What was asked by whom under one key, since when, and what the cart would hold then.

    `unsure`: it was left open once.
    """

    caller: str | None
    key: str
    base: int
    wanted: Contents
    body: object
    asked_at: float
    acknowledged: bool = False
    unsure: bool = False


@dataclass
class View:
    """A cart as a tab shows it: offering and quantity by line id."""

    version: int
    lines: dict[str, tuple[str, int]]

    @property
    def contents(self) -> Contents:
        return tuple(sorted(self.lines.values()))


@dataclass
class CartModel:
    """One cart. `foreign` tells what its upstream's own doing made of it, which may become a version.

    `token` opens it while it is a guest's, which it is until it has an `owner`: from version `taken_at` on, if it was
    not made for one. `ended`: it was dropped, merged, or another was put in its place. `claimed`: what the versions may
    hold that a claim has made.
    """

    id: str
    token: str | None
    foreign: Callable[[], set[Contents]]
    owner: str | None = None
    history: dict[int, Contents] = field(default_factory=lambda: {1: ()})
    open: dict[int, list[Contents]] = field(default_factory=dict)
    claimed: dict[int, set[Contents]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    views: list[View] = field(default_factory=lambda: [View(1, {})])
    over: bool = False
    ended: bool = False
    taken_at: int | None = None

    @property
    def latest(self) -> int:
        return max(self.history)

    def is_for(self, caller: str | None) -> bool:
        """Whether somebody signed in, or a guest who has its token, may see it."""
        return self.owner == caller and not (self.ended and caller is None)

    def possible(self, version: int, *, over: bool = False) -> set[Contents]:
        """What a version may hold. The end of a cart is a version too."""
        if version in self.history:
            return {self.history[version]}
        if version in self.claimed:
            return self.claimed[version]
        came = {*self.open.get(version, ()), *self.foreign()}
        return came | self.possible(version - 1, over=over) if over else came

    def shown(self, view: View, *, over: bool) -> None:
        """Somebody was shown the cart like this."""
        known = self.history.get(view.version)
        if known is None:
            assert view.version > self.latest, f"version {view.version} after {self.latest}"
            possible = self.possible(view.version, over=over)
            assert view.contents in possible, f"nobody asked for {view}; possible were {possible}"
            self.history[view.version] = view.contents
        else:
            assert known == view.contents, f"version {view.version} held {known} before, and not {view.contents}"
            assert view.version == self.latest, f"back to version {view.version} from {self.latest}"
        assert over or not self.over, "what is over came back to life"
        self.over = over
        if view != self.views[-1]:
            self.views.append(view)

    def was_shown(self, view: View) -> None:
        """The same, by an answer that comes late: there may have been later versions."""
        if view.version > self.latest:
            possible = self.possible(view.version, over=True)
            assert view.contents in possible, f"nobody asked for {view}; possible were {possible}"
        else:
            assert self.history.get(view.version, view.contents) == view.contents, f"{view} was shown otherwise before"

    def acknowledged(self, change: Change) -> None:
        version = change.base + 1
        assert version not in self.claimed, f"{change} is acknowledged, and a claim made that version"
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

    # ------------------------------------------------------------ claims

    def taken(self, version: int, owner: str) -> None:
        """A guest's cart belongs to somebody from a version on, which holds what the one before held."""
        assert self.owner is None, f"it was {self.owner}'s, and is {owner}'s"
        assert not self.ended, f"it was over, and is {owner}'s"
        self.claimed[version] = self.possible(version - 1)
        self.owner, self.taken_at = owner, version

    def merged(self, version: int, guest: "CartModel", guest_version: int) -> None:
        """A guest's cart, as it was at a version, is in this one from a version on.

        What the cart system had kept of an earlier merge of the two is in both, and is not summed.
        """
        mine, theirs = self.possible(version - 1), guest.possible(guest_version)
        self.claimed[version] = {both(one, other) for one in mine for other in theirs}
        if self.foreign():
            self.claimed[version] |= {each for one in mine for other in theirs for each in overlapping(one, other)}

    def end(self) -> None:
        assert not self.ended, "it was over before"
        self.ended = True


def both(mine: Contents, theirs: Contents) -> Contents:
    """What two carts come to: lines of one offering are summed, as far as one line goes."""
    lines = list(mine)
    for offering, quantity in theirs:
        twin = next((each for each in lines if each[0] == offering and each[1] + quantity <= MAX_QUANTITY), None)
        if twin is not None:
            lines.remove(twin)
        lines.append((offering, quantity + (0 if twin is None else twin[1])))
    return tuple(sorted(lines))


def overlapping(mine: Contents, theirs: Contents) -> set[Contents]:
    """What two carts come to if some of the lines of the other are in the one already, perhaps in another number."""
    known = dict(mine)
    shared = [each for each in theirs if each[0] in known]
    results = set()
    for chosen in product((False, True), repeat=len(shared)):
        same = [each for each, is_same in zip(shared, chosen, strict=True) if is_same]
        lines = list(mine)
        for offering, quantity in same:
            lines.remove((offering, known[offering]))
            lines.append((offering, max(known[offering], quantity)))
        left = list(theirs)
        for each in same:
            left.remove(each)
        results.add(both(tuple(lines), tuple(left)))
    return results
