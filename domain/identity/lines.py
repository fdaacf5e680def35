"""Lines that people have already, as TMF637 tells of them: found by their number, and joined to a customer.

What a newcomer would get wrong: a code shows who holds the telephone, not whose contract it is. So joining adds the
customer to those who have to do with the line and changes nothing else (docs/adr/0015), and not every line can be
joined: not one that another customer of the shop has, and a company's only to a company.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from clients import tmf629, tmf632, tmf637
from clients.calls import RefusedError
from clients.looking_up import looked_up
from clients.parts import RelatedParty
from clients.tmf import TMFClient
from clients.tmf637 import AS_THEY_ARE, PRODUCTS, AsItIs, Product
from clients.writing import Writer
from domain.catalog.rules import fold
from domain.identity.model import Membership
from domain.identity.numbers import number_of
from kernel.context import Audience
from kernel.errors import (
    StoreUnavailableError,
    UnknownOutcomeError,
    UpstreamError,
    UpstreamUnavailableError,
)
from store import customers as rows
from store.database import Database
from store.leases import Lease, Leases

_LEASE = 30.0
_CHANGED = 412
_OF_A_LINE = frozenset({"status", "productCharacteristic", "realizingResource"})


class NotTheirsError(Exception):
    """There is no such line, or it is not the caller's to join."""


class LineBusyError(Exception):
    """Somebody else joins this line right now."""


def _lease_of(product_id: str) -> str:
    """A name of a length that a lease can have, whatever the server calls its products."""
    return f"line:{hashlib.sha256(product_id.encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Lines:
    """`lookups`: filters by which TMF637 finds a line, with `{digits}` for its number. `statuses`, folded, of lines
    in use. `role`: as what a customer joins one.
    """

    products: TMFClient
    customers: TMFClient
    parties: TMFClient
    database: Database
    leases: Leases
    audience: Audience
    lookups: Sequence[str]
    statuses: frozenset[str]
    role: str

    async def with_number(self, number: str) -> Sequence[Product]:
        """The lines in use that have it, asked for in one way whether there is one or not.

        Raises:
            UpstreamError: TMF637 cannot say for sure.
        """
        answers = await asyncio.gather(*(self._by(lookup, number) for lookup in self.lookups))
        found = {each.id: each for answer in answers for each in answer}
        return [each for each in found.values() if fold(each.status or "") in self.statuses]

    async def _by(self, lookup: str, number: str) -> list[Product]:
        attribute, _, value = lookup.partition("=")
        filters = {attribute: value.replace("{digits}", number.removeprefix("+"))}
        return await looked_up(
            self.products,
            PRODUCTS,
            self.audience,
            filters,
            _OF_A_LINE,
            lambda product: number_of(product) == number,
            all_of_them=True,
        )

    async def require_theirs(self, found: Sequence[Product], membership: Membership) -> Product:
        """The one line of these that a customer can join.

        Raises:
            NotTheirsError: there is none, or which one is meant is not clear.
            UpstreamError: it cannot be told just now.
        """
        if len(found) != 1:
            raise NotTheirsError
        await self._require_theirs(found[0].related_party, membership)
        return found[0]

    async def join(self, product_id: str, membership: Membership) -> None:
        """Add the customer to the line. What is so already is left alone.

        Raises:
            NotTheirsError, LineBusyError: it is somebody else's by now, or may become so.
            UpstreamError: it may or may not be so now; doing it again finds out.
        """
        lease = await self.leases.take(_lease_of(product_id), seconds=_LEASE)
        if lease is None:
            raise LineBusyError
        try:
            await self._join(product_id, membership, lease)
        finally:
            with suppress(StoreUnavailableError):
                await asyncio.shield(self.leases.give_back(lease))

    async def _join(self, product_id: str, membership: Membership, lease: Lease) -> None:
        writer, customer = Writer(self.products), membership.customer.upstream_id
        now = await writer.read(AS_THEY_ARE, self.audience, product_id)
        if now is None or now.entity is None:
            raise NotTheirsError
        known = tmf637.related(now.entity)
        if any(each.id == customer for each in known):
            return
        await self._require_theirs(known, membership)
        body = tmf637.link_patch(now.entity, customer, self.role, self.products.options.version)
        strong = now.etag if now.etag and not now.etag.startswith("W/") else None
        if not await self.leases.renew(lease):  # looking took so long that another may have joined: they would be lost
            raise LineBusyError
        try:
            written = await writer.change(AS_THEY_ARE, self.audience, product_id, body, if_match=strong)
        except RefusedError as refused:
            if refused.status == _CHANGED or refused.of_the_caller:
                raise UpstreamUnavailableError(self.products.name, detail=refused.detail) from refused
            raise NotTheirsError from refused
        wanted = {*(each.id for each in known), customer}
        if not wanted <= await self._related_ids(product_id, written.entity, writer):
            raise UnknownOutcomeError(self.products.name, detail="the line does not show whom it was given")

    async def _related_ids(self, product_id: str, told: AsItIs | None, writer: Writer) -> set[str | None]:
        """Who has to do with the line by the answer to a write, or by another look where that does not tell."""
        if told is None or not told.related_party:
            again = await writer.read(AS_THEY_ARE, self.audience, product_id)
            told = None if again is None else again.entity
        return set() if told is None else {each.id for each in tmf637.related(told)}

    async def _require_theirs(self, known: Iterable[RelatedParty], membership: Membership) -> None:
        row = membership.customer
        others = {each.id for each in known if each.id}
        if others & {row.upstream_id, row.party_id}:
            return
        async with self.database.reading() as connection:
            if await rows.any_is_known(connection, others):
                raise NotTheirsError
        if await self._kind(sorted(others)) != row.party_kind:
            raise NotTheirsError

    async def _kind(self, ids: Sequence[str]) -> str:
        """Whose line it is: an organization's as soon as any of these is one, or engages one, else an individual's."""
        customers = await self.customers.get_many(tmf629.CUSTOMERS, self.audience, ids, frozenset({"engagedParty"}))
        unclear = []
        for local_id, found in customers.items():
            if isinstance(found, UpstreamError):
                raise found
            engaged = None if found is None else found.engaged_party
            told = fold(engaged.referred_type or "") if engaged else ""
            if told == "organization":
                return "organization"
            if told != "individual":
                unclear.append(engaged.id if engaged else local_id)
        companies = await self.parties.get_many(tmf632.ORGANIZATIONS, self.audience, unclear, frozenset({"name"}))
        for company in companies.values():
            if isinstance(company, UpstreamError):
                raise company
        return "organization" if any(companies.values()) else "individual"
