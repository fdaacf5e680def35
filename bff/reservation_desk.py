"""From settings to whatever has the last word on numbers and cards, and to the desk over it."""

from contextlib import AsyncExitStack

from bff.foundation import Foundation
from bff.settings import NumberSettings
from clients import tmf639, tmf685
from clients.tmf import TMFClient
from domain.reservations.desk import Desk, Times
from domain.reservations.holds import Holds
from domain.reservations.inventory import Backend, Inventory, PathOf
from domain.reservations.model import Candidate, ResourceKind, SimKind, StatusWords
from domain.reservations.pool import Pool, PoolWords
from store.database import Database
from store.reservations import Journal

POOLS = "tmf685"


async def open_desk(base: Foundation, stack: AsyncExitStack) -> Desk:
    """A desk of its own, for who is no gateway; closed with the stack."""
    if base.redis is None:
        raise RuntimeError("Redis is needed here")
    database = None if base.records is None else base.records.database
    if database is None:
        given = base.settings.database
        database = await Database.open(given.url, migrate=given.migrate)
        stack.push_async_callback(database.aclose)
    backend = backend_of(base, base.client(tmf639.UPSTREAM, stack), stack)
    return Desk(Journal(database), Holds(base.redis, 5, 500), backend, base.clock, Times())


def backend_of(base: Foundation, client: TMFClient, stack: AsyncExitStack) -> Backend:
    """TMF639 behind `client`, or TMF685 before it, as the settings say."""
    given = base.settings.numbers
    words = StatusWords(given.free, given.reserved, given.assigned, given.resting, given.active)
    inventory = Inventory(client, words, path_of(given), base.audience, assigns=given.assigned_by == "gateway")
    if given.backend != POOLS:
        return inventory
    pools = base.client(tmf685.UPSTREAM, stack)
    states = PoolWords(given.pool_reserved, given.pool_completed, given.pool_over)
    return Pool(pools, inventory, states, base.clock, given.pool_seconds)


def path_of(given: NumberSettings) -> PathOf:
    """Under which of TMF639's collections a number or a card is found."""

    def path(candidate: Candidate) -> str:
        if candidate.kind is ResourceKind.NUMBER:
            return given.number_paths[0]
        plastic = candidate.sim is SimKind.PHYSICAL
        fitting = [each for each in given.sim_paths if each.startswith("physical") == plastic]
        return (fitting or given.sim_paths)[0]

    return path
