"""The schema as a whole: the root's fields and how everything is put together."""

import functools
from collections.abc import AsyncGenerator
from typing import Any, ClassVar

import strawberry
from strawberry.schema.config import StrawberryConfig

from clients.tmf620 import CATEGORIES, OFFERINGS, PRICES, SPECIFICATIONS
from clients.tmf629 import CUSTOMERS
from clients.tmf632 import INDIVIDUALS, ORGANIZATIONS
from clients.tmf663 import CARTS
from clients.tmf666 import BILLING_ACCOUNTS
from domain.carts.offers import CHOICE_FIELDS, OFFERING_FIELDS, PRICE_FIELDS
from domain.catalog.on_demand import TREE_FIELDS
from engine import computed, followed, names
from resolvers import carts, catalog, customers, nodes, numbers, port_ins, reservations, sessions
from schema.types.carts import Cart, CartLine, CartPayload, CreateCartPayload, ReservationPayload
from schema.types.catalog import (
    SELECTED,
    Category,
    OfferingPrice,
    ProductOffering,
    ProductOfferingConnection,
    ProductSpecification,
)
from schema.types.common import SCALARS, Node
from schema.types.customers import (
    BillingAccount,
    Customer,
    CustomerPayload,
    Individual,
    LinkServicePayload,
    Organization,
    Product,
)
from schema.types.errors import GenericError, VersionConflictError
from schema.types.numbers import AvailableNumber, AvailableSim
from schema.types.port_in_payload import PortInPayload
from schema.types.port_ins import Portability, PortIn
from schema.types.reservations import NumberUnavailableError, Reservation
from schema.types.sessions import ChallengePayload, SessionPayload, SignOutPayload, Viewer


@strawberry.type(description="Everything that can be read.")
class Query:
    public: ClassVar = names("productOfferings productOffering categories")

    node: Node | None = computed(nodes.node, description="The object with this id; null where there is none.")
    nodes: list[Node | None] = computed(nodes.nodes, description="The objects with these ids, at most 100, in order.")
    product_offerings: ProductOfferingConnection | None = computed(
        catalog.product_offerings,
        description="A page of what the shop offers; without a filter, everything the caller may see.",
        loads={OFFERINGS: SELECTED, CATEGORIES: SELECTED},
    )
    product_offering: ProductOffering | None = computed(
        catalog.product_offering, description="One offering; null where there is none.", loads={OFFERINGS: SELECTED}
    )
    categories: list[Category] | None = computed(
        catalog.categories,
        description="The categories right below one, or those at the top.",
        loads={CATEGORIES: TREE_FIELDS},
    )
    available_numbers: list[AvailableNumber] | None = computed(
        numbers.available_numbers, description="Numbers that are free, drawn at random: others at each call."
    )
    available_sims: list[AvailableSim] | None = computed(
        numbers.available_sims, description="SIMs that are free, drawn at random: others at each call."
    )
    portability: Portability | None = computed(
        port_ins.portability, description="Whether a number can be brought along, as the porting provider tells."
    )
    cart: Cart | None = computed(
        carts.cart,
        description="A cart of the caller's; without an id the one in use. Null for any other.",
        loads={CARTS: SELECTED},
    )
    viewer: Viewer | None = computed(sessions.viewer, description="Whoever is signed in; null for a guest.")


@strawberry.type(description="Everything that can be done. One of these at a time.")
class Mutation:
    create_cart: CreateCartPayload | None = computed(
        carts.create_cart, description="Makes a cart. The same key brings the same cart.", loads={CARTS: SELECTED}
    )
    update_cart: CartPayload | None = computed(
        carts.update_cart,
        description="Changes a cart: all operations are carried out, in order, or none.",
        loads={CARTS: SELECTED, OFFERINGS: OFFERING_FIELDS, PRICES: PRICE_FIELDS, SPECIFICATIONS: CHOICE_FIELDS},
    )
    claim_cart: CartPayload | None = computed(
        carts.claim_cart,
        description="A guest's cart becomes that of who is signed in, with what is reserved for it.",
        loads={CARTS: SELECTED},
    )
    reserve_number: ReservationPayload | None = computed(
        reservations.reserve_number,
        description="Keeps a number that was offered for a cart. Whoever comes second gets others to choose from.",
    )
    reserve_sim: ReservationPayload | None = computed(
        reservations.reserve_sim, description="Keeps a SIM that was offered for a cart."
    )
    extend_reservation: ReservationPayload | None = computed(
        reservations.extend_reservation, description="Keeps it for another while, as far as that goes."
    )
    release_reservation: ReservationPayload | None = computed(
        reservations.release_reservation, description="Gives it back."
    )
    create_customer: CustomerPayload | None = computed(
        customers.create_customer,
        description="Makes the viewer the owner of a new customer. The same key brings the same one.",
        loads={INDIVIDUALS: SELECTED, ORGANIZATIONS: SELECTED, CUSTOMERS: SELECTED, BILLING_ACCOUNTS: SELECTED},
    )
    update_profile: CustomerPayload | None = computed(
        customers.update_profile, description="Changes how a customer is reached.", loads={INDIVIDUALS: SELECTED}
    )
    invite_member: CustomerPayload | None = computed(
        customers.invite_member, description="Lets somebody act for a company, once they sign in with that login."
    )
    link_service: LinkServicePayload | None = computed(
        customers.link_service,
        description="Lets a line that somebody has already join a customer, by a code that is sent to the line.",
    )
    request_port_in: PortInPayload | None = computed(
        port_ins.request_port_in,
        description="Asks for a number to come to a line of a cart. The same key brings the same port-in.",
        loads={CARTS: SELECTED},
    )
    correct_port_in: PortInPayload | None = computed(
        port_ins.correct_port_in,
        description="Asks again for a number that was refused, with what was wrong told anew.",
        loads={CARTS: SELECTED},
    )
    sign_up: ChallengePayload | None = computed(
        sessions.sign_up, description="Makes a user, who is sent a code. The same key brings the same challenge."
    )
    confirm_sign_up: SessionPayload | None = computed(
        sessions.confirm_sign_up, description="Takes the code; the login is the user's from now on."
    )
    resend_code: ChallengePayload | None = computed(
        sessions.resend_code, description="Sends another code; the one before is void."
    )
    sign_in: SessionPayload | None = computed(sessions.sign_in, description="Signs in by password.")
    request_sign_in_code: ChallengePayload | None = computed(
        sessions.request_sign_in_code, description="Sends a code by which to sign in."
    )
    confirm_sign_in: SessionPayload | None = computed(sessions.confirm_sign_in, description="Signs in by that code.")
    refresh_session: SessionPayload | None = computed(
        sessions.refresh_session, description="Brings the session's next access token."
    )
    sign_out: SignOutPayload | None = computed(sessions.sign_out, description="Ends the session.")
    request_password_reset: ChallengePayload | None = computed(
        sessions.request_password_reset, description="Sends a code by which to set a new password."
    )
    reset_password: ChallengePayload | None = computed(
        sessions.reset_password, description="Sets a new password; sign in with it then."
    )


@strawberry.type(description="Everything that can be followed, over a WebSocket. One of these in an operation.")
class Subscription:
    cart_updated: AsyncGenerator[Cart, None] = followed(
        carts.cart_updated,
        description="A cart of the caller's: as it is now, and again whenever it has changed, until it is over.",
        loads={CARTS: SELECTED},
    )


@functools.cache
def build_schema() -> strawberry.Schema:
    """The whole schema, built once, since that takes a tenth of a second. Its printed form is `schema.graphql`."""
    kinds: list[Any] = [ProductOffering, OfferingPrice, ProductSpecification, Category, Cart, CartLine]
    kinds += [Viewer, Customer, Individual, Organization, BillingAccount, Product]
    kinds += [Reservation, PortIn, GenericError, VersionConflictError, NumberUnavailableError]
    config = StrawberryConfig(scalar_map=SCALARS)
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription, types=kinds, config=config)
