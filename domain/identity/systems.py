"""The operator's systems as the record of a customer: party, customer and billing account, made once and found again.

What a newcomer would get wrong: each is made with a reference of ours in it, and is looked up by that before it is made
a second time. The server's filter is never believed. A party cannot be told from another of the same name otherwise.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from clients import tmf629, tmf632, tmf666
from clients.calls import RefusedError
from clients.looking_up import looked_up
from clients.media import (
    EMAIL,
    PHONE,
    POSTAL,
    ContactMedium,
    MediumCharacteristic,
    first_address,
    first_email,
    first_phone,
    preferred,
)
from clients.parts import Json
from clients.tmf import Collection, Entity, TMFClient
from clients.writing import Writer
from domain.identity.contact import Address, Contact
from domain.identity.model import Applicant, Individual
from kernel.clock import Clock
from kernel.context import Audience
from kernel.errors import UnknownOutcomeError, UpstreamUnavailableError
from kernel.outcomes import ErrorCode, Rejected, Rejection

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=Entity)

_CONFLICT = 409
_CHANGED = 412
_NO_DELETING = (403, 405, 409, 501)
_NOT_TAKEN = Rejection(ErrorCode.INVALID, "The operator's systems do not take these details.", ("input",))


@dataclass(frozen=True)
class Statuses:
    """The operator's words for a customer and an account that are new, and for those that are closed."""

    customer: str
    account: str
    closed: str


@dataclass(frozen=True)
class CustomerSystems:
    """TMF632, 629 and 666 of one operator. `audience`: writes are for nobody in particular."""

    parties: TMFClient
    customers: TMFClient
    accounts: TMFClient
    audience: Audience
    statuses: Statuses
    clock: Clock

    # ------------------------------------------------------------ the party

    async def make_party(self, applicant: Applicant, reference: str, *, again: bool) -> str:
        """Its id. `again`: it may be there already.

        Raises:
            Rejected: the operator does not take it.
            UpstreamError: it may or may not be there; only a look tells.
        """
        collection = tmf632.parties(applicant.kind)
        body = self._party_body(applicant, reference)
        return await _made(
            lambda: self._party(applicant.kind, reference), self.parties, collection, self.audience, body, again=again
        )

    async def remove_party(self, kind: str, reference: str) -> None:
        """Whatever carries the reference."""
        for party_id in await self._party(kind, reference):
            await self._remove(self.parties, tmf632.parties(kind), party_id, {})

    async def _party(self, kind: str, reference: str) -> list[str]:
        found = await looked_up(
            self.parties,
            tmf632.parties(kind),
            self.audience,
            {tmf632.reference_filter(_version(self.parties)): reference},
            frozenset({"externalReference"}),
            lambda party: party.is_marked(reference),
        )
        return sorted(each.id for each in found)

    def _party_body(self, applicant: Applicant, reference: str) -> Json:
        party, version = applicant.party, _version(self.parties)
        media, consent = media_of(applicant.contact), applicant.contact.reminder_consent
        if isinstance(party, Individual):
            return tmf632.new_individual(
                party.given,
                party.family,
                party.born,
                party.document,
                media,
                consent=consent,
                reference=reference,
                version=version,
            )
        numbers = [(tmf632.REGISTER, party.registration)]
        numbers += [(tmf632.TAX, party.tax)] if party.tax else []
        return tmf632.new_organization(
            party.name, numbers, media, consent=consent, reference=reference, version=version
        )

    # ------------------------------------------------------------ the customer

    async def make_customer(self, applicant: Applicant, party_id: str, reference: str, *, again: bool) -> str:
        """Its id; raises as `make_party`."""
        body = tmf629.new_customer(
            applicant.display_name,
            self.statuses.customer,
            party_id,
            applicant.kind,
            reference=reference,
            version=_version(self.customers),
        )
        return await _made(
            lambda: self._customer(party_id, reference),
            self.customers,
            tmf629.CUSTOMERS,
            self.audience,
            body,
            again=again,
        )

    async def remove_customer(self, party_id: str, reference: str) -> None:
        for customer_id in await self._customer(party_id, reference):
            closed = {"status": self.statuses.closed}
            await self._remove(self.customers, tmf629.CUSTOMERS, customer_id, closed, "Customer")

    async def _customer(self, party_id: str, reference: str) -> list[str]:
        found = await looked_up(
            self.customers,
            tmf629.CUSTOMERS,
            self.audience,
            {tmf629.BY_PARTY: party_id},
            frozenset({"characteristic"}),
            lambda customer: customer.is_marked(reference),
        )
        return sorted(each.id for each in found)

    # ------------------------------------------------------------ the billing account

    async def make_account(self, applicant: Applicant, customer_id: str, reference: str, *, again: bool) -> str:
        """Its id; raises as `make_party`."""
        chosen = applicant.billing
        body = tmf666.new_account(
            applicant.display_name,
            self.statuses.account,
            customer_id,
            tmf666.Billing(cycle=chosen.cycle, media=chosen.media, terms=chosen.terms),
            _postal(applicant.billing_address),
            since=datetime.fromtimestamp(self.clock.now(), UTC).isoformat().replace("+00:00", "Z"),
            reference=reference,
            version=_version(self.accounts),
        )
        return await _made(
            lambda: self._account(customer_id, reference),
            self.accounts,
            tmf666.BILLING_ACCOUNTS,
            self.audience,
            body,
            again=again,
        )

    async def remove_account(self, customer_id: str, reference: str) -> None:
        for account_id in await self._account(customer_id, reference):
            closed = {"state": self.statuses.closed}
            await self._remove(self.accounts, tmf666.BILLING_ACCOUNTS, account_id, closed, "BillingAccount")

    async def _account(self, customer_id: str, reference: str) -> list[str]:
        found = await looked_up(
            self.accounts,
            tmf666.BILLING_ACCOUNTS,
            self.audience,
            {tmf666.party_filter(_version(self.accounts)): customer_id},
            frozenset({"description"}),
            lambda account: account.is_marked(reference),
        )
        return sorted(each.id for each in found)

    # ------------------------------------------------------------ changing a contact

    async def put_contact(self, kind: str, party_id: str, contact: Contact) -> None:
        """Make it the party's; what others keep beside it stays.

        Raises:
            Rejected: the operator does not take it.
            UpstreamError: it may or may not be so now; only a look tells.
        """
        collection, writer = tmf632.as_they_are(kind), Writer(self.parties)
        now = await writer.read(collection, self.audience, party_id)
        if now is None or now.entity is None:
            raise Rejected(_NOT_TAKEN)
        if _shows(now.entity, contact):
            return
        body = tmf632.contact_patch(
            now.entity,
            media_of(contact),
            consent=contact.reminder_consent,
            kind=kind,
            version=_version(self.parties),
        )
        strong = now.etag if now.etag and not now.etag.startswith("W/") else None
        try:
            written = await writer.change(collection, self.audience, party_id, body, if_match=strong)
        except RefusedError as refused:
            if refused.status == _CHANGED or refused.of_the_caller:
                raise UpstreamUnavailableError(self.parties.name, detail=refused.detail) from refused
            raise Rejected(_NOT_TAKEN) from refused
        told = written.entity
        if told is None or not told.contact_medium:
            again = await writer.read(collection, self.audience, party_id)
            told = None if again is None else again.entity
        if told is None or not _shows(told, contact):
            raise UnknownOutcomeError(self.parties.name, detail="the party does not show the contact it was given")

    async def _remove(
        self,
        client: TMFClient,
        collection: Collection[Any],
        local_id: str,
        closed: Mapping[str, str],
        kind: str | None = None,
    ) -> None:
        """Delete it, or where that is not allowed, close it."""
        writer = Writer(client)
        try:
            await writer.remove(collection, self.audience, local_id)
        except RefusedError as refused:
            if refused.status not in _NO_DELETING:
                raise
            if not closed:
                log.warning("customer.party_left", collection=collection.name, party=local_id)
                return
            typed = {"@type": kind, **closed} if _version(client) == "v5" else closed
            await writer.change(collection, self.audience, local_id, typed)


async def _made(
    find: Callable[[], Awaitable[list[str]]],
    client: TMFClient,
    collection: Collection[Any],
    audience: Audience,
    body: Json,
    *,
    again: bool,
) -> str:
    """The id of the one that is there, or was made."""
    if again and (found := await find()):
        return found[0]
    try:
        written = await Writer(client).create(collection, audience, body)
    except RefusedError as refused:
        if refused.status == _CONFLICT and (found := await find()):
            return found[0]
        if refused.of_the_caller:
            raise UpstreamUnavailableError(client.name, detail=refused.detail) from refused
        log.warning("customer.not_taken", detail=refused.detail)
        raise Rejected(_NOT_TAKEN) from refused
    if written.entity is not None:
        return str(written.entity.id)
    if found := await find():
        return found[0]
    raise UnknownOutcomeError(client.name, detail=f"{collection.path}: the answer tells no id, and it is not found")


def _version(client: TMFClient) -> str:
    return client.options.version


# ---------------------------------------------------------------- contacts and media


def media_of(contact: Contact) -> list[ContactMedium]:
    """A contact as media, the e-mail address preferred."""
    media = []
    if contact.email:
        held = MediumCharacteristic(email_address=contact.email)
        media.append(ContactMedium(medium_type=EMAIL, preferred=True, characteristic=held))
    if contact.phone:
        held = MediumCharacteristic(phone_number=contact.phone)
        media.append(ContactMedium(medium_type=PHONE, preferred=not contact.email, characteristic=held))
    if contact.address:
        media.append(_postal(contact.address))
    return media


def contact_of(media: Sequence[ContactMedium], *, consent: bool) -> Contact:
    """What of a party's media a shopper is shown: the preferred of each sort."""
    ordered = preferred(media)
    found = first_address(ordered)
    address = None
    if found is not None:
        address = Address(
            line1=found.street1 or "",
            line2=found.street2,
            city=found.city or "",
            postcode=found.post_code or "",
            country=found.country or "",
        )
    return Contact(reminder_consent=consent, email=first_email(ordered), phone=first_phone(ordered), address=address)


def _postal(address: Address) -> ContactMedium:
    held = MediumCharacteristic(
        street1=address.line1,
        street2=address.line2,
        city=address.city,
        post_code=address.postcode,
        country=address.country,
    )
    return ContactMedium(medium_type=POSTAL, characteristic=held)


def _shows(party: tmf632.AsItIs, contact: Contact) -> bool:
    known = tmf632.read_contact(party)
    return contact_of(known.contact_medium, consent=known.consents) == contact
