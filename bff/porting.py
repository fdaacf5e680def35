"""From settings to port-ins: the porting provider, the numbers in TMF639, and what follows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bff.feeds import subscription_of
from bff.foundation import Foundation
from bff.numbers import recogniser_of
from bff.settings import PortingSettings
from clients import porting, tmf639
from clients.porting import PortingProvider
from domain.carts.carts import Carts
from domain.catalog.events import EventIntake
from domain.identity.limits import Limit, Limits
from domain.porting.correcting import Corrector
from domain.porting.desk import Desk, Times
from domain.porting.following import EVENT_PATHS, Follower
from domain.porting.model import PortingWords
from domain.porting.porting import Porting, PortIns
from domain.porting.quota import Quota
from domain.porting.requesting import Requester
from domain.porting.tags import TagNames, Tags
from kernel.tasks import stop
from store.port_ins import PortInRows
from store.reservations import Journal

_DAY = 86_400.0


@dataclass(frozen=True)
class OpenPorting:
    """What the process has of it: the service, and what takes the provider's events in."""

    porting: Porting
    intake: EventIntake | None


@asynccontextmanager
async def open_porting(base: Foundation, carts: Carts | None) -> AsyncIterator[OpenPorting]:
    """All that port-ins need, closed in the opposite order."""
    settings, given = base.settings, base.settings.porting
    async with AsyncExitStack() as stack:
        client = base.client(porting.UPSTREAM, stack)
        provider, words = PortingProvider(client, base.audience), porting_words(given)
        quota = _quota(base)
        if carts is None or not settings.tmf639.url:
            yield OpenPorting(Porting(provider, words, quota), None)
            return
        records = base.require_records()
        tags = Tags(
            base.client(tmf639.UPSTREAM, stack),
            recogniser_of(settings.numbers).statuses,
            words,
            base.audience,
            settings.numbers.number_paths,
            given.lookups,
            _names(given),
        )
        times = Times(look=given.look, rejected=given.rejected_days * _DAY, keep=given.keep_days * _DAY)
        desk = Desk(PortInRows(records.database), provider, tags, words, base.clock, times, quota)
        requester = Requester(desk, carts, Journal(records.database), records.idempotency)
        port_ins = PortIns(desk, requester, Corrector(desk, records.idempotency), carts)
        follower = Follower(desk, records.leases, given.poll)
        intake = EventIntake(follower.heard, EVENT_PATHS)
        work = [follower.run()]
        if settings.events.token:
            work.append(intake.work())
            if settings.events.callback:
                subscription = subscription_of(settings, client, base.redis, base.clock, query="")
                work.append(subscription.keep())
                if settings.events.withdraw:
                    stack.push_async_callback(subscription.withdraw)
        stack.push_async_callback(stop, [asyncio.create_task(each) for each in work])
        yield OpenPorting(Porting(provider, words, quota, port_ins), intake)


def _quota(base: Foundation) -> Quota:
    given = base.settings.porting
    limits = None if base.redis is None else Limits(base.redis, base.require_keys(), base.clock)
    tries = Limit("port-ins", given.tries, given.window)
    return Quota(limits, tries, Limit("port-ins-by-address", given.by_address, given.window))


def _names(given: PortingSettings) -> TagNames:
    status, donor, date = given.characteristics
    return TagNames(status, donor, date, given.category)


def porting_words(given: PortingSettings) -> PortingWords:
    """The provider's words."""
    return PortingWords(
        requested=given.requested,
        validated=given.validated,
        scheduled=given.scheduled,
        ported=given.ported,
        rejected=given.rejected,
        cancelled=given.cancelled,
        code_wrong=given.code_wrong,
        account_unknown=given.account_unknown,
        donor_wrong=given.donor_wrong,
        date_not_possible=given.date_not_possible,
        not_portable=given.not_portable,
        own_number=given.own_number,
    )
