"""What is reserved for a cart."""

from datetime import datetime

import strawberry

from domain.carts import outcome
from domain.reservations import reservation
from domain.reservations.model import ResourceKind
from domain.reservations.reservation import ReservationState
from engine import computed
from resolvers import reservations as resolve
from resolvers.context import Info
from schema.inputs.described import publish_enum
from schema.types.common import Node
from schema.types.errors import UserError
from schema.types.numbers import AvailableNumber

publish_enum(
    ResourceKind,
    "What can be reserved.",
    NUMBER="A phone number (MSISDN).",
    SIM="A SIM, by its number (ICCID).",
)
publish_enum(
    ReservationState,
    "Where a reservation stands.",
    HELD="Nobody else can have it until `expiresAt`.",
    IN_CHECKOUT="It is kept until the checkout has ended.",
    ASSIGNED="It is the customer's.",
    RELEASED="It was given back.",
    EXPIRED="Its time is over.",
)


@strawberry.type(description="A number or a SIM that is kept for a cart.")
class Reservation(Node):
    id: strawberry.ID = computed(resolve.reservation_id, description="The reservation's id.")
    kind: ResourceKind = strawberry.field(description="A number or a SIM.")
    state: ReservationState = strawberry.field(description="Where it stands.")
    resource: str = computed(
        resolve.reserved_resource,
        description="The number, as E.164; of a SIM the last four digits, and all of them once it is the customer's.",
    )
    expires_at: datetime = computed(resolve.reserved_until, description="Until when it is kept.")
    line_id: strawberry.ID | None = computed(
        resolve.reserved_line, description="The line it stands on; null: none yet."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, reservation.Reservation)


@strawberry.type(description="Somebody else has it.")
class NumberUnavailableError(UserError):
    alternatives: list[AvailableNumber] = computed(
        resolve.alternatives, description="Others of the same tier that are free; empty for SIMs."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, outcome.NumberUnavailable)
