"""From settings to numbers and cards: the index of what is free, the search in it, and the events that keep it true."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bff.feeds import subscription_of
from bff.foundation import Foundation
from bff.reservation_desk import desk_over, status_words
from bff.settings import NumberSettings
from clients import tmf639
from domain.catalog.events import EventIntake
from domain.reservations.direct import DirectSearch
from domain.reservations.free_index import FreeIndex
from domain.reservations.generations import GenerationStore
from domain.reservations.model import InventoryWords, NumberTier, SimKind
from domain.reservations.numbers import Numbers
from domain.reservations.offer_tokens import OfferTokens
from domain.reservations.reader import InventoryReader, Shelving
from domain.reservations.recogniser import Recogniser
from domain.reservations.reservations import Reservations
from domain.reservations.search import NothingHeld, NumberSearch
from domain.reservations.sweeping import ReservationSweeper
from kernel.tasks import stop

_DAY = 86_400.0
_EVENT_PATHS = ("resource", "logicalResource", "physicalResource")


@dataclass(frozen=True)
class OpenNumbers:
    """What the process has of them: the service, and what takes TMF639's events in.

    `reservations` is None where nothing can be kept apart: without Redis, or without a database.
    """

    numbers: Numbers
    intake: EventIntake
    reservations: Reservations | None


@asynccontextmanager
async def open_numbers(base: Foundation) -> AsyncIterator[OpenNumbers]:
    """All that numbers need, closed in the opposite order."""
    settings, redis, clock = base.settings, base.redis, base.clock
    given = settings.numbers
    async with AsyncExitStack() as stack:
        client = base.client(tmf639.UPSTREAM, stack)
        reader = InventoryReader(client, recogniser_of(given), _shelving(given), base.audience)
        with_events = bool(settings.events.token)
        store = None if redis is None else GenerationStore(redis)
        index = FreeIndex(reader, store, clock, given.fresh_with_events if with_events else given.fresh)
        intake = EventIntake(_hinting(index), _EVENT_PATHS)
        work = index.work()
        if with_events:
            work.append(intake.work())
        if with_events and settings.events.callback:
            subscription = subscription_of(settings, client, redis, clock, query=given.event_query)
            work.append(subscription.keep())
            if settings.events.withdraw:
                stack.push_async_callback(subscription.withdraw)
        reservations, held = None, None
        if redis is not None and base.records is not None:
            desk = desk_over(base, base.records.database, redis, client, stack, index)
            reservations, held = Reservations(desk), desk.holds
            keep = given.keep_days * _DAY
            work.append(ReservationSweeper(desk, base.records.leases, every=given.sweep, keep=keep).run())
        stack.push_async_callback(stop, [asyncio.create_task(each) for each in work])
        search = NumberSearch(index, DirectSearch(reader, given.direct_pages), held or NothingHeld())
        tokens = OfferTokens(base.require_keys(), clock, seconds=given.offer_seconds)
        yield OpenNumbers(Numbers(search, tokens, _tier_offerings(given.tier_offerings)), intake, reservations)


def recogniser_of(given: NumberSettings) -> Recogniser:
    """The operator's words."""
    tiers = {
        NumberTier.STANDARD: given.tier_standard,
        NumberTier.SILVER: given.tier_silver,
        NumberTier.GOLD: given.tier_gold,
        NumberTier.PLATINUM: given.tier_platinum,
    }
    return Recogniser(
        status_words(given),
        InventoryWords(tuple((word, tier) for tier, words in tiers.items() for word in words)),
        numbers=given.number_words,
        esims=given.esim_words,
        plastic=given.plastic_words,
        untold=SimKind(given.other_sims) if given.other_sims else None,
    )


def _shelving(given: NumberSettings) -> Shelving:
    return Shelving(
        given.number_paths,
        given.sim_paths,
        given.number_filters,
        given.sim_filters,
        by_status=given.filter_status,
        classes=given.classes_apart,
        max_resources=given.max_resources,
    )


def _tier_offerings(given: Iterable[str]) -> dict[NumberTier, str]:
    pairs = (each.split("=", 1) for each in given)
    return {NumberTier(tier): offering for tier, offering in pairs}


def _hinting(index: FreeIndex) -> Any:
    async def hint(names: list[str]) -> None:
        index.hint(names)

    return hint
