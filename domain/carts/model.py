"""A cart as the shop means it: lines, who may touch it, what the shopper was shown.

`Line` is kept as JSON in SQL, so a field may be added with a default and never renamed.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec

from domain.carts.configuration import Chosen
from domain.carts.pricing import SeenPrice, Total, totals
from domain.identity.contact import Contact
from kernel.context import Segment
from kernel.outcomes import Path


class CartState(Enum):
    """`ACTIVE` can be changed; `LOCKED` is in a checkout; the others have come to their end."""

    ACTIVE = "ACTIVE"
    LOCKED = "LOCKED"
    MERGED = "MERGED"
    ORDERED = "ORDERED"
    EXPIRED = "EXPIRED"


class LineAction(Enum):
    """What an order of this line does to the customer's products (TMF663, CartItemActionType)."""

    ADD = "ADD"
    MODIFY = "MODIFY"
    DELETE = "DELETE"
    NO_CHANGE = "NO_CHANGE"


class MergeMode(Enum):
    """What becomes of a guest's cart where the shopper has one already."""

    MERGE = "MERGE"
    USE_GUEST = "USE_GUEST"
    KEEP_EXISTING = "KEEP_EXISTING"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. A line inside a bundle names its `parent`, stands behind it, and counts once per one of it.

    `configuration` is written in the shop's first language, whatever the shopper's. `prices` are those that the shopper
    was shown for one when the line was added.
    `reductions` and `surcharges` name prices by id: those that reduced one, and those that a choice brought.
    `included` says how many of `quantity` the price of the bundle around it covers already.
    `upstream_id` is how the cart system calls the line, where it would not take our id.
    """

    id: str
    offering: str
    name: str = ""
    quantity: int = 1
    parent: str | None = None
    action: LineAction = LineAction.ADD
    configuration: Chosen = ()
    prices: tuple[SeenPrice, ...] = ()
    reductions: tuple[str, ...] = ()
    surcharges: tuple[str, ...] = ()
    included: int = 0
    upstream_id: str | None = None


def new_line_id() -> str:
    return "l" + secrets.token_hex(8)


@dataclass(frozen=True)
class Cart:
    """A cart at one version. Times are seconds since the epoch. `stale`: the cart system did not answer just now."""

    id: str
    version: int
    state: CartState
    segment: Segment
    currency: str
    lines: tuple[Line, ...]
    updated_at: float
    expires_at: float
    contact: Contact | None = None
    stale: bool = False

    def line(self, line_id: str) -> Line | None:
        return next((line for line in self.lines if line.id == line_id), None)

    @property
    def is_over(self) -> bool:
        """Whether it never changes any more."""
        return self.state not in (CartState.ACTIVE, CartState.LOCKED)

    def totals(self) -> tuple[Total, ...]:
        """What all lines come to, by kind of price and period, at the prices that were shown.

        Of what a bundle's own price covers only the surcharges count: the larger storage of a phone in a bundle.
        """
        counted = counts(self.lines)

        def charged() -> Iterator[tuple[int, Sequence[SeenPrice]]]:
            for line in self.lines:
                bundles = counted[line.parent] if line.parent else 1
                covered = min(line.included, line.quantity) * bundles
                yield counted[line.id] - covered, line.prices
                if covered:
                    yield covered, [price for price in line.prices if price.id in line.surcharges]

        return totals(charged())


@dataclass(frozen=True)
class LineInCart:
    """A line together with its cart, which knows what else it needs to be understood."""

    cart: Cart
    line: Line


@dataclass(frozen=True)
class Attachment:
    """All reservations that a line shall have, and the place in the input that asks for it."""

    path: Path
    line: str
    reservations: tuple[str, ...]


def counts(lines: tuple[Line, ...]) -> dict[str, int]:
    """How many of each line's offering the cart holds in all: a bundle's children count once per bundle."""
    known: dict[str, int] = {}
    for line in lines:  # a parent always stands before its children
        known[line.id] = line.quantity * (known.get(line.parent, 1) if line.parent else 1)
    return known


def below(lines: tuple[Line, ...], line_id: str) -> set[str]:
    """The ids of a line and of everything inside it."""
    inside = {line_id}
    for line in lines:
        if line.parent in inside:
            inside.add(line.id)
    return inside
