"""TMF639 in both versions: what v5 calls differently, nests or types, and how the states of the two say the same.

The store keeps what each version says of a resource's state, `resourceStatus` of v4 beside `allocationStatus` of v5;
a write of one sets the other. v4 has no word for assigned: there it is reserved and in use (usageState active or busy).
The words of v4 that v5 has none for (suspended, standby, alarm, unknown) stand in allocationStatus as they are.
"""

from typing import Any

from sandbox.apis.forms import CHARACTERISTIC, PARTY_PATHS, party, same
from sandbox.shapes import Document, Form, Shape

IN_USE = frozenset({"active", "busy"})
_REFERENCE = ("id", "href", "name", "@referredType")
_ADMINISTRATIVE = {"shutdown": "shuttingDown"}
_OPERATIONAL = {"enable": "enabled", "disable": "disabled"}


def allocation(resource: Document) -> Any:
    """The state of a resource of v4 in the word of v5; None when it says none."""
    status = resource.get("resourceStatus")
    return "allocated" if status == "reserved" and resource.get("usageState") in IN_USE else status


def _from_v4(resource: Document) -> Document:
    known = allocation(resource)
    return resource if known is None else {**resource, "allocationStatus": known}


def settled(resource: Document) -> Any:
    """The state of a resource of v5: a reserved one that is in use is allocated, as v4 has it."""
    status = resource.get("allocationStatus")
    return "allocated" if status == "reserved" and resource.get("usageState") in IN_USE else status


def _state_from_v5(resource: Document) -> Document:
    """All three attributes: allocated means in use, available means not."""
    status, usage = settled(resource), resource.get("usageState")
    if status is None:
        return resource
    if status == "allocated" and usage not in IN_USE:
        usage = "active"
    if status == "available" and usage in IN_USE:
        usage = "idle"
    stored = {"allocationStatus": status, "resourceStatus": "reserved" if status == "allocated" else status}
    return {**resource, **stored, **({"usageState": usage} if usage else {})}


def _translated(resource: Document, name: str, words: dict[str, str]) -> Document:
    return {**resource, name: words.get(resource[name], resource[name])} if isinstance(resource.get(name), str) else {}


def _words(resource: Document, administrative: dict[str, str], operational: dict[str, str]) -> Document:
    told = {**_translated(resource, "administrativeState", administrative)}
    return {**resource, **told, **_translated({**resource, **told}, "operationalState", operational)}


def _to_v5(resource: Document) -> Document:
    place = resource.get("place")
    return {
        **_words(resource, _ADMINISTRATIVE, _OPERATIONAL),
        **({"place": [place]} if isinstance(place, dict) else {}),
    }


def _from_v5(resource: Document) -> Document:
    """A single place is an object again; of several, v4 shows the first."""
    place = resource.get("place")
    older = _words(resource, _turned(_ADMINISTRATIVE), _turned(_OPERATIONAL))
    alone = {"place": place[0]} if isinstance(place, list) and len(place) == 1 else {}
    return _state_from_v5({**older, **alone})


def _turned(words: dict[str, str]) -> dict[str, str]:
    return {newer: older for older, newer in words.items()}


def _first_place(resource: Document) -> Document:
    place = resource.get("place")
    return {**resource, "place": place[0]} if isinstance(place, list) and place else resource


def _place_out(place: Document) -> Document:
    inner = {key: place.pop(key) for key in _REFERENCE if key in place}
    return {**place, "place": inner}


def _place_in(place: Document) -> Document:
    inner = place.pop("place", None)
    return {**(inner if isinstance(inner, dict) else {}), **place}


def _relationship_out(relationship: Document) -> Document:
    """The files of v4 disagree: one has the other resource flat, one below `resource`, perhaps whole."""
    flat = {key: relationship.pop(key) for key in ("id", "href") if key in relationship}
    inner = relationship.pop("resource", None)
    shown = {key: inner[key] for key in _REFERENCE if key in inner} if isinstance(inner, dict) else flat
    return {**relationship, **({"resource": shown} if shown else {})}


OLDER = Shape(
    same(
        "Resource",
        dropped=frozenset({"allocationStatus", "creationDate"}),
        outward=_first_place,
        inward=_from_v4,
    )
)
"""v4; the two that it does not show stay in the store."""

NEWER = Shape(
    same(
        "Resource",
        dropped=frozenset({"resourceStatus"}),
        parts={
            "activationFeature": same("Feature", parts={"featureCharacteristic": CHARACTERISTIC}),
            "attachment": Form(
                "AttachmentRef",
                dropped=frozenset({"attachmentType", "content", "mimeType", "size", "validFor"}),
            ),
            "note": same("Note"),
            "place": Form(
                "RelatedPlaceRef",
                was="RelatedPlaceRefOrValue",
                parts={"place": Form("PlaceRef")},
                outward=_place_out,
                inward=_place_in,
            ),
            "relatedParty": party("RelatedPartyRefOrPartyRoleRef"),
            "resourceCharacteristic": CHARACTERISTIC,
            "resourceRelationship": same(
                "ResourceRelationship",
                parts={"resource": Form("ResourceRef"), "resourceRelationshipCharacteristic": CHARACTERISTIC},
                outward=_relationship_out,
            ),
            "resourceSpecification": Form("ResourceSpecificationRef"),
        },
        outward=_to_v5,
        inward=_from_v5,
    ),
    {**PARTY_PATHS, "place.place": "place"},
)
