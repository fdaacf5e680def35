"""TMF639 Resource Inventory, v4 and v5: phone numbers (MSISDN) and SIM cards (ICCID).

The models speak v4. Of the characteristics only those in `_KNOWN` are kept: on a SIM card others hold its PUK, its key
and its activation code, and what is dropped as it is read can be neither stored nor logged. For the same reason a
resource is marked as ours by a related party and not by a characteristic: a PATCH replaces whole arrays, and whoever
adds a characteristic must send all the others along.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from clients.parts import Json, Part, Ref, RelatedParty, party_body, typed
from clients.tmf import Collection, Entity

_KNOWN = frozenset({"numberClass", "simKind", "portInStatus", "donorOperator", "portingDate", "portInReason"})


class Characteristic(Part, frozen=True):
    """One of the characteristics that the shop looks at. The value of any other is dropped as it is read."""

    name: str
    value: Any = None

    def __post_init__(self) -> None:
        if self.name not in _KNOWN:
            force_setattr(self, "value", None)


class Resource(Entity, frozen=True):
    """A number or a card. `value` is the number's digits or the ICCID; a physical card has it as `serialNumber`.

    Related parties stay as they came: a PATCH sends all of them again, and what is not ours must not be changed by it.
    """

    type: str | None = msgspec.field(default=None, name="@type")
    name: str | None = None
    category: str | None = None
    resource_specification: Ref | None = None
    value: str | None = None
    serial_number: str | None = None
    resource_status: str | None = None
    allocation_status: str | None = None
    usage_state: str | None = None
    related_party: tuple[Json, ...] = ()
    resource_characteristic: tuple[Characteristic, ...] = ()

    def __post_init__(self) -> None:
        if self.allocation_status is not None:  # v5's name for it
            force_setattr(self, "resource_status", self.allocation_status)
            force_setattr(self, "allocation_status", None)
        kept = tuple(each for each in self.resource_characteristic if each.name in _KNOWN)
        force_setattr(self, "resource_characteristic", kept)

    def characteristic(self, name: str) -> str | None:
        """The value of a characteristic as text; None where it has none, or none that the shop looks at."""
        found = next((each.value for each in self.resource_characteristic if each.name == name), None)
        return None if found is None else str(found)


UPSTREAM = "tmf639"

FIELDS = frozenset({"name", "category", "value", "serialNumber", "resourceStatus", "usageState", "relatedParty"})
"""What a reservation looks at. No characteristics: see above."""

WHAT_IT_IS = frozenset(
    {"@type", "name", "category", "value", "serialNumber", "resourceSpecification", "resourceStatus", "usageState"}
)
"""What tells numbers from cards and the free from the others. No characteristics: see above."""

CLASS_FIELDS = frozenset({"resourceCharacteristic"})
"""Where a number's class stands in some systems. Asked for numbers alone, never for cards."""

V5_NAMES = {"resourceStatus": "allocationStatus"}


def resources(path: str) -> Collection[Resource]:
    """The collection under the path that this server has for it: `resource`, `logicalResource`, `physicalResource`."""
    return Collection(UPSTREAM, path, Resource, v5_names=V5_NAMES)


def party_of(party: Json) -> tuple[str | None, str | None]:
    """Id and role of a related party, as either version has it."""
    ref = party.get("partyOrPartyRole")
    found = ref.get("id") if isinstance(ref, dict) else party.get("id")
    role = party.get("role")
    return (found if isinstance(found, str) else None), (role if isinstance(role, str) else None)


def party_named(identifier: str, role: str, version: str) -> Json:
    """A related party of ours."""
    return party_body(RelatedParty(id=identifier, name=identifier, role=role), version)


def status_patch(status: str, usage: str, parties: Iterable[Json], kind: str | None, version: str) -> Json:
    """The body of a PATCH: a new state, and the related parties that the resource shall have from now on.

    `kind`: the resource's own `@type`, which v5 wants to hear and would otherwise change.
    """
    name = V5_NAMES["resourceStatus"] if version == "v5" else "resourceStatus"
    body: Json = {name: status, "usageState": usage, "relatedParty": list(parties)}
    return typed(kind or "LogicalResource", body, version)
