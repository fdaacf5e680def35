"""How somebody wants to be reached, checked before any of it is kept."""

import re
from collections.abc import Mapping

import msgspec
import phonenumbers

from kernel.outcomes import ErrorCode, Path, Rejected, Rejection
from kernel.text import TextError, check_text

MAX_EMAIL = 254
_LENGTHS = {"line1": 100, "line2": 100, "city": 100, "postcode": 20}
# A local part and a domain with a dot (RFC 5321, section 4.1.2, without quoted parts and address literals).
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A postal address; `country` as ISO 3166-1 alpha-2."""

    line1: str
    city: str
    postcode: str
    country: str
    line2: str | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How somebody can be reached, and whether a reminder is welcome. `phone` in international form (E.164)."""

    reminder_consent: bool
    email: str | None = None
    phone: str | None = None
    address: Address | None = None


def checked_contact(
    path: Path, *, consent: bool, email: str | None, phone: str | None, address: Mapping[str, str | None] | None
) -> Contact:
    """A contact whose every part is what it should be.

    Raises:
        Rejected: with one reason for each part that is not.
    """
    wrong: list[Rejection] = []

    def part(text: str | None, most: int, *place: str) -> str | None:
        try:
            return None if text is None else check_text(text, most=most)
        except TextError as error:
            wrong.append(Rejection(ErrorCode.INVALID, error.reason, (*path, *place)))
            return None

    def require(*place: str, holds: bool, message: str) -> None:
        if not holds and not any(each.path == (*path, *place) for each in wrong):
            wrong.append(Rejection(ErrorCode.INVALID, message, (*path, *place)))

    kept_email = part(email, MAX_EMAIL, "email")
    require(
        "email", holds=email is None or bool(_EMAIL.fullmatch(kept_email or "")), message="This is no e-mail address."
    )
    require("phone", holds=phone is None or is_phone(phone), message="This is no phone number.")
    kept = None
    if address is not None:
        parts = {name: part(address[name], most, "address", name) for name, most in _LENGTHS.items()}
        for name in ("line1", "city", "postcode"):
            require("address", name, holds=bool(parts[name]), message="This must not be empty.")
        country = address["country"] or ""
        known = bool(_COUNTRY.fullmatch(country))
        require("address", "country", holds=known, message="A country is two letters (ISO 3166-1): GB.")
        kept = Address(
            line1=parts["line1"] or "",
            line2=parts["line2"] or None,
            city=parts["city"] or "",
            postcode=parts["postcode"] or "",
            country=country,
        )
    if wrong:
        raise Rejected(*wrong)
    return Contact(reminder_consent=consent, email=kept_email, phone=phone, address=kept)


def is_phone(number: str) -> bool:
    """Whether an E.164 number is one that could be called, by the numbering plan of its country."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False
