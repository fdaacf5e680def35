"""Numbers on their way to us, as resources of TMF639 that this gateway made.

They are found by their value and told apart from the operator's own by a related party, whose id is the port-in's token
(as reservations do it). The whole array of characteristics is read only of a resource that bears it: of a number, and
never of a card, whose secrets stand there.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from clients.parts import Json, typed
from clients.tmf import Collection, Entity
from clients.tmf639 import UPSTREAM, V5_NAMES, party_named

MARK_ROLE = "portIn"


class PortedNumber(Entity, frozen=True):
    """A number with all that was said of it, as it came: a PATCH sends whole arrays again."""

    type: str | None = msgspec.field(default=None, name="@type")
    value: str | None = None
    resource_status: str | None = None
    allocation_status: str | None = None
    usage_state: str | None = None
    related_party: tuple[Json, ...] = ()
    resource_characteristic: tuple[Json, ...] = ()

    def __post_init__(self) -> None:
        if self.allocation_status is not None:  # v5's name for it
            force_setattr(self, "resource_status", self.allocation_status)
            force_setattr(self, "allocation_status", None)

    def characteristic(self, name: str) -> Any:
        """The value of a characteristic; None where there is none."""
        return next((each.get("value") for each in self.resource_characteristic if each.get("name") == name), None)


def ported_numbers(path: str) -> Collection[PortedNumber]:
    """The collection under the path that this server has for numbers."""
    return Collection(UPSTREAM, path, PortedNumber, v5_names=V5_NAMES)


def mark_filter(version: str) -> str:
    """The attribute by which a resource is found by its mark."""
    return "relatedParty.partyOrPartyRole.id" if version == "v5" else "relatedParty.id"


def new_number(digits: str, category: str, told: Json, version: str) -> Json:
    """The body of a POST. `told`: what `state_body` says."""
    body = {"@type": "LogicalResource", "name": digits, "value": digits, "category": category, **told}
    return {"@baseType": "Resource", **body} if version == "v5" else body


def state_body(
    state: tuple[str, str] | None,
    characteristics: Mapping[str, str | None],
    token: str,
    before: PortedNumber | None,
    version: str,
) -> Json:
    """Where a number stands, with our mark; whatever else `before` says of it stays.

    `state`: status and usage state; None leaves them, for there are servers that take no move to where it is already.
    A characteristic that is None is taken away.
    """
    known = () if before is None else before.resource_characteristic
    parties = () if before is None else before.related_party
    ours = (_characteristic(name, value, version) for name, value in characteristics.items() if value is not None)
    body: Json = {
        "relatedParty": [*(each for each in parties if each.get("role") != MARK_ROLE), mark(token, version)],
        "resourceCharacteristic": [*(each for each in known if each.get("name") not in characteristics), *ours],
    }
    if state is not None:
        name = V5_NAMES["resourceStatus"] if version == "v5" else "resourceStatus"
        body |= {name: state[0], "usageState": state[1]}
    return body if before is None else typed(before.type or "LogicalResource", body, version)


def mark(token: str, version: str) -> Json:
    """The related party by which a number is known as a port-in's."""
    return party_named(token, MARK_ROLE, version)


def _characteristic(name: str, value: str, version: str) -> Json:
    return typed("StringCharacteristic", {"name": name, "value": value, "valueType": "string"}, version)
