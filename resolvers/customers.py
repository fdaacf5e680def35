"""Customers' fields, and their mutations. What a client sent is read in `resolvers.customer_inputs`.

Behind a `Customer` stands the caller's membership of it: who has none never gets as far as a field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import argument

from clients import tmf632
from clients.tmf632 import Party
from domain.carts.model import LineAction
from domain.catalog.rules import fold
from domain.identity.contact import Contact
from domain.identity.logins import check_login
from domain.identity.model import AccountOf, Membership, ProductOf, ProductPage
from domain.identity.numbers import number_of
from domain.identity.outcomes import CustomerOutcome, LinkOutcome
from domain.identity.systems import contact_of
from engine import projection
from kernel.clock import parse_instant
from kernel.errors import BadRequestError, LimitExceededError
from kernel.ids import GlobalId
from kernel.money import Money
from kernel.outcomes import Rejected
from resolvers.context import Context, Info
from resolvers.customer_inputs import applicant_of, customer_of, link_of, new_contact
from schema.inputs import customers as inputs

if TYPE_CHECKING:
    from domain.identity.desk import CustomerDesk

SEPARATOR = "~"
"""Between a customer's id and an upstream's in the local ids of accounts and products."""
MAX_FIRST = 100
_MOST_OFFSET = 100_000
_ACTIVE = fold("active")


# ---------------------------------------------------------------- mutations


async def create_customer(
    info: Info,
    input: Annotated[inputs.CreateCustomerInput, argument(description="Who, and where bills go.")],  # noqa: A002
) -> Any:
    customers, desk = info.context.require_customers(), info.context.require_desk()
    try:
        applicant = applicant_of(input, customers.rules)
    except Rejected as rejected:
        return CustomerOutcome(None, rejected.reasons)
    return await customers.create(desk, str(input.idempotency_key), applicant)


async def update_profile(
    info: Info,
    input: Annotated[inputs.UpdateProfileInput, argument(description="The customer and the contact.")],  # noqa: A002
) -> Any:
    customers, desk = info.context.require_customers(), info.context.require_desk()
    try:
        customer_id, contact = customer_of(input.customer_id), new_contact(input)
    except Rejected as rejected:
        return CustomerOutcome(None, rejected.reasons)
    return await customers.update(desk, str(input.idempotency_key), customer_id, contact)


async def invite_member(
    info: Info,
    input: Annotated[inputs.InviteMemberInput, argument(description="Whom, and as what.")],  # noqa: A002
) -> Any:
    customers, desk = info.context.require_customers(), info.context.require_desk()
    try:
        customer_id, login = customer_of(input.customer_id), check_login(input.login, ("input", "login")).value
    except Rejected as rejected:
        return CustomerOutcome(None, rejected.reasons)
    return await customers.invite(desk, str(input.idempotency_key), customer_id, login, input.role)


async def link_service(
    info: Info,
    input: Annotated[inputs.LinkServiceInput, argument(description="The line, and the code once it is there.")],  # noqa: A002
) -> Any:
    linking, desk, key = info.context.require_linking(), info.context.require_desk(), str(input.idempotency_key)
    try:
        asked = link_of(input)
    except Rejected as rejected:
        return LinkOutcome(errors=rejected.reasons)
    if asked.answer is None:
        return await linking.send(desk, key, asked.customer_id, asked.number)
    return await linking.link(desk, key, asked.customer_id, asked.number, *asked.answer)


def link_challenge(root: strawberry.Parent[LinkOutcome]) -> str | None:
    return root.token


async def linked_product(root: strawberry.Parent[LinkOutcome], info: Info) -> Any:
    if root.membership is None or root.product_id is None:
        return None
    return await _desk(info).product(root.membership, root.product_id, projection(info, "Product"))


async def payload_account(root: strawberry.Parent[CustomerOutcome], info: Info) -> Any:
    if root.membership is None:
        return None
    desk, row = info.context.require_desk(), root.membership.customer
    return await desk.account(root.membership, row.account_id, projection(info, "BillingAccount"))


# ---------------------------------------------------------------- the viewer's customers


@dataclass(frozen=True)
class CustomerPage:
    """Memberships in their order; `start` and `end` are cursors."""

    members: Sequence[Membership]
    has_previous_page: bool
    has_next_page: bool

    @property
    def start_cursor(self) -> str | None:
        return self.members[0].customer.id if self.members else None

    @property
    def end_cursor(self) -> str | None:
        return self.members[-1].customer.id if self.members else None


async def viewer_customers(
    info: Info,
    first: Annotated[int | None, argument(description="How many, at most 100.")] = 10,
    after: Annotated[str | None, argument(description="A cursor: the page begins behind it.")] = None,
) -> Any:
    wanted, desk = _first(first, 10), info.context.require_desk()
    everyone = await desk.memberships()
    start = 0
    if after is not None:
        start = next((place + 1 for place, each in enumerate(everyone) if each.customer.id == after), -1)
        if start < 0:
            raise BadRequestError("This is no cursor of this list.")
    return CustomerPage(everyone[start : start + wanted], start > 0, start + wanted < len(everyone))


def page_members(root: strawberry.Parent[CustomerPage]) -> Any:
    return root.members


def member_cursor(root: strawberry.Parent[Membership]) -> str:
    return root.customer.id


async def load_customer(context: Context, local: str) -> Membership | None:
    """The caller's customer of that id."""
    return await context.require_desk().membership(local)


# ---------------------------------------------------------------- a customer


def customer_id(root: strawberry.Parent[Membership]) -> strawberry.ID:
    return strawberry.ID(str(GlobalId("Customer", root.customer.id)))


def customer_segment(root: strawberry.Parent[Membership]) -> Any:
    return root.segment


async def display_name(root: strawberry.Parent[Membership], info: Info) -> str | None:
    found = await _desk(info).customer(root, frozenset({"name"}))
    return found.name if found else None


async def customer_status(root: strawberry.Parent[Membership], info: Info) -> str | None:
    found = await _desk(info).customer(root, frozenset({"status"}))
    return found.status if found else None


async def profile(root: strawberry.Parent[Membership], info: Info) -> Any:
    kind = "Organization" if root.customer.party_kind == "organization" else "Individual"
    return await _desk(info).party(root, projection(info, kind))


async def billing_accounts(root: strawberry.Parent[Membership], info: Info) -> Any:
    return await _desk(info).accounts(root, projection(info, "BillingAccount"))


async def products(
    root: strawberry.Parent[Membership],
    info: Info,
    first: Annotated[int | None, argument(description="How many, at most 100.")] = 20,
    after: Annotated[str | None, argument(description="A cursor: the page begins behind it.")] = None,
) -> Any:
    fields = projection(info, "Product")
    return await _desk(info).products(root, fields, first=_first(first, 20), offset=_offset(after))


# ---------------------------------------------------------------- parties


def contact(root: strawberry.Parent[Party]) -> Contact:
    return contact_of(root.contact_medium, consent=root.consents)


def birth_date(root: strawberry.Parent[tmf632.Individual]) -> str | None:
    """The day alone: servers say a moment."""
    return root.birth_date[:10] if root.birth_date else None


def legal_name(root: strawberry.Parent[tmf632.Organization]) -> str | None:
    return root.name or root.trading_name


def registration_number(root: strawberry.Parent[tmf632.Organization]) -> str | None:
    return root.identified(tmf632.REGISTER)


def tax_id(root: strawberry.Parent[tmf632.Organization]) -> str | None:
    return root.identified(tmf632.TAX)


# ---------------------------------------------------------------- billing accounts


def account_id(root: strawberry.Parent[AccountOf]) -> strawberry.ID:
    return _joint_id("BillingAccount", root.membership, root.account.id)


def account_name(root: strawberry.Parent[AccountOf]) -> str | None:
    return root.account.name


def account_state(root: strawberry.Parent[AccountOf]) -> str | None:
    return root.account.state


def balance(root: strawberry.Parent[AccountOf]) -> Money | None:
    """What stands open; null where the operator tells several currencies."""
    amounts = [each.amount for each in root.account.account_balance if each.amount is not None]
    currencies = {each.unit for each in amounts}
    if len(currencies) != 1:
        return None
    return Money(sum((each.value for each in amounts[1:]), amounts[0].value), currencies.pop())


def cycle(root: strawberry.Parent[AccountOf]) -> str | None:
    structure = root.account.bill_structure
    chosen = structure.cycle_specification if structure else None
    return chosen.word if chosen else None


def presentation_media(root: strawberry.Parent[AccountOf]) -> list[str]:
    structure = root.account.bill_structure
    return [each.word for each in structure.presentation_media if each.word] if structure else []


def payment_terms(root: strawberry.Parent[AccountOf]) -> str | None:
    return next((each.plan_type for each in root.account.payment_plan if each.plan_type), None)


async def load_account(context: Context, local: str, fields: frozenset[str]) -> AccountOf | None:
    """A billing account of a customer of the caller's."""
    desk, member, account = await _joint(context, local)
    return None if member is None else await desk.account(member, account, fields)


# ---------------------------------------------------------------- products


@dataclass(frozen=True)
class _ProductAt:
    """A product and where its page goes on."""

    product: ProductOf
    offset: int


@dataclass(frozen=True)
class _PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


def product_edges(root: strawberry.Parent[ProductPage]) -> Any:
    return [_ProductAt(*each) for each in zip(root.items, root.offsets, strict=True)]


def product_nodes(root: strawberry.Parent[ProductPage]) -> Any:
    return root.items


def product_page_info(root: strawberry.Parent[ProductPage]) -> Any:
    ends = (str(root.offsets[0]), str(root.offsets[-1])) if root.offsets else (None, None)
    return _PageInfo(root.has_next, root.has_previous, *ends)


def product_cursor(root: strawberry.Parent[_ProductAt]) -> str:
    return str(root.offset)


def product_of_edge(root: strawberry.Parent[_ProductAt]) -> Any:
    return root.product


def product_id(root: strawberry.Parent[ProductOf]) -> strawberry.ID:
    return _joint_id("Product", root.membership, root.product.id)


def product_name(root: strawberry.Parent[ProductOf]) -> str | None:
    return root.product.name


def product_status(root: strawberry.Parent[ProductOf]) -> str | None:
    """Trimmed: the standard itself has a status with a space at its end."""
    return root.product.status.strip() if root.product.status else None


def product_number(root: strawberry.Parent[ProductOf]) -> str | None:
    return number_of(root.product)


async def product_offering(root: strawberry.Parent[ProductOf], info: Info) -> Any:
    offering = root.product.product_offering
    if offering is None:
        return None
    return await info.context.catalog.offering(info.context.request, offering.id, projection(info, "ProductOffering"))


def started_at(root: strawberry.Parent[ProductOf]) -> datetime | None:
    return parse_instant(root.product.start_date)


def allowed_actions(root: strawberry.Parent[ProductOf]) -> list[LineAction]:
    active = fold(root.product.status or "") == _ACTIVE
    return [LineAction.MODIFY, LineAction.DELETE] if active else []


async def load_product(context: Context, local: str, fields: frozenset[str]) -> ProductOf | None:
    """A product of a customer of the caller's."""
    desk, member, product = await _joint(context, local)
    return None if member is None else await desk.product(member, product, fields)


# ---------------------------------------------------------------- ids, pages


def _desk(info: Info) -> "CustomerDesk":
    return info.context.require_desk()


def _joint_id(kind: str, membership: Membership, local: str) -> strawberry.ID:
    return strawberry.ID(str(GlobalId(kind, f"{membership.customer.id}{SEPARATOR}{local}")))


async def _joint(context: Context, local: str) -> "tuple[CustomerDesk, Membership | None, str]":
    """The caller's customer in a joint id, and the rest of it."""
    owner, _, rest = local.partition(SEPARATOR)
    desk = context.require_desk()
    return desk, await desk.membership(owner) if rest else None, rest


def _first(given: int | None, usual: int) -> int:
    wanted = usual if given is None else given
    if wanted < 0:
        raise BadRequestError("`first` must not be negative.")
    if wanted > MAX_FIRST:
        raise LimitExceededError(f"`first` is at most {MAX_FIRST}.")
    return wanted


def _offset(after: str | None) -> int:
    if after is None:
        return 0
    if not (
        after.isascii() and after.isdigit() and len(after) <= len(str(_MOST_OFFSET)) and int(after) <= _MOST_OFFSET
    ):
        raise BadRequestError("This is no cursor of this list.")
    return int(after)
