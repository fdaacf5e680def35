"""Customers as clients see them. Behind a `Customer` stands the caller's membership of it.

Whoever adds a type here that belongs to a customer reaches it through a membership, and adds a probe to
`tests/customers/test_walk.py`, which fails until then.
"""

from datetime import datetime
from typing import Annotated, ClassVar, TypeAlias

import strawberry

from clients import tmf632
from clients.tmf620 import OFFERINGS
from clients.tmf629 import CUSTOMERS
from clients.tmf637 import PRODUCTS
from clients.tmf666 import BILLING_ACCOUNTS
from domain.carts.model import LineAction
from domain.identity.model import AccountOf, Membership, ProductOf
from engine import computed
from kernel.context import Segment
from resolvers import customers as resolve
from resolvers.context import Info
from schema.inputs.roles import Role
from schema.inputs.scalars import E164
from schema.types.carts import Contact
from schema.types.catalog import SELECTED, ProductOffering
from schema.types.common import Money, Node, PageInfo
from schema.types.errors import UserError


@strawberry.type(description="A person.")
class Individual:
    upstream: ClassVar = tmf632.INDIVIDUALS
    given_name: str | None = strawberry.field(description="The first name.")
    family_name: str | None = strawberry.field(description="The last name.")
    birth_date: str | None = computed(resolve.birth_date, "birthDate", description='A day (RFC 3339): "1987-04-12".')
    contact: Contact | None = computed(
        resolve.contact, "contactMedium", "partyCharacteristic", description="How to reach this person."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, tmf632.Individual)


@strawberry.type(description="A company.")
class Organization:
    upstream: ClassVar = tmf632.ORGANIZATIONS
    legal_name: str | None = computed(resolve.legal_name, "name", "tradingName", description="Its name.")
    registration_number: str | None = computed(
        resolve.registration_number, "organizationIdentification", description="Its number in the register."
    )
    tax_id: str | None = computed(resolve.tax_id, "organizationIdentification", description="Its number for taxes.")
    contact: Contact | None = computed(
        resolve.contact, "contactMedium", "partyCharacteristic", description="How to reach it."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, tmf632.Organization)


Profile: TypeAlias = Annotated[Individual | Organization, strawberry.union("Profile", description="Who a customer is.")]


@strawberry.type(description="What bills are written on.")
class BillingAccount(Node):
    upstream: ClassVar = BILLING_ACCOUNTS
    id: strawberry.ID = computed(resolve.account_id, description="The account's id.")
    name: str | None = computed(resolve.account_name, "name", description="What it is called.")
    state: str | None = computed(resolve.account_state, "state", description="The operator's word for where it stands.")
    balance: Money | None = computed(
        resolve.balance, "accountBalance", description="What stands open; null where that is no single amount."
    )
    cycle: str | None = computed(resolve.cycle, "billStructure", description="How often bills come.")
    presentation_media: list[str] = computed(
        resolve.presentation_media, "billStructure", description="By which ways they come."
    )
    payment_terms: str | None = computed(
        resolve.payment_terms, "paymentPlan", description="When they are to be paid, in the operator's word."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, AccountOf)


@strawberry.type(description="Something a customer has.")
class Product(Node):
    upstream: ClassVar = PRODUCTS
    id: strawberry.ID = computed(resolve.product_id, description="The product's id.")
    name: str | None = computed(resolve.product_name, "name", description="What it is called.")
    status: str | None = computed(resolve.product_status, "status", description="The operator's word for its state.")
    msisdn: E164 | None = computed(
        resolve.product_number,
        "productCharacteristic",
        "realizingResource",
        description="The phone number, where it is a line.",
    )
    offering: ProductOffering | None = computed(
        resolve.product_offering, "productOffering", description="What was bought.", loads={OFFERINGS: SELECTED}
    )
    started_at: datetime | None = computed(resolve.started_at, "startDate", description="Since when.")
    allowed_actions: list[LineAction] = computed(
        resolve.allowed_actions, "status", description="What can be done with it now."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, ProductOf)


@strawberry.type(description="A product and where it stands.")
class ProductEdge:
    cursor: str = computed(resolve.product_cursor, description="Where it stands: pass it as `after`.")
    node: Product = computed(resolve.product_of_edge, description="The product.")


@strawberry.type(description="A page of products.")
class ProductConnection:
    edges: list[ProductEdge] = computed(resolve.product_edges, description="The products with their cursors.")
    nodes: list[Product] = computed(resolve.product_nodes, description="The products.")
    page_info: PageInfo = computed(resolve.product_page_info, description="Where the page stands.")


@strawberry.type(description="A person or a company that buys.")
class Customer(Node):
    id: strawberry.ID = computed(resolve.customer_id, description="The customer's id.")
    segment: Segment = computed(resolve.customer_segment, description="A consumer or a company.")
    display_name: str | None = computed(
        resolve.display_name, description="What to call it.", loads={CUSTOMERS: frozenset({"name"})}
    )
    status: str | None = computed(
        resolve.customer_status,
        description="The operator's word for where it stands.",
        loads={CUSTOMERS: frozenset({"status"})},
    )
    profile: Profile | None = computed(
        resolve.profile,
        description="Who it is.",
        loads={tmf632.INDIVIDUALS: SELECTED, tmf632.ORGANIZATIONS: SELECTED},
    )
    billing_accounts: list[BillingAccount] | None = computed(
        resolve.billing_accounts, description="What its bills are written on.", loads={BILLING_ACCOUNTS: SELECTED}
    )
    products: ProductConnection | None = computed(
        resolve.products, description="What it has.", loads={PRODUCTS: SELECTED}
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, Membership)


@strawberry.type(description="A customer, and as what the viewer acts for it.")
class CustomerEdge:
    cursor: str = computed(resolve.member_cursor, description="Where it stands: pass it as `after`.")
    role: Role = strawberry.field(description="As what.")
    node: Customer = computed(lambda root: root, description="The customer.")


@strawberry.type(description="A page of customers.")
class CustomerConnection:
    edges: list[CustomerEdge] = computed(resolve.page_members, description="The customers with cursors and roles.")
    nodes: list[Customer] = computed(resolve.page_members, description="The customers.")
    page_info: PageInfo = computed(lambda root: root, description="Where the page stands.")


@strawberry.type(description="What came of a mutation of a customer.")
class CustomerPayload:
    customer: Customer | None = computed(
        lambda root: root.membership, description="The customer as it is now; null when there is none."
    )
    billing_account: BillingAccount | None = computed(
        resolve.payload_account,
        description="The account that it was given first.",
        loads={BILLING_ACCOUNTS: SELECTED},
    )
    errors: list[UserError] = strawberry.field(description="Why nothing was done; empty when all of it was.")


@strawberry.type(description="What came of linking a line. It says nothing about whose line it is.")
class LinkServicePayload:
    challenge_token: str | None = computed(
        resolve.link_challenge, description="Send it with the code, should one come; null once the line is linked."
    )
    product: Product | None = computed(
        resolve.linked_product, description="The line, once it is linked.", loads={PRODUCTS: SELECTED}
    )
    errors: list[UserError] = strawberry.field(description="Why nothing was done.")
