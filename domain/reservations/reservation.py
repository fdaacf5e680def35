"""A reservation from its first moment to its end, and what of it a shopper sees.

    INTENT ── HELD ── IN_CHECKOUT ── ASSIGNING ── ASSIGNED ── RESTING
       │        │          │                          (given up)  │
       │        └──────────┴───── RELEASING ── RELEASED/EXPIRED ──┘
       └── LOST

Rows before the bar of each end are live: nobody else can have the resource. A row in INTENT, ASSIGNING or RELEASING has
a write under way, or one of which nobody knows what became of it.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from domain.reservations.model import Candidate, NumberTier, ResourceKind, SimKind

if TYPE_CHECKING:
    from store.reservations import Entry


class Step(Enum):
    """The states of a row in the journal."""

    INTENT = "INTENT"
    HELD = "HELD"
    IN_CHECKOUT = "IN_CHECKOUT"
    ASSIGNING = "ASSIGNING"
    ASSIGNED = "ASSIGNED"
    RELEASING = "RELEASING"
    RESTING = "RESTING"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    LOST = "LOST"


OVER = (Step.RELEASED, Step.EXPIRED, Step.LOST)
"""The ends. Such a row is live no more."""


class ReservationState(Enum):
    """Where a reservation stands, for its shopper."""

    HELD = "HELD"
    IN_CHECKOUT = "IN_CHECKOUT"
    ASSIGNED = "ASSIGNED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


_SHOWN = {
    Step.HELD: ReservationState.HELD,
    Step.IN_CHECKOUT: ReservationState.IN_CHECKOUT,
    Step.ASSIGNING: ReservationState.IN_CHECKOUT,
    Step.ASSIGNED: ReservationState.ASSIGNED,
    Step.RELEASING: ReservationState.RELEASED,
    Step.RESTING: ReservationState.RELEASED,
    Step.RELEASED: ReservationState.RELEASED,
    Step.EXPIRED: ReservationState.EXPIRED,
}


class Detail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What else the journal keeps of a candidate."""

    tier: NumberTier = NumberTier.STANDARD
    sim: SimKind | None = None


@dataclass(frozen=True)
class Reservation:
    """A resource that is a shopper's until a moment, in seconds since the epoch."""

    id: str
    kind: ResourceKind
    state: ReservationState
    candidate: Candidate
    cart_id: str
    line_id: str | None
    expires_at: float


def candidate_of(entry: "Entry") -> Candidate:
    detail = msgspec.json.decode(entry.detail, type=Detail)
    return Candidate(ResourceKind(entry.kind), entry.upstream_id, entry.resource, detail.tier, detail.sim)


def detail_of(candidate: Candidate) -> str:
    return msgspec.json.encode(Detail(tier=candidate.tier, sim=candidate.sim)).decode()


def shown(entry: "Entry", now: float) -> Reservation | None:
    """A row as its shopper sees it; None for one that never came about. What is over is over, swept or not."""
    step = Step(entry.state)
    state = _SHOWN.get(step)
    if state is None:
        return None
    if (step is Step.HELD and entry.expires_at <= now) or (step is Step.RELEASING and entry.reason == "expired"):
        state = ReservationState.EXPIRED
    return Reservation(
        entry.id,
        ResourceKind(entry.kind),
        state,
        candidate_of(entry),
        entry.cart_id,
        entry.line_id,
        entry.expires_at,
    )
