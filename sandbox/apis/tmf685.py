"""TMF685 Resource Pool v1: a reservation holds resources of TMF639 by name, until it is cancelled or its time is over.

They stand in `reservationItem[].appliedCapacityAmount.resource[]`. `valid_for` is spelt so in the file, and is a time.
Pools and the file's tasks (availabilityCheck, extract, push) are not here. What is given back has to be still reserved
and still ours: a number that was assigned meanwhile keeps its owner.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sandbox.apis.forms639 import allocation
from sandbox.desk import Desk
from sandbox.errors import bad_request, conflict
from sandbox.tables import Api, Document, Lifecycle, Resource

KIND = "TMF685.reservation"
HELD = "TMF639.resource"
MARK = "reservation"
"""The characteristic that carries the reservation's id."""

_NAMES = (
    "id href description relatedParty reservationState valid_for reservationItem channelRef requestedPeriod "
    "productOfferingRef @type @baseType @schemaLocation"
)


def written(desk: Desk, before: Document | None, after: Document) -> Document:
    """Hold what a new reservation names, give back what a cancelled one held."""
    _until(after)
    if before is None:
        return _reserved(desk, after)
    if before["reservationState"] != "reserved":
        raise conflict(f"reservation {before['id']} is {before['reservationState']}")
    if list(_held(before)) != list(_held(after)):
        raise bad_request("the resources of a reservation cannot be changed")
    state = after.get("reservationState", "reserved")
    if state in {"cancelled", "expired"}:
        _give_back(desk, before)
    return _in_state(after, state)


def expire(desk: Desk) -> None:
    """End the reservations whose time is over."""
    for reservation in desk.find(KIND, "reservationState", "reserved"):
        until = _until(reservation)
        if until and until <= desk.now:
            _give_back(desk, reservation)
            desk.change(KIND, reservation["id"], _in_state(reservation, "expired"))


def _reserved(desk: Desk, reservation: Document) -> Document:
    wanted = list(dict.fromkeys(_held(reservation)))
    if not wanted:
        raise bad_request("reservationItem[].appliedCapacityAmount.resource[].id: one at least was expected")
    found = {identifier: desk.get(HELD, identifier) for identifier in wanted}
    for identifier, resource in found.items():
        if resource is None:
            raise bad_request(f"resource {identifier} does not exist")
        if allocation(resource) != "available":
            raise conflict(f"resource {identifier} is not available")
    for identifier in wanted:
        _hold(desk, reservation, found[identifier] or {})
    return _in_state(reservation, "reserved")


def _hold(desk: Desk, reservation: Document, resource: Document) -> None:
    party = reservation.get("relatedParty")
    holder = {"@referredType": "Party", **(party if isinstance(party, dict) else {}), "role": "reserver"}
    mark = {"name": MARK, "value": reservation["id"], "valueType": "string"}
    marked = {
        "resourceStatus": "reserved",
        "relatedParty": [*resource.get("relatedParty", ()), *([holder] if "id" in holder else [])],
        "resourceCharacteristic": [*resource.get("resourceCharacteristic", ()), mark],
    }
    desk.change(HELD, resource["id"], marked)


def _give_back(desk: Desk, reservation: Document) -> None:
    party = reservation.get("relatedParty")
    holder = party.get("id") if isinstance(party, dict) else None
    for identifier in dict.fromkeys(_held(reservation)):
        resource = desk.get(HELD, identifier) or {}
        told, parties = resource.get("resourceCharacteristic", []), resource.get("relatedParty", [])
        kept = [each for each in told if (each.get("name"), each.get("value")) != (MARK, reservation["id"])]
        if len(kept) < len(told) and allocation(resource) == "reserved":
            others = [each for each in parties if (each.get("role"), each.get("id")) != ("reserver", holder)]
            freed = {"resourceStatus": "available", "resourceCharacteristic": kept, "relatedParty": others or None}
            desk.change(HELD, identifier, freed)


def _in_state(reservation: Document, state: str) -> Document:
    items = [{**item, "subReservationState": state} for item in reservation.get("reservationItem", ())]
    return {**reservation, "reservationState": state, "reservationItem": items}


def _held(reservation: Document) -> Iterator[str]:
    """The ids of the resources; a body of another shape has none."""
    for item in _objects(reservation.get("reservationItem")):
        for applied in _objects([item.get("appliedCapacityAmount")]):
            for resource in _objects(applied.get("resource")):
                yield str(resource.get("id"))


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    return (each for each in node if isinstance(each, dict)) if isinstance(node, list) else iter(())


def _until(reservation: Document) -> datetime | None:
    text = reservation.get("valid_for")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise bad_request("valid_for: a date and time was expected") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


TMF685 = Api(
    name="TMF685",
    base_path="/tmf-api/resourcePoolManagement/v1",
    version="1.0.0",
    resources=(
        Resource(
            path="reservation",
            type="Reservation",
            required=("relatedParty",),
            references={
                "reservationItem.appliedCapacityAmount.resource": HELD,
                "productOfferingRef": "TMF620.productOffering",
            },
            indexed=("reservationState", "relatedParty.id"),
            lifecycle=Lifecycle(
                "reservationState",
                frozenset({"reserved", "cancelled", "expired", "completed"}),
                {"reserved": frozenset({"cancelled", "expired", "completed"})},
            ),
            methods=frozenset({"GET", "POST", "PATCH"}),
            attributes=frozenset(_NAMES.split()),
            arrays=("reservationItem",),
            effect=written,
            due=expire,
        ),
    ),
)
