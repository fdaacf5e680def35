"""Customers as the shop means them: who wants to become one, who may act for one, and what is theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from clients.tmf637 import Product
from clients.tmf666 import BillingAccount
from domain.identity.contact import Address, Contact
from kernel.context import Segment

if TYPE_CHECKING:
    from store.customers import CustomerRow, MemberRow


class Role(Enum):
    """As what somebody acts for a customer. What each may do: `permissions`."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    BUYER = "BUYER"
    VIEWER = "VIEWER"


class Billing(msgspec.Struct, frozen=True, kw_only=True):
    """How bills come, in the operator's words: a cycle, media, payment terms."""

    cycle: str
    media: tuple[str, ...]
    terms: str


class Individual(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="individual"):
    """`born` is a day: 1987-04-12."""

    given: str
    family: str
    born: str | None = None
    document: str | None = None


class Organization(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="organization"):
    name: str
    registration: str
    tax: str | None = None


class Applicant(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to become a customer, checked."""

    party: Individual | Organization
    contact: Contact
    billing_address: Address
    billing: Billing

    @property
    def segment(self) -> Segment:
        return Segment.B2C if isinstance(self.party, Individual) else Segment.B2B

    @property
    def kind(self) -> str:
        """Of the party, as TMF632's collections are called."""
        return "individual" if isinstance(self.party, Individual) else "organization"

    @property
    def display_name(self) -> str:
        if isinstance(self.party, Individual):
            return f"{self.party.given} {self.party.family}"
        return self.party.name


@dataclass(frozen=True)
class Membership:
    """A customer, and as what the caller acts for it."""

    customer: "CustomerRow"
    role: Role

    @classmethod
    def of(cls, row: "MemberRow") -> "Membership":
        return cls(row.customer, Role(row.role))

    @property
    def segment(self) -> Segment:
        return Segment(self.customer.segment)


@dataclass(frozen=True)
class AccountOf:
    """A billing account, and whose it is to the caller."""

    membership: Membership
    account: BillingAccount


@dataclass(frozen=True)
class ProductOf:
    """A product, and whose it is to the caller."""

    membership: Membership
    product: Product


@dataclass(frozen=True)
class ProductPage:
    """`start`: how many of the server's products come before the first one here; one for each in `offsets`."""

    items: Sequence[ProductOf]
    offsets: Sequence[int]
    has_previous: bool
    has_next: bool
