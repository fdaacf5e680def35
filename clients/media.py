"""Contact media, characteristics and external references, which v4 and v5 write very differently.

The models speak v4. What a newcomer would get wrong: v5 tells a medium's kind by its class and has no word for it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from clients.parts import Json, Part, typed

EMAIL, PHONE, POSTAL = "email", "phone", "postalAddress"
_CLASSES = {
    EMAIL: "EmailContactMedium",
    PHONE: "PhoneContactMedium",
    POSTAL: "GeographicAddressContactMedium",
}
_INSIDE = ("email_address", "phone_number", "street1", "street2", "city", "post_code", "state_or_province", "country")
_WRITTEN = {
    "email_address": "emailAddress",
    "phone_number": "phoneNumber",
    "street1": "street1",
    "street2": "street2",
    "city": "city",
    "post_code": "postCode",
    "state_or_province": "stateOrProvince",
    "country": "country",
}


class MediumCharacteristic(Part, frozen=True):
    """What a contact medium holds: of an e-mail address the address, of a postal one its lines."""

    email_address: str | None = None
    phone_number: str | None = None
    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    post_code: str | None = None
    state_or_province: str | None = None
    country: str | None = None


class ContactMedium(Part, frozen=True):
    """One way to reach somebody. Nested in v4, flat in v5."""

    medium_type: str | None = None
    preferred: bool | None = None
    contact_type: str | None = None
    characteristic: MediumCharacteristic | None = None
    email_address: str | None = None
    phone_number: str | None = None
    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    post_code: str | None = None
    state_or_province: str | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        flat = {name: value for name in _INSIDE if (value := getattr(self, name)) is not None}
        if flat and self.characteristic is None:
            force_setattr(self, "characteristic", MediumCharacteristic(**flat))
        for name in flat:
            force_setattr(self, name, None)

    @property
    def held(self) -> MediumCharacteristic:
        return self.characteristic or MediumCharacteristic()


class Characteristic(Part, frozen=True):
    """A named value. v5 has a type for each kind of value; all are read as what they hold."""

    name: str
    value: Any = None


class ExternalReference(Part, frozen=True):
    """An id that another system knows something by. v4 calls the id a name, and the type by a longer one."""

    name: str | None = None
    external_reference_type: str | None = None
    id: str | None = None
    external_identifier_type: str | None = None

    def __post_init__(self) -> None:
        if self.id is not None:
            force_setattr(self, "name", self.id)
            force_setattr(self, "external_reference_type", self.external_identifier_type)
            force_setattr(self, "id", None)
            force_setattr(self, "external_identifier_type", None)


def first_email(media: Iterable[ContactMedium]) -> str | None:
    return next((each.held.email_address for each in preferred(media) if each.held.email_address), None)


def first_phone(media: Iterable[ContactMedium]) -> str | None:
    return next((each.held.phone_number for each in preferred(media) if each.held.phone_number), None)


def first_address(media: Iterable[ContactMedium]) -> MediumCharacteristic | None:
    return next((each.held for each in preferred(media) if each.held.street1 or each.held.city), None)


def preferred(media: Iterable[ContactMedium]) -> Sequence[ContactMedium]:
    """The preferred ones first, else in their order."""
    return sorted(media, key=lambda each: not each.preferred)


def media_body(media: Iterable[ContactMedium], version: str) -> list[Json]:
    """Contact media as the version writes them; the whole array, for a PATCH replaces it."""
    return [_medium(each, version) for each in media]


def _medium(medium: ContactMedium, version: str) -> Json:
    held = medium.held
    inside = {_WRITTEN[name]: value for name in _INSIDE if (value := getattr(held, name)) is not None}
    kind = medium.medium_type or _kind(held) or POSTAL
    body: Json = {} if medium.preferred is None else {"preferred": medium.preferred}
    if version == "v5":
        return typed(_CLASSES.get(kind, "ContactMedium"), {**body, **inside}, version)
    return {"mediumType": kind, **body, "characteristic": inside}


def _kind(held: MediumCharacteristic) -> str | None:
    if held.email_address:
        return EMAIL
    if held.phone_number:
        return PHONE
    return POSTAL if held.street1 or held.city else None


def others(media: Iterable[Json]) -> list[Json]:
    """Of media as they came those that are no e-mail address, phone number or postal address (fax, a network)."""
    return [each for each in media if _kind(msgspec.convert(each, ContactMedium, strict=False).held) is None]


def characteristic_body(name: str, value: str | bool, version: str) -> Json:
    kind = "boolean" if isinstance(value, bool) else "string"
    return typed(f"{kind.capitalize()}Characteristic", {"name": name, "valueType": kind, "value": value}, version)


def reference_body(owner: str, reference: str, version: str) -> Json:
    """An external reference of ours."""
    if version == "v5":
        return typed("ExternalIdentifier", {"owner": owner, "externalIdentifierType": owner, "id": reference}, version)
    return {"externalReferenceType": owner, "name": reference}
