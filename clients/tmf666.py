"""TMF666 Account, v4 and v5: billing accounts. Neither version gives an account a characteristic or external reference,
so that its description carries ours.
"""

from collections.abc import Sequence

from clients.media import ContactMedium, media_body
from clients.parts import Amount, Json, Part, Ref, RelatedParty, TimePeriod, customer_body, typed
from clients.tmf import Collection, Entity

UPSTREAM = "tmf666"


class AccountBalance(Part, frozen=True):
    """`validFor` says since when it is so."""

    balance_type: str | None = None
    amount: Amount | None = None
    valid_for: TimePeriod | None = None


class Preference(Part, frozen=True):
    """A cycle or a medium of bills: a reference, or a value with no id."""

    id: str | None = None
    name: str | None = None

    @property
    def word(self) -> str | None:
        return self.id or self.name


class BillStructure(Part, frozen=True):
    cycle_specification: Preference | None = None
    presentation_media: tuple[Preference, ...] = ()


class PaymentPlan(Part, frozen=True):
    plan_type: str | None = None


class BillingAccount(Entity, frozen=True):
    name: str | None = None
    state: str | None = None
    description: str | None = None
    related_party: tuple[RelatedParty, ...] = ()
    account_balance: tuple[AccountBalance, ...] = ()
    bill_structure: BillStructure | None = None
    payment_plan: tuple[PaymentPlan, ...] = ()
    default_payment_method: Ref | None = None

    def is_of(self, party: str) -> bool:
        return any(each.id == party for each in self.related_party)

    def is_marked(self, reference: str) -> bool:
        return self.description is not None and reference in self.description.split()


BILLING_ACCOUNTS = Collection(UPSTREAM, "billingAccount", BillingAccount, always=frozenset({"relatedParty"}))


def party_filter(version: str) -> str:
    """The attribute by which the accounts of a customer are found."""
    return "relatedParty.partyOrPartyRole.id" if version == "v5" else "relatedParty.id"


def new_account(
    name: str,
    state: str,
    customer: str,
    billing: "Billing",
    address: ContactMedium,
    *,
    since: str,
    reference: str,
    version: str,
) -> Json:
    """The body of a POST; `since` is when the billing address counts from (RFC 3339)."""
    contact = {
        "contactType": "billing",
        "contactName": name,
        "validFor": {"startDateTime": since},
        "contactMedium": media_body([address], version),
    }
    body: Json = {
        "name": name,
        "state": state,
        "description": f"shop {reference}",
        "relatedParty": [customer_body(customer, "customer", version, name=name)],
        "contact": [typed("Contact", contact, version)],
        "billStructure": typed("BillStructure", _structure(billing, version), version),
        "paymentPlan": [typed("PaymentPlan", {"planType": billing.terms}, version)],
    }
    return typed("BillingAccount", body, version)


class Billing(Part, frozen=True):
    """How bills come: ids of a cycle specification and of presentation media, and a payment plan's type."""

    cycle: str
    media: tuple[str, ...]
    terms: str


def _structure(billing: Billing, version: str) -> Json:
    return {
        "cycleSpecification": _ref("BillingCycleSpecification", billing.cycle, version),
        "presentationMedia": _refs("BillPresentationMedia", billing.media, version),
    }


def _refs(kind: str, ids: Sequence[str], version: str) -> list[Json]:
    return [_ref(kind, each, version) for each in ids]


def _ref(kind: str, identifier: str, version: str) -> Json:
    body: Json = {"id": identifier, "name": identifier, "@referredType": kind}
    return typed(f"{kind}Ref", body, version) if version == "v5" else {**body, "isRef": True}
