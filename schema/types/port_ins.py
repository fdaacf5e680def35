"""Numbers on their way to us."""

from datetime import datetime

import strawberry

from domain.porting import model
from domain.porting.model import PortInReason, PortInStatus
from engine import computed
from resolvers import port_ins as resolve
from resolvers.context import Info
from schema.inputs.described import publish_enum
from schema.inputs.scalars import E164
from schema.types.common import Node

publish_enum(
    PortInStatus,
    "Where a number on its way stands.",
    DRAFT="It is being asked for; the provider is not known to have it yet.",
    REQUESTED="It was asked for.",
    VALIDATED="The provider that has it agreed.",
    SCHEDULED="It has a date: `scheduledAt`.",
    PORTED="It has come.",
    REJECTED="It was refused: `reason`. Where that is `fixable`, `correctPortIn` asks again.",
    CANCELLED="It was taken back.",
)
publish_enum(
    PortInReason,
    "Why a number does not come.",
    AUTHORISATION_CODE_WRONG="The authorisation code is wrong or no longer valid.",
    ACCOUNT_UNKNOWN="The other provider knows no such account for it.",
    DONOR_WRONG="It is not with the provider that was named.",
    DATE_NOT_POSSIBLE="It cannot come on the wanted date.",
    NOT_PORTABLE="It cannot be brought along.",
    OWN_NUMBER="It is with us already.",
    OTHER="The other provider refused for another reason.",
)


@strawberry.type(description="Whether a number can be brought along.")
class Portability:
    msisdn: E164 = strawberry.field(description="The number.")
    portable: bool = strawberry.field(description="Whether it can come.")
    donor: str | None = strawberry.field(description="Who has it now, as far as that is known.")
    earliest: datetime | None = computed(resolve.earliest, description="When it can come at the earliest.")
    requires: list[str] = strawberry.field(
        description="What `requestPortIn` needs: `accountNumber`, `authorisationCode`."
    )
    reason: PortInReason | None = strawberry.field(description="Why it cannot come: OWN_NUMBER or NOT_PORTABLE.")


@strawberry.type(description="A number on its way to a line of a cart.")
class PortIn(Node):
    id: strawberry.ID = computed(resolve.port_in_id, description="The port-in's id.")
    msisdn: E164 = strawberry.field(description="The number.")
    status: PortInStatus = strawberry.field(description="Where it stands.")
    donor: str = strawberry.field(description="Who has it, or had it.")
    reason: str | None = computed(resolve.reason_text, description="Why it was refused, for people, in English.")
    reason_code: PortInReason | None = computed(resolve.reason_code, description="Why it was refused; stable.")
    fixable: bool = strawberry.field(description="Whether `correctPortIn` can help.")
    correctable: list[str] = computed(resolve.correctable, description="What of `correctPortIn` has to be told anew.")
    scheduled_at: datetime | None = computed(resolve.scheduled_at, description="When it comes, or came.")

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, model.PortIn)
