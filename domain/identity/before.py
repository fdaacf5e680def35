"""Customers that the operator had before: made by a shop assistant, another channel, or years ago.

Our own claims (`duplicates`) do not know them, so TMF632 is asked by what makes a customer unmistakable. What a
newcomer would get wrong: a party is no customer. Leads, and what could not be removed when a customer was undone, are
parties too; only one that TMF629 has a customer of, and not a closed one, is in the way. No filter is believed.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clients import tmf629, tmf632
from clients.looking_up import looked_up
from clients.tmf import TMFClient, pushable
from clients.tmf629 import Customer
from clients.tmf632 import Party
from domain.catalog.rules import fold
from domain.identity.contact import Contact
from domain.identity.duplicates import DOCUMENT, EMAIL, PHONE, REGISTRATION, bare, normal_email, normal_phone
from domain.identity.model import Individual, Organization
from kernel.context import Audience

_READ = {
    EMAIL: "contactMedium",
    PHONE: "contactMedium",
    DOCUMENT: "individualIdentification",
    REGISTRATION: "organizationIdentification",
}


@dataclass(frozen=True)
class Told:
    """Something by which a customer could be known: its kind, and as it was typed."""

    kind: str
    text: str

    @property
    def normal(self) -> str:
        return normal(self.kind, self.text)


def normal(kind: str, text: str) -> str:
    """In the one form in which two of a kind are compared."""
    if kind == EMAIL:
        return normal_email(text) or ""
    if kind == PHONE:
        return normal_phone(f"+{text}" if text.isdigit() else text) or ""
    return bare(text)


def told_by(contact: Contact, party: Individual | Organization | None = None) -> tuple[Told, ...]:
    """Everything in it by which somebody could be known."""
    document = party.document if isinstance(party, Individual) else None
    registration = party.registration if isinstance(party, Organization) else None
    every = ((EMAIL, contact.email), (PHONE, contact.phone), (DOCUMENT, document), (REGISTRATION, registration))
    return tuple(Told(kind, text) for kind, text in every if text)


@dataclass(frozen=True)
class Before:
    """`kinds`: of which sorts of details TMF632 is asked; `closed`: the status of customers that are no more."""

    parties: TMFClient
    customers: TMFClient
    audience: Audience
    kinds: frozenset[str]
    closed: str

    async def knows(self, of: str, told: Iterable[Told], *, besides: str = "") -> bool:
        """Whether there is a customer with any of this; `of`: individual or organization, `besides` the caller's own.

        Raises:
            UnknownOutcomeError: the server filters by none of it, and has too many parties to look at each.
            UpstreamError: no usable answer.
        """
        asked = [each for each in told if each.kind in self.kinds]
        found = await asyncio.gather(*(self._parties(of, each, text) for each in asked for text in _spellings(each)))
        known = {party.id for some in found for party in some} - {besides}
        return any(await asyncio.gather(*(self._is_customer(each) for each in sorted(known))))

    async def _parties(self, of: str, told: Told, text: str) -> Sequence[Party]:
        attribute = tmf632.found_by(told.kind, of, self.parties.options.version)
        return await looked_up(
            self.parties,
            tmf632.parties(of),
            self.audience,
            {attribute: text},
            frozenset({_READ[told.kind]}),
            lambda party: told.normal in _values(party, told.kind),
            all_of_them=True,
        )

    async def _is_customer(self, party_id: str) -> bool:
        def is_it(customer: Customer) -> bool:
            its = customer.engaged_party is not None and customer.engaged_party.id == party_id
            return its and fold(customer.status or "") != fold(self.closed)

        wanted = frozenset({"engagedParty", "status"})
        filters = {tmf629.BY_PARTY: party_id}
        return bool(await looked_up(self.customers, tmf629.CUSTOMERS, self.audience, filters, wanted, is_it))


def _spellings(told: Told) -> Sequence[str]:
    """How it may stand there: as it was typed, and in the one form. Digits alone are misread by servers."""
    return [each for each in dict.fromkeys((told.text, _written(told))) if pushable(each)] or [told.text]


def _written(told: Told) -> str:
    return told.normal if told.kind in (EMAIL, PHONE) else told.normal.upper()


def _values(party: Party, kind: str) -> set[str]:
    """What a party says of that kind."""
    if kind == EMAIL:
        texts = [each.held.email_address for each in party.contact_medium]
    elif kind == PHONE:
        texts = [each.held.phone_number for each in party.contact_medium]
    else:
        texts = [each.identification_id for each in tmf632.identifications(party)]
    return {normal(kind, each) for each in texts if each}
