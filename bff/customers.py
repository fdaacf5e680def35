"""From settings to customers: the operator's three systems, what they have, and the pipelines that make them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bff.foundation import Foundation
from bff.identity import limits_of
from bff.settings import CustomerSettings
from clients import tmf629, tmf632, tmf637, tmf666, tmf681
from clients.tmf import TMFClient
from domain.catalog.rules import folded
from domain.identity.applying import ApplicationRules, BillingChoices
from domain.identity.before import Before
from domain.identity.challenges import ChallengeTokens
from domain.identity.desk import Reading
from domain.identity.duplicates import Fingerprints
from domain.identity.limits import Limit, Limits
from domain.identity.lines import Lines
from domain.identity.linking import Linking, MessageRules
from domain.identity.members import Members, VerifiedLogin
from domain.identity.seen import SegmentsSeen
from domain.identity.systems import CustomerSystems, Statuses
from domain.pipelines.customers import Customers, CustomerSteps, Tries
from domain.pipelines.durable import Durable
from domain.pipelines.pipelines import Pipelines
from domain.pipelines.runner import Runner
from kernel.clock import Clock
from kernel.context import Segment
from kernel.keys import SigningKeys
from kernel.tasks import stop

_DAY = 86_400.0


@asynccontextmanager
async def open_customers(base: Foundation, login_of: VerifiedLogin) -> AsyncIterator[Customers]:
    """All that customers need, closed in the opposite order.

    `login_of`: by what a user signed in, verified; invitations wait for it.
    """
    settings, clock, given = base.settings, base.clock, base.settings.customers
    records = base.require_records()
    async with AsyncExitStack() as stack:
        parties, customers, accounts = (
            base.client(name, stack) for name in (tmf632.UPSTREAM, tmf629.UPSTREAM, tmf666.UPSTREAM)
        )
        products = base.client(tmf637.UPSTREAM, stack) if settings.tmf637.url else None
        statuses = Statuses(given.status, given.account_state, given.closed)
        systems = CustomerSystems(parties, customers, accounts, base.audience, statuses, clock)
        before = Before(parties, customers, base.audience, frozenset(given.look_before), given.closed)
        steps = CustomerSteps(systems, before, records.database, clock)
        fingerprints = Fingerprints(SigningKeys([given.duplicate_key.encode()]))
        invitation = given.invitation_days * _DAY
        seen = SegmentsSeen(records.database, clock)
        members = Members(records.database, clock, fingerprints, login_of, invitation, seen)
        known = {each.name: each for each in (steps.opening(), steps.profile())}
        runner = Runner(records.database, clock)
        durable = await Durable.open(runner, known, settings.database.url, migrate=settings.database.migrate)
        stack.push_async_callback(durable.aclose)
        pipelines = Pipelines(
            records.database,
            clock,
            durable,
            keep=settings.pipelines.keep_days * _DAY,
            every=settings.pipelines.sweep,
        )
        sweeping = asyncio.create_task(pipelines.run())
        stack.push_async_callback(stop, [sweeping])
        yield Customers(
            steps,
            pipelines,
            records.idempotency,
            fingerprints,
            Reading(members, parties, customers, accounts, products),
            rules_of(given, clock),
            given.patience,
            invitation,
            await stack.enter_async_context(_linking(base, parties, customers, products)),
            _tries(base),
        )


def _tries(base: Foundation) -> Tries | None:
    """None without Redis; then there is no user pool either, and nobody who could try."""
    given = base.settings.customers
    if base.redis is None:
        return None
    by_user = Limit("details", given.tries, given.window)
    by_address = Limit("details-by-address", given.tries_by_address, given.window)
    return Tries(Limits(base.redis, base.require_keys(), base.clock), by_user, by_address)


@asynccontextmanager
async def _linking(
    base: Foundation, parties: TMFClient, customers: TMFClient, products: TMFClient | None
) -> AsyncIterator[Linking | None]:
    """Linking lines; None where they are not known, cannot be written to, or tries cannot be counted."""
    settings, clock, given, redis = base.settings, base.clock, base.settings.linking, base.redis
    if products is None or redis is None or not settings.tmf681.url:
        yield None
        return
    records, keys = base.require_records(), base.require_keys()
    async with AsyncExitStack() as stack:
        lines = Lines(
            products,
            customers,
            parties,
            records.database,
            records.leases,
            base.audience,
            given.lookups,
            folded(given.statuses),
            given.role,
        )
        linking = Linking(
            lines,
            base.client(tmf681.UPSTREAM, stack),
            MessageRules(given.text, given.sender),
            Limits(redis, keys, clock),
            limits_of(settings.identity),
            ChallengeTokens(keys, clock),
            keys,
            records.idempotency,
            settings.identity.pace,
        )
        stack.push_async_callback(linking.aclose)
        yield linking


def rules_of(given: CustomerSettings, clock: Clock) -> ApplicationRules:
    """What each segment must tell and may choose."""
    return ApplicationRules(
        required={Segment.B2C: frozenset(given.b2c_required), Segment.B2B: frozenset(given.b2b_required)},
        billing={
            Segment.B2C: BillingChoices(given.b2c_cycles, given.b2c_media, given.b2c_terms),
            Segment.B2B: BillingChoices(given.b2b_cycles, given.b2b_media, given.b2b_terms),
        },
        least_age=given.least_age,
        clock=clock,
    )
