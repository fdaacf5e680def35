"""TMF632 v5 against v4: people and companies, object by object. The forms of contact media serve TMF629 and TMF666 too.

The store has them as v4 does. v4 calls an individual's whole name `fullName` and spells a state `deceaded`; v5 has a
class for each kind of contact medium, and an external reference is there an id with an owner.
"""

from typing import Any

from sandbox.apis.forms import CHARACTERISTIC, PARTY_PATHS, party, same
from sandbox.shapes import Document, Form, Shape

_CLASSES = {
    "emailAddress": ("email", "EmailContactMedium"),
    "phoneNumber": ("phone", "PhoneContactMedium"),
    "faxNumber": ("fax", "FaxContactMedium"),
    "socialNetworkId": ("social", "SocialContactMedium"),
}
"""An attribute that tells a contact medium's kind, with v4's word for the kind and v5's class."""
_ADDRESS = ("street1", "street2", "city", "postCode", "stateOrProvince", "country")
_INSIDE = (*_CLASSES, *_ADDRESS, "contactType")


def _medium_out(medium: Document) -> Document:
    inner = medium.pop("characteristic", None)
    medium.pop("mediumType", None)
    return {**medium, **{name: inner[name] for name in _INSIDE if isinstance(inner, dict) and name in inner}}


def _medium_in(medium: Document) -> Document:
    inner = {name: medium.pop(name) for name in _INSIDE if name in medium}
    kind = next((word for name, (word, _) in _CLASSES.items() if name in inner), None)
    if kind is None and any(name in inner for name in _ADDRESS):
        kind = "postalAddress"
    told: dict[str, Any] = {"mediumType": kind} if kind else {}
    return {**medium, **told, **({"characteristic": inner} if inner else {})}


def _medium(medium: Document) -> str:
    found = next((kind for name, (_, kind) in _CLASSES.items() if name in medium), None)
    if found is None:
        return "GeographicAddressContactMedium" if any(name in medium for name in _ADDRESS) else "ContactMedium"
    return found


MEDIUM = Form(_medium, was="ContactMedium", outward=_medium_out, inward=_medium_in)
PARTY = party("RelatedPartyOrPartyRole")
_REFERENCE = Form(
    "ExternalIdentifier",
    was="ExternalReference",
    renamed={"externalReferenceType": "externalIdentifierType", "name": "id"},
)
_COMMON = {
    "contactMedium": MEDIUM,
    "externalReference": _REFERENCE,
    "partyCharacteristic": CHARACTERISTIC,
    "relatedParty": PARTY,
    "creditRating": same("PartyCreditProfile"),
    "taxExemptionCertificate": same("TaxExemptionCertificate"),
}


def _respelt(before: str, after: str) -> Any:
    def rewrite(document: Document) -> Document:
        return {**document, "status": after} if document.get("status") == before else document

    return rewrite


_PATHS = {
    **PARTY_PATHS,
    **{f"contactMedium.{name}": f"contactMedium.characteristic.{name}" for name in _INSIDE},
    "externalReference.id": "externalReference.name",
    "name": "fullName",
}
INDIVIDUAL = Shape(
    same(
        "Individual",
        renamed={"fullName": "name"},
        parts={**_COMMON, "individualIdentification": same("IndividualIdentification")},
        outward=_respelt("deceaded", "deceased"),
        inward=_respelt("deceased", "deceaded"),
    ),
    _PATHS,
)
ORGANIZATION = Shape(
    same("Organization", parts={**_COMMON, "organizationIdentification": same("OrganizationIdentification")}),
    {key: value for key, value in _PATHS.items() if key != "name"},
)
