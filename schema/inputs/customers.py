"""How people and companies become customers, and how that is changed."""

from uuid import UUID

import strawberry

from schema.inputs.carts import AddressInput, ContactInput
from schema.inputs.roles import Role
from schema.inputs.scalars import E164


@strawberry.input(description="A person.")
class IndividualInput:
    given_name: str = strawberry.field(description="At most 100 characters.")
    family_name: str = strawberry.field(description="At most 100 characters.")
    birth_date: str | None = strawberry.field(
        default=None, description='A day (RFC 3339): "1987-04-12". The shop may require it.'
    )
    document_number: str | None = strawberry.field(
        default=None, description="Of a passport or identity card. The shop may require it."
    )
    contact: ContactInput = strawberry.field(description="With an e-mail address or a phone number at least.")


@strawberry.input(description="A company.")
class OrganizationInput:
    legal_name: str = strawberry.field(description="At most 200 characters.")
    registration_number: str = strawberry.field(description="In the register of the country of the billing address.")
    tax_id: str | None = strawberry.field(default=None, description="The shop may require it.")
    contact: ContactInput = strawberry.field(description="With an e-mail address or a phone number at least.")


@strawberry.input(one_of=True, description="Who becomes a customer. Exactly one of the fields is given.")
class PartyInput:
    individual: IndividualInput | None = strawberry.field(default=strawberry.UNSET, description="A consumer (B2C).")
    organization: OrganizationInput | None = strawberry.field(default=strawberry.UNSET, description="A company (B2B).")


@strawberry.input(description="How bills come, in the operator's words. What is left out is as usual.")
class BillingInput:
    cycle: str | None = strawberry.field(default=None, description="How often.")
    media: list[str] | None = strawberry.field(default=None, description="By which ways.")
    terms: str | None = strawberry.field(default=None, description="When they are to be paid.")


@strawberry.input(description="A new customer.")
class CreateCustomerInput:
    idempotency_key: UUID = strawberry.field(
        description="Made up anew for each customer; sent again, it brings the same one, or how far it is."
    )
    party: PartyInput = strawberry.field(description="Who.")
    billing_address: AddressInput = strawberry.field(description="Where bills go.")
    billing: BillingInput | None = strawberry.field(default=None, description="How bills come.")


@strawberry.input(description="Another contact for a customer.")
class UpdateProfileInput:
    idempotency_key: UUID = strawberry.field(
        description="Made up anew for each change; sent again, nothing is done twice."
    )
    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    contact: ContactInput = strawberry.field(description="It replaces what was known.")


@strawberry.input(description="Lets somebody act for a company.")
class InviteMemberInput:
    idempotency_key: UUID = strawberry.field(
        description="Made up anew for each invitation; sent again, nothing is done twice."
    )
    customer_id: strawberry.ID = strawberry.field(description="The company.")
    login: str = strawberry.field(
        description="The e-mail address or phone number they sign in with, or will. It is not told whether they do."
    )
    role: Role = strawberry.field(description="As what.")


@strawberry.input(
    description="Links a line that somebody has already: first without token and code, which sends a code to the line."
)
class LinkServiceInput:
    idempotency_key: UUID = strawberry.field(
        description="Made up anew for each line; sent again, nothing is done twice. Both calls may have the same."
    )
    customer_id: strawberry.ID = strawberry.field(description="The customer that the line joins.")
    msisdn: E164 = strawberry.field(description="The line's number.")
    challenge_token: str | None = strawberry.field(default=None, description="From the first call.")
    code: str | None = strawberry.field(default=None, description="The code that the line was sent.")
