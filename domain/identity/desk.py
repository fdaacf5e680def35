"""What one request may see of customers. Each part comes from a system of its own, and fails by itself.

Where the parts are is known from SQL, so that all systems are asked at the same time. Whoever adds a read here asks
`permissions` first: nothing is read for who has no role, and nothing is shown that does not say whose it is.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from clients import tmf629, tmf632, tmf637, tmf666
from clients.looking_up import looked_up
from clients.tmf import Collection, TMFClient
from clients.tmf629 import Customer
from clients.tmf632 import Individual, Organization
from clients.tmf637 import Product
from clients.tmf666 import BillingAccount
from dataloaders.asked import Asked
from domain.identity import permissions
from domain.identity.members import Members
from domain.identity.model import AccountOf, Membership, ProductOf, ProductPage
from domain.identity.permissions import Action
from kernel.context import RequestContext
from kernel.errors import UpstreamError, UpstreamTimeoutError, UpstreamUnavailableError

T = TypeVar("T")

MAX_ACCOUNTS = 100
_MOST_PAGES = 50


@dataclass(frozen=True)
class Reading:
    """The systems that customers are read from; `products` is None where there is no TMF637."""

    members: Members
    parties: TMFClient
    customers: TMFClient
    accounts: TMFClient
    products: TMFClient | None


@dataclass
class CustomerDesk:
    """One request's view of customers."""

    reading: Reading
    ctx: RequestContext
    _memberships: "asyncio.Future[Sequence[Membership]] | None" = None
    _asked: dict[str, Asked[str, Any]] = field(default_factory=dict)

    # ------------------------------------------------------------ whose

    async def memberships(self) -> Sequence[Membership]:
        """The caller's customers; asked for once a request."""
        if self._memberships is None:
            self._memberships = asyncio.ensure_future(self.reading.members.of(self.ctx.principal))
        return await asyncio.shield(self._memberships)

    async def membership(self, customer_id: str, action: Action = Action.VIEW) -> Membership | None:
        """The caller's membership of a customer, if it reaches that far."""
        found = permissions.find(await self.memberships(), customer_id)
        return found if found is not None and permissions.may(found.role, action) else None

    def forget(self) -> None:
        """A membership may have come about in this very request."""
        self._memberships = None

    # ------------------------------------------------------------ its parts

    async def customer(self, membership: Membership, fields: frozenset[str]) -> Customer | None:
        """As TMF629 has it."""
        found: Customer | None = await self._one(
            self.reading.customers, tmf629.CUSTOMERS, membership.customer.upstream_id, fields
        )
        return found

    async def party(self, membership: Membership, fields: frozenset[str]) -> Individual | Organization | None:
        """As TMF632 has it."""
        row = membership.customer
        found: Individual | Organization | None = await self._one(
            self.reading.parties, tmf632.parties(row.party_kind), row.party_id, fields
        )
        return found

    async def accounts(self, membership: Membership, fields: frozenset[str]) -> list[AccountOf]:
        """As TMF666 has them."""
        client, asked = self.reading.accounts, self._asked.get("accounts")
        if asked is None:
            asked = self._asked["accounts"] = Asked(lambda batch: self._accounts(client, batch))
        found = await asked.load(membership.customer.upstream_id, fields)
        return [AccountOf(membership, each) for each in found if permissions.belongs(each, membership)]

    async def account(self, membership: Membership, account_id: str, fields: frozenset[str]) -> AccountOf | None:
        """One of the customer's accounts; None for any other."""
        found: BillingAccount | None = await self._one(
            self.reading.accounts, tmf666.BILLING_ACCOUNTS, account_id, fields
        )
        return AccountOf(membership, found) if found and permissions.belongs(found, membership) else None

    async def product(self, membership: Membership, product_id: str, fields: frozenset[str]) -> ProductOf | None:
        """One of the customer's products; None for any other."""
        found: Product | None = await self._one(self._products(), tmf637.PRODUCTS, product_id, fields)
        return ProductOf(membership, found) if found and permissions.belongs(found, membership) else None

    async def products(self, membership: Membership, fields: frozenset[str], *, first: int, offset: int) -> ProductPage:
        """At most `first` products from that place of the server's listing on. Others' products are left out."""
        client, party = self._products(), membership.customer.upstream_id
        filters = {tmf637.party_filter(client.options.version): party}
        items: list[Product] = []
        offsets: list[int] = []
        place, size = offset, min(client.options.page_size, max(first + 1, 1))
        for _ in range(_MOST_PAGES):
            page = await self._in_time(
                client,
                client.page(
                    tmf637.PRODUCTS, self.ctx.audience, fields=fields, offset=place, limit=size, filters=filters
                ),
            )
            for number, each in enumerate(page.items):
                if permissions.belongs(each, membership) and each.id not in {known.id for known in items}:
                    items.append(each)
                    offsets.append(place + number + 1)
            place += page.received
            if len(items) > first or page.is_last(place, size):
                break
        shown = [ProductOf(membership, each) for each in items[:first]]
        return ProductPage(shown, offsets[:first], offset > 0, len(items) > first)

    # ------------------------------------------------------------ asking

    async def _one(self, client: TMFClient, collection: Collection[Any], local_id: str, fields: frozenset[str]) -> Any:
        asked = self._asked.get(collection.name)
        if asked is None:
            asked = self._asked[collection.name] = Asked(lambda batch: self._many(client, collection, batch))
        return await asked.load(local_id, fields)

    async def _many(
        self, client: TMFClient, collection: Collection[Any], batch: Mapping[str, frozenset[str]]
    ) -> Mapping[str, Any]:
        fields = frozenset[str]().union(*batch.values())
        return await self._in_time(client, client.get_many(collection, self.ctx.audience, list(batch), fields))

    async def _accounts(
        self, client: TMFClient, batch: Mapping[str, frozenset[str]]
    ) -> Mapping[str, list[BillingAccount] | Exception]:
        turn = asyncio.Semaphore(client.options.fan_out)

        async def of(party: str, fields: frozenset[str]) -> list[BillingAccount] | Exception:
            async with turn:
                try:
                    return await self._in_time(client, self._accounts_of(client, party, fields))
                except UpstreamError as error:
                    return error

        found = await asyncio.gather(*(of(party, fields) for party, fields in batch.items()))
        return dict(zip(batch, found, strict=True))

    async def _accounts_of(self, client: TMFClient, party: str, fields: frozenset[str]) -> list[BillingAccount]:
        filters = {tmf666.party_filter(client.options.version): party}
        found = await looked_up(
            client,
            tmf666.BILLING_ACCOUNTS,
            self.ctx.audience,
            filters,
            fields,
            lambda account: account.is_of(party),
            all_of_them=True,
        )
        return found[:MAX_ACCOUNTS]

    async def _in_time(self, client: TMFClient, asking: Coroutine[Any, Any, T]) -> T:
        """No longer than the request may wait."""
        left = self.ctx.deadline.remaining()
        if left <= 0:
            asking.close()
            self.ctx.deadline.require(client.name)
        try:
            async with asyncio.timeout(left):
                return await asking
        except TimeoutError:
            raise UpstreamTimeoutError(client.name, detail="the request's deadline passed") from None

    def _products(self) -> TMFClient:
        if self.reading.products is None:
            raise UpstreamUnavailableError(tmf637.UPSTREAM, detail="BFF_TMF637_URL is not set")
        return self.reading.products
