"""What makes a customer unmistakable, as keyed hashes that can be compared and tell nothing.

The key has to stay the same for good: with another one every customer could be made once more. A value counts within
its segment, so that one person can be a consumer and speak for a company under one address.
"""

import re
from dataclasses import dataclass

import phonenumbers

from domain.identity.contact import Contact
from domain.identity.model import Applicant, Individual
from kernel.context import Segment
from kernel.keys import SigningKeys

_PURPOSE = "identity"
_LOGIN = "invitation"
_NOISE = re.compile(r"[\W_]+")
EMAIL, PHONE, DOCUMENT, REGISTRATION = "email", "phone", "document", "registration"
CONTACT = (EMAIL, PHONE)

Claims = tuple[tuple[str, str], ...]
"""Kinds of values, each with its hash in hex."""


@dataclass(frozen=True)
class Fingerprints:
    """Makes the hashes. `keys` holds one key, of its own."""

    keys: SigningKeys

    def of(self, applicant: Applicant) -> Claims:
        """Of everything by which this customer could be known already."""
        party = applicant.party
        segment = applicant.segment
        claims = list(self.of_contact(segment, applicant.contact))
        if isinstance(party, Individual):
            if party.document:
                claims.append((DOCUMENT, self._mac(segment, DOCUMENT, bare(party.document))))
        else:
            country = applicant.billing_address.country
            claims.append((REGISTRATION, self._mac(segment, REGISTRATION, country, bare(party.registration))))
        return tuple(claims)

    def of_contact(self, segment: Segment, contact: Contact) -> Claims:
        told = ((EMAIL, normal_email(contact.email)), (PHONE, normal_phone(contact.phone)))
        return tuple((kind, self._mac(segment, kind, value)) for kind, value in told if value)

    def of_login(self, login: str) -> str:
        """A login as an invitation remembers it."""
        value = normal_phone(login) if login.startswith("+") else normal_email(login)
        return self.keys.mac(_LOGIN, (value or login).encode()).hex()

    def _mac(self, segment: Segment, kind: str, *values: str) -> str:
        return self.keys.mac(_PURPOSE, segment.value.encode(), kind.encode(), *(v.encode() for v in values)).hex()


def normal_email(text: str | None) -> str | None:
    """Case does not matter to any provider in use; what follows a plus sign does to some, so it stays."""
    return text.strip().lower() if text else None


def normal_phone(text: str | None) -> str | None:
    """In international form (E.164), whatever way it was written."""
    if not text:
        return None
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def bare(text: str) -> str:
    """Letters and digits alone, in one case: `HRB 90-210` is `hrb90210`."""
    return _NOISE.sub("", text.casefold())
