"""TMF629 Customer, v4 and v5: the role in which a party buys."""

import msgspec

from clients.media import Characteristic, characteristic_body
from clients.parts import Json, Ref, typed
from clients.tmf import Collection, Entity

UPSTREAM = "tmf629"
REFERENCE = "shopGatewayReference"
"""The characteristic by which the gateway knows a customer of its own again."""
BY_PARTY = "engagedParty.id"
"""The attribute by which the customers of a party are found, in both versions."""


class EngagedParty(Ref, frozen=True):
    """Who the customer is; `referred_type`: Individual or Organization, where the server says so."""

    referred_type: str | None = msgspec.field(default=None, name="@referredType")


class Customer(Entity, frozen=True):
    name: str | None = None
    status: str | None = None
    engaged_party: EngagedParty | None = None
    characteristic: tuple[Characteristic, ...] = ()

    def is_marked(self, reference: str) -> bool:
        return any(each.name == REFERENCE and each.value == reference for each in self.characteristic)


CUSTOMERS = Collection(UPSTREAM, "customer", Customer)


def new_customer(name: str, status: str, party: str, kind: str, *, reference: str, version: str) -> Json:
    """The body of a POST; `kind` of the party: individual or organization."""
    referred = {"id": party, "name": name, "@referredType": kind.capitalize()}
    body: Json = {
        "name": name,
        "status": status,
        "engagedParty": typed("PartyRef", referred, version),
        "characteristic": [characteristic_body(REFERENCE, reference, version)],
    }
    return typed("Customer", body, version)
