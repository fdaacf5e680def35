"""What the resources of all TM Forum APIs are made of: periods, references, amounts, related parties.

The models speak v4, whatever the server speaks. Times stay text here because real servers hold unreadable ones, and one
of those must not cost its resource; `kernel.clock.parse_instant` reads them.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from kernel.clock import parse_instant

Json = dict[str, Any]


_SMALLEST, _LARGEST = Decimal(-(10**15)), Decimal(10**15)


def require_amount(value: Decimal | None) -> None:
    """Refuses what JSON texts can smuggle into a Decimal and no sum survives: "NaN", "Infinity", 1e400."""
    try:
        if value is None or _SMALLEST < value < _LARGEST:
            return
    except ArithmeticError:  # what is no number is neither less nor more
        pass
    raise ValueError("not an amount")


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A part of a resource: it has no id of its own, or one that nothing depends on."""


class TimePeriod(Part, frozen=True, gc=False):
    """Half open: `start` belongs to it, `end` does not. Either may be missing."""

    start_date_time: str | None = None
    end_date_time: str | None = None

    @property
    def start(self) -> datetime | None:
        return parse_instant(self.start_date_time)

    @property
    def end(self) -> datetime | None:
        return parse_instant(self.end_date_time)

    def covers(self, moment: datetime) -> bool:
        start, end = self.start, self.end
        return (start is None or start <= moment) and (end is None or moment < end)


class Ref(Part, frozen=True, gc=False):
    """A pointer to another resource; its `name` may be missing or in the wrong language."""

    id: str
    name: str | None = None


class Amount(Part, frozen=True, gc=False):
    """TMF's Money: `unit` is the currency (ISO 4217), `value` an exact decimal."""

    unit: str
    value: Decimal

    def __post_init__(self) -> None:
        require_amount(self.value)


class Quantity(Part, frozen=True, gc=False):
    amount: Decimal | None = None
    units: str | None = None

    def __post_init__(self) -> None:
        require_amount(self.amount)


class RelatedParty(Part, frozen=True):
    """Who has to do with a resource, and as what. Flat in v4, nested in v5."""

    id: str | None = None
    name: str | None = None
    role: str | None = None
    party_or_party_role: Ref | None = None

    def __post_init__(self) -> None:
        if self.party_or_party_role is not None:
            force_setattr(self, "id", self.party_or_party_role.id)
            force_setattr(self, "name", self.party_or_party_role.name)
            force_setattr(self, "party_or_party_role", None)


def typed(kind: str, body: Json, version: str) -> Json:
    """A body with `@type` where v5 wants it; v4 servers that check what they are sent refuse it."""
    return {"@type": kind, **body} if version == "v5" else body


def party_body(party: RelatedParty, version: str) -> Json:
    """A related party as the version writes it. `@referredType` is wanted by v4 as well."""
    if version == "v5":
        ref = {"@type": "PartyRef", "id": party.id, "name": party.name or party.id, "@referredType": "Individual"}
        return {"@type": "RelatedPartyOrPartyRole", "role": party.role, "partyOrPartyRole": ref}
    return {"id": party.id, "name": party.name or party.id, "role": party.role, "@referredType": "Individual"}


def customer_body(customer: str, role: str, version: str, *, name: str = "") -> Json:
    """A customer as a related party; without a name its id stands for it, for v5 wants one."""
    told = {"id": customer, "name": name or customer, "@referredType": "Customer"}
    if version == "v5":
        ref = {"@type": "PartyRoleRef", **told}
        return {"@type": "RelatedPartyRefOrPartyRoleRef", "role": role, "partyOrPartyRole": ref}
    return {**told, "role": role}
