"""Carts as clients see them. Behind each object stands what `domain.carts` means by it."""

from datetime import datetime

import strawberry

from clients.tmf620 import OFFERINGS, PRICES, SPECIFICATIONS
from clients.tmf663 import CARTS
from clients.tmf687 import STOCK
from domain.carts import model
from domain.carts.model import CartState, LineAction
from domain.carts.offers import CHOICE_FIELDS, OFFERING_FIELDS, PRICE_FIELDS
from domain.catalog.kinds import Period, PriceKind
from engine import computed, relation
from kernel.context import Segment
from kernel.outcomes import ErrorCode
from resolvers import carts as resolve
from resolvers import port_ins
from resolvers import reservations as reserved
from resolvers.context import Info
from schema.inputs.described import publish_enum
from schema.inputs.scalars import E164
from schema.types.catalog import SELECTED, CharacteristicChoice, ProductOffering
from schema.types.common import Money, Node, PageInfo
from schema.types.errors import UserError
from schema.types.port_ins import PortIn
from schema.types.reservations import Reservation

publish_enum(
    CartState,
    "Where a cart stands.",
    ACTIVE="It can be changed.",
    LOCKED="It is in a checkout.",
    MERGED="It has become part of another.",
    ORDERED="It has become an order.",
    EXPIRED="Its time is over.",
)
publish_enum(
    LineAction,
    "What an order does with a line.",
    ADD="The customer gets it.",
    MODIFY="Something the customer has is changed.",
    DELETE="Something the customer has is ended.",
    NO_CHANGE="It stays as it is.",
)


@strawberry.type(description="A price as it was when the line was added, for one. No node: today's may be another.")
class CartLinePrice:
    name: str | None = strawberry.field(description="What it is called.")
    kind: PriceKind = strawberry.field(description="When and why it is due.")
    net: Money | None = computed(resolve.seen_net, description="The amount without tax; null where it cannot be told.")
    gross: Money | None = computed(resolve.seen_gross, description="The amount with tax; null where it cannot be told.")
    list_net: Money | None = computed(resolve.list_net, description="Without tax, before reductions.")
    list_gross: Money | None = computed(resolve.list_gross, description="With tax, before reductions.")
    every: int | None = strawberry.field(description="How many periods lie between two charges.")
    period: Period | None = strawberry.field(description="The unit of `every`.")
    unit: str | None = strawberry.field(description="What a usage price is per.")
    reductions: list[str] = computed(resolve.reductions, description="What reduced it, by name.")


@strawberry.type(description="What lines come to at the prices they were added at. Usage has no sum.")
class PriceTotal:
    kind: PriceKind = strawberry.field(description="When and why it is due.")
    every: int | None = strawberry.field(description="How many periods lie between two charges.")
    period: Period | None = strawberry.field(description="The unit of `every`.")
    net: Money | None = computed(resolve.total_net, description="Without tax; null where one line's cannot be told.")
    gross: Money | None = computed(resolve.total_gross, description="With tax; null where one line's cannot be told.")


@strawberry.type(description="A price that is no longer what the shopper saw.")
class PriceChange:
    line_id: strawberry.ID = computed(resolve.changed_line, description="The line.")
    before: Money | None = computed(resolve.before, description="For one, then; null for a price that is new.")
    after: Money | None = computed(resolve.after, description="For one, today; null for a price that is gone.")


@strawberry.type(description="Something that stands between a cart and a checkout.")
class CartProblem:
    code: ErrorCode = computed(resolve.problem_code, description="What it is; stable.")
    message: str = computed(resolve.problem_message, description="The same for people, in English.")
    line_id: strawberry.ID | None = computed(resolve.problem_line, description="The line it is about.")
    blocking: bool = computed(resolve.problem_blocking, description="Whether a checkout would refuse.")
    change: PriceChange | None = computed(resolve.problem_change, description="Of a price, for PRICE_CHANGED.")


@strawberry.type(description="A line of a cart.")
class CartLine(Node):
    id: strawberry.ID = computed(resolve.line_id, description="The line's id.")
    action: LineAction = computed(resolve.line_action, description="What an order does with it.")
    quantity: int = computed(resolve.line_quantity, description="How many; in a bundle: for one of it.")
    included: int = computed(
        resolve.line_included, description="How many of them the price of the bundle around it covers already."
    )
    offering: ProductOffering | None = computed(
        resolve.line_offering, description="What is bought.", loads={OFFERINGS: SELECTED}
    )
    parent: "CartLine | None" = computed(resolve.line_parent, description="The bundle's line that it stands in.")
    configuration: list[CharacteristicChoice] | None = computed(
        resolve.line_configuration,
        description="What was chosen, in your language.",
        loads={OFFERINGS: OFFERING_FIELDS, SPECIFICATIONS: CHOICE_FIELDS},
    )
    prices: list[CartLinePrice] = computed(resolve.line_prices, description="What was shown when it was added.")
    reservations: list[Reservation] | None = computed(
        reserved.line_reservations, description="The numbers and SIMs that it shall have."
    )
    port_in: PortIn | None = relation(port_ins.of_lines, description="The number that comes to it; null: none does.")

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, model.LineInCart)


@strawberry.type(description="A line and where it stands.")
class CartLineEdge:
    cursor: str = computed(resolve.line_cursor, description="Where it stands: pass it as `after`.")
    node: CartLine = computed(lambda root: root, description="The line.")


@strawberry.type(description="A page of lines; what is in a bundle follows it.")
class CartLineConnection:
    edges: list[CartLineEdge] = computed(resolve.page_lines, description="The lines with their cursors.")
    nodes: list[CartLine] = computed(resolve.page_lines, description="The lines.")
    page_info: PageInfo = computed(lambda root: root, description="Where the page stands.")


@strawberry.type(description="A postal address.")
class Address:
    line1: str = strawberry.field(description="Street and number.")
    line2: str | None = strawberry.field(description="What else leads there.")
    city: str = strawberry.field(description="The city.")
    postcode: str = strawberry.field(description="The post code.")
    country: str = strawberry.field(description="Two letters (ISO 3166-1).")


@strawberry.type(description="How somebody can be reached.")
class Contact:
    email: str | None = strawberry.field(description="An e-mail address.")
    phone: E164 | None = strawberry.field(description="A phone number.")
    address: Address | None = strawberry.field(description="A postal address.")
    reminder_consent: bool = strawberry.field(description="Whether a reminder is welcome.")


@strawberry.type(description="What a shopper has chosen so far.")
class Cart(Node):
    id: strawberry.ID = computed(resolve.cart_id, description="The cart's id. For a guest it opens nothing by itself.")
    version: int = strawberry.field(description="Counts the changes; say it with the next one.")
    state: CartState = strawberry.field(description="Where it stands.")
    updated_at: datetime = computed(resolve.updated_at, description="When it was changed last.")
    expires_at: datetime = computed(resolve.expires_at, description="When it ends if nothing happens.")
    segment: Segment = strawberry.field(description="For whom is bought.")
    lines: CartLineConnection = computed(resolve.lines, description="What was chosen.")
    totals: list[PriceTotal] = computed(
        resolve.totals, description="What it comes to, by kind of price and period; never mixed."
    )
    problems: list[CartProblem] | None = computed(
        resolve.problems,
        description="What stands between it and a checkout today.",
        loads={OFFERINGS: OFFERING_FIELDS, PRICES: PRICE_FIELDS, SPECIFICATIONS: CHOICE_FIELDS, STOCK: SELECTED},
    )
    contact: Contact | None = strawberry.field(description="How the shopper can be reached about it.")
    reservations: list[Reservation] | None = computed(
        reserved.cart_reservations, description="The numbers and SIMs that are kept for it, on a line or not yet."
    )
    stale: bool = strawberry.field(description="True: the cart system does not answer; this is the last known copy.")

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, model.Cart)


@strawberry.type(description="What came of `createCart`.")
class CreateCartPayload:
    cart: Cart | None = strawberry.field(description="The new cart; null when there is none.")
    guest_cart_token: str | None = computed(
        resolve.guest_cart_token,
        description=(
            "Opens a guest's cart: send it as `X-Cart-Token`, keep it secret. Null where it is kept in a cookie, and "
            "for who is signed in."
        ),
    )
    errors: list[UserError] = strawberry.field(description="Why there is none.")


@strawberry.type(description="What came of a change to a cart.")
class CartPayload:
    cart: Cart | None = strawberry.field(description="The cart as it is now, changed or not.")
    errors: list[UserError] = strawberry.field(description="Why nothing was changed; empty when all of it was.")
    warnings: list[CartProblem] = computed(
        resolve.warnings, description="What stands between the cart and a checkout, as far as it can be known now."
    )


@strawberry.type(description="What came of reserving, extending or giving back.")
class ReservationPayload:
    reservation: Reservation | None = strawberry.field(description="The reservation as it is now.")
    cart: Cart | None = computed(reserved.payload_cart, description="The cart that it is for.", loads={CARTS: SELECTED})
    errors: list[UserError] = strawberry.field(description="Why nothing was done.")
