"""How carts are made and changed."""

from uuid import UUID

import strawberry

from domain.carts.model import MergeMode
from schema.inputs.described import publish_enum
from schema.inputs.scalars import E164, CurrencyCode
from schema.inputs.segment import Segment

publish_enum(
    MergeMode,
    "What becomes of a guest's cart where there is another.",
    MERGE="Its lines are added to yours; equal ones are summed, but for those with a number or a SIM.",
    USE_GUEST="It takes the place of yours, which ends.",
    KEEP_EXISTING="It ends, and yours stays as it is.",
)


@strawberry.input(description="A name with a value: one thing that is chosen.")
class CharacteristicInput:
    name: str = strawberry.field(description="The characteristic's name, as the offering tells it in your language.")
    value: str = strawberry.field(description="The value as text.")


@strawberry.input(description="A postal address.")
class AddressInput:
    line1: str = strawberry.field(description="Street and number, at most 100 characters.")
    line2: str | None = strawberry.field(default=None, description="What else leads there, at most 100 characters.")
    city: str = strawberry.field(description="At most 100 characters.")
    postcode: str = strawberry.field(description="At most 20 characters.")
    country: str = strawberry.field(description='Two letters (ISO 3166-1): "GB".')


@strawberry.input(description="How the shopper can be reached. It replaces what was known.")
class ContactInput:
    email: str | None = strawberry.field(default=None, description="An e-mail address.")
    phone: E164 | None = strawberry.field(default=None, description="A phone number.")
    address: AddressInput | None = strawberry.field(default=None, description="A postal address.")
    reminder_consent: bool = strawberry.field(description="Whether a reminder of this cart is welcome.")


@strawberry.input(description="A new cart.")
class CreateCartInput:
    idempotency_key: UUID = strawberry.field(
        description="Made up anew for each cart; sent again, it brings the same cart and token."
    )
    segment: Segment | None = strawberry.field(default=Segment.B2C, description="For whom is bought.")
    currency: CurrencyCode | None = strawberry.field(default=None, description="Null: the shop's own.")


@strawberry.input(description="Adds an offering.")
class AddLine:
    offering_id: strawberry.ID = strawberry.field(description="What is added.")
    quantity: int = strawberry.field(default=1, description="How many, from 1 to 1000; in a bundle: for one of it.")
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="The bundle line that it is added to; null: it stands by itself."
    )
    configuration: list[CharacteristicInput] | None = strawberry.field(
        default=None, description="What is chosen. Where nothing is, the default holds."
    )
    children: "list[AddLine] | None" = strawberry.field(
        default=None,
        description=(
            "What stands in a bundle, where it is not the usual. Parts that are not named here stand in as often as "
            "usual. Their `parentId` is not looked at."
        ),
    )
    reservation_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Numbers and SIMs reserved for this cart that it shall have."
    )


@strawberry.input(description="Changes a line. What is left out or null stays.")
class UpdateLine:
    line_id: strawberry.ID = strawberry.field(description="The line.")
    quantity: int | None = strawberry.field(default=None, description="How many, from 1 to 1000.")
    configuration: list[CharacteristicInput] | None = strawberry.field(
        default=None, description="What is chosen; it replaces all choices, and today's prices hold."
    )
    reservation_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="All numbers and SIMs reserved for this cart that it shall have."
    )


@strawberry.input(one_of=True, description="One change. Exactly one of the fields is given.")
class CartOperation:
    add_line: AddLine | None = strawberry.field(default=strawberry.UNSET, description="Add an offering.")
    update_line: UpdateLine | None = strawberry.field(default=strawberry.UNSET, description="Change a line.")
    remove_line: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Take out this line, and whatever is in it."
    )
    accept_price: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Agree to today's prices of this line, after PRICE_CHANGED."
    )
    set_contact: ContactInput | None = strawberry.field(
        default=strawberry.UNSET, description="How the shopper can be reached."
    )


@strawberry.input(description="Changes to a cart: all of them are carried out, in order, or none.")
class UpdateCartInput:
    idempotency_key: UUID = strawberry.field(
        description="Made up anew for each change; sent again, nothing is done twice."
    )
    cart_id: strawberry.ID = strawberry.field(description="The cart.")
    expected_version: int = strawberry.field(
        description="The version that the shopper saw. At any other nothing is changed: VERSION_CONFLICT."
    )
    operations: list[CartOperation] = strawberry.field(description="The changes, 1 to 50.")


@strawberry.input(description="A guest's cart becomes that of who is signed in.")
class ClaimCartInput:
    idempotency_key: UUID = strawberry.field(
        description="Made up anew for each request; sent again, nothing is done twice."
    )
    guest_cart_token: str = strawberry.field(description="What opened the guest's cart. It opens nothing afterwards.")
    mode: MergeMode | None = strawberry.field(
        default=MergeMode.MERGE, description="What becomes of it where you have a cart already."
    )
