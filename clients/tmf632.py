"""TMF632 Party, v4 and v5: people and companies, as they are read and written.

The models speak v4, whatever the server speaks. `birthDate` is a date-time in both files; only its day counts. v4 wants
a company's `tradingName`, v5 its `name`: both are written.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from clients.media import (
    Characteristic,
    ContactMedium,
    ExternalReference,
    characteristic_body,
    media_body,
    others,
    reference_body,
)
from clients.parts import Json, Part, typed
from clients.tmf import Collection, Entity

UPSTREAM = "tmf632"
OWNER = "shopGateway"
"""The type of the external reference by which the gateway finds a party whose POST brought no answer."""
CONSENT = "reminderConsent"


class Identification(Part, frozen=True):
    """A document or an entry in a register."""

    identification_type: str | None = None
    identification_id: str | None = None


class Party(Entity, frozen=True):
    """What people and companies have in common."""

    status: str | None = None
    contact_medium: tuple[ContactMedium, ...] = ()
    party_characteristic: tuple[Characteristic, ...] = ()
    external_reference: tuple[ExternalReference, ...] = ()

    def is_marked(self, reference: str) -> bool:
        return any(each.name == reference for each in self.external_reference)

    @property
    def consents(self) -> bool:
        """Whether reminders are welcome; nobody is taken to have agreed."""
        return any(each.name == CONSENT and each.value in (True, "true") for each in self.party_characteristic)


class Individual(Party, frozen=True):
    given_name: str | None = None
    family_name: str | None = None
    birth_date: str | None = None
    individual_identification: tuple[Identification, ...] = ()


class Organization(Party, frozen=True):
    name: str | None = None
    trading_name: str | None = None
    organization_identification: tuple[Identification, ...] = ()

    def identified(self, kind: str) -> str | None:
        """The number under which a register knows the company."""
        found = (each for each in self.organization_identification if each.identification_type == kind)
        return next((each.identification_id for each in found), None)


class AsItIs(Entity, frozen=True):
    """Of a party the two arrays that an update replaces, as they came: others keep things in them."""

    contact_medium: tuple[Json, ...] = ()
    party_characteristic: tuple[Json, ...] = ()


def read_contact(party: AsItIs) -> Party:
    """The two arrays as they are understood."""
    told = {
        "id": party.id,
        "contactMedium": party.contact_medium,
        "partyCharacteristic": party.party_characteristic,
    }
    return msgspec.convert(told, Party, strict=False)


REGISTER, TAX, DOCUMENT = "registrationNumber", "taxId", "identityDocument"

INDIVIDUALS = Collection(UPSTREAM, "individual", Individual)
ORGANIZATIONS = Collection(UPSTREAM, "organization", Organization)


def parties(kind: str) -> Collection[Any]:
    """Where parties of a kind are: individual or organization."""
    return ORGANIZATIONS if kind == "organization" else INDIVIDUALS


def as_they_are(kind: str) -> Collection[AsItIs]:
    """The same, read for an update."""
    return Collection(UPSTREAM, kind, AsItIs)


def identifications(party: Party) -> Sequence[Identification]:
    """Documents of a person; entries of a company in registers, but for its taxes."""
    if isinstance(party, Individual):
        return party.individual_identification
    if isinstance(party, Organization):
        return [each for each in party.organization_identification if each.identification_type != TAX]
    return ()


_INSIDE = {"email": "emailAddress", "phone": "phoneNumber"}


def found_by(what: str, kind: str, version: str) -> str:
    """The attribute by which parties of a kind are found: by email or phone, else by the number of a document."""
    if what in _INSIDE:
        return f"contactMedium.{'' if version == 'v5' else 'characteristic.'}{_INSIDE[what]}"
    return f"{kind}Identification.identificationId"


def reference_filter(version: str) -> str:
    """The attribute by which parties are found by our reference."""
    return "externalReference.id" if version == "v5" else "externalReference.name"


def new_individual(
    given: str,
    family: str,
    born: str | None,
    document: str | None,
    media: Sequence[ContactMedium],
    *,
    consent: bool,
    reference: str,
    version: str,
) -> Json:
    """The body of a POST; `born` is a day (RFC 3339 full-date)."""
    body: Json = {"givenName": given, "familyName": family, **_common(media, consent, reference, version)}
    body["name" if version == "v5" else "fullName"] = f"{given} {family}"
    if born:
        body["birthDate"] = f"{born}T00:00:00Z"
    if document:
        body["individualIdentification"] = [_identification("Individual", DOCUMENT, document, version)]
    return typed("Individual", body, version)


def new_organization(
    name: str,
    numbers: Iterable[tuple[str, str]],
    media: Sequence[ContactMedium],
    *,
    consent: bool,
    reference: str,
    version: str,
) -> Json:
    """The body of a POST; `numbers` are kinds (`REGISTER`, `TAX`) with the number of each."""
    body: Json = {"name": name, "tradingName": name, **_common(media, consent, reference, version)}
    body["organizationIdentification"] = [
        _identification("Organization", kind, number, version) for kind, number in numbers
    ]
    return typed("Organization", body, version)


def contact_patch(party: AsItIs, media: Sequence[ContactMedium], *, consent: bool, kind: str, version: str) -> Json:
    """The body of a PATCH: both arrays whole, and what others keep in them as it came."""
    characteristics = [each for each in party.party_characteristic if each.get("name") != CONSENT]
    body = {
        "contactMedium": [*media_body(media, version), *others(party.contact_medium)],
        "partyCharacteristic": [*characteristics, characteristic_body(CONSENT, consent, version)],
    }
    return typed(kind.capitalize(), body, version)


def _common(media: Sequence[ContactMedium], consent: bool, reference: str, version: str) -> Json:
    return {
        "status": "initialized",
        "contactMedium": media_body(media, version),
        "externalReference": [reference_body(OWNER, reference, version)],
        "partyCharacteristic": [characteristic_body(CONSENT, consent, version)],
    }


def _identification(of: str, kind: str, number: str, version: str) -> Json:
    return typed(f"{of}Identification", {"identificationType": kind, "identificationId": number}, version)
