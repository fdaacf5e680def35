"""How a number is brought along."""

from datetime import datetime
from uuid import UUID

import strawberry

from schema.inputs.scalars import E164

_ACCOUNT = "The account at the provider that has the number; passed on and not kept."
_CODE = "What that provider gave out for it (PAC, OSS-PIN); passed on and not kept."


@strawberry.input(description="A number that shall come to a line of a cart.")
class RequestPortInInput:
    idempotency_key: UUID = strawberry.field(
        description="Made up anew for each number; sent again, it brings the same port-in."
    )
    cart_id: strawberry.ID = strawberry.field(description="The cart.")
    line_id: strawberry.ID = strawberry.field(description="The line that the number shall come to.")
    msisdn: E164 = strawberry.field(description="The number; a mobile one.")
    donor: str | None = strawberry.field(default=None, description="Who has the number now; null: as it is known.")
    account_number: str | None = strawberry.field(default=None, description=_ACCOUNT)
    authorisation_code: str | None = strawberry.field(default=None, description=_CODE)
    wanted_at: datetime | None = strawberry.field(default=None, description="When it shall come; null: soon.")


@strawberry.input(description="What of a rejected port-in is told anew. What is left out or null stays.")
class CorrectPortInInput:
    idempotency_key: UUID = strawberry.field(description="Made up anew for each correction; sent again, it asks once.")
    port_in_id: strawberry.ID = strawberry.field(description="The port-in.")
    donor: str | None = strawberry.field(default=None, description="Who has the number now.")
    account_number: str | None = strawberry.field(default=None, description=_ACCOUNT)
    authorisation_code: str | None = strawberry.field(default=None, description=_CODE)
    wanted_at: datetime | None = strawberry.field(default=None, description="When it shall come.")
