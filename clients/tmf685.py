"""TMF685 Resource Pool, v1: reservations that hold resources of TMF639 until they are cancelled or their time is over.

The file spells `valid_for` with an underscore, and means a moment. It has one related party, some servers an array.
"""

from datetime import datetime

import msgspec

from clients.parts import Json, Part, Ref, RelatedParty, party_body
from clients.tmf import Collection, Entity


class Applied(Part, frozen=True):
    """What a reservation took of a pool, by name."""

    resource: tuple[Ref, ...] = ()


class ReservationItem(Part, frozen=True):
    applied_capacity_amount: Applied | None = None


class Reservation(Entity, frozen=True):
    """`reservationState` is a free word."""

    reservation_state: str | None = None
    valid_for: str | None = msgspec.field(default=None, name="valid_for")
    related_party: RelatedParty | tuple[RelatedParty, ...] | None = None
    reservation_item: tuple[ReservationItem, ...] = ()

    def is_of(self, party: str) -> bool:
        given = self.related_party
        parties = given if isinstance(given, tuple) else (given,)
        return any(each is not None and each.id == party for each in parties)

    def names(self, resource: str) -> bool:
        """Whether it holds the resource of that id."""
        applied = (item.applied_capacity_amount for item in self.reservation_item)
        return any(each.id == resource for amount in applied if amount for each in amount.resource)


UPSTREAM = "tmf685"

RESERVATIONS = Collection(
    UPSTREAM,
    "reservation",
    Reservation,
    always=frozenset({"reservationState", "valid_for", "relatedParty", "reservationItem"}),
)

PARTY_FILTER = "relatedParty.id"


def new_reservation(resource: str, party: str, role: str, until: datetime | None) -> Json:
    """The body of a POST: one resource for one party, for good where no end is given."""
    taken = {"quantity": 1, "appliedCapacityAmount": {"resource": [{"id": resource}]}}
    body: Json = {
        "relatedParty": party_body(RelatedParty(id=party, name=party, role=role), "v4"),
        "reservationItem": [taken],
    }
    return body if until is None else {**body, "valid_for": until.isoformat(timespec="seconds")}


def state_patch(state: str) -> Json:
    """The body of a PATCH that ends a reservation."""
    return {"reservationState": state}
