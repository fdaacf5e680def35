"""From settings to the desk at which reservations are made, and to whatever has the last word on them."""

from contextlib import AsyncExitStack

from redis.asyncio import Redis

from bff.foundation import Foundation
from bff.settings import NumberSettings
from clients import tmf685
from clients.tmf import TMFClient
from domain.reservations.desk import Desk, Heard, Times
from domain.reservations.holds import Holds
from domain.reservations.inventory import Backend, Inventory, PathOf
from domain.reservations.model import Candidate, ResourceKind, SimKind, StatusWords
from domain.reservations.pool import Pool, PoolWords
from store.database import Database
from store.reservations import Journal

_DAY = 86_400.0
POOLS = "tmf685"


def desk_over(
    base: Foundation,
    database: Database,
    redis: "Redis",
    client: TMFClient,
    stack: AsyncExitStack,
    heard: Heard | None = None,
) -> Desk:
    """The desk of one process; what it opens is closed with the stack. `client`: TMF639's."""
    given = base.settings.numbers
    holds = Holds(redis, given.per_shopper, given.per_address)
    return Desk(Journal(database), holds, backend_over(base, client, stack), base.clock, _times(given), heard)


def backend_over(base: Foundation, client: TMFClient, stack: AsyncExitStack) -> Backend:
    """TMF639 behind `client`, or TMF685 before it, as the settings say."""
    given = base.settings.numbers
    pools = given.backend == POOLS
    marks = given.marks or pools  # of what the pools reserve TMF639 is changed only where it bears our mark
    ours = given.assigned_by == "gateway"
    inventory = Inventory(client, status_words(given), _path_of(given), base.audience, marks, ours)
    if not pools:
        return inventory
    states = PoolWords(given.pool_reserved, given.pool_completed, given.pool_over)
    return Pool(base.client(tmf685.UPSTREAM, stack), inventory, states, base.clock, given.pool_seconds)


def status_words(given: NumberSettings) -> StatusWords:
    """The operator's words for the states of a resource."""
    return StatusWords(given.free, given.reserved, given.assigned, given.resting, given.active)


def _path_of(given: NumberSettings) -> PathOf:
    """Under which of the names an entity is written to: plastic among what is physical, where that stands apart."""

    def path(candidate: Candidate) -> str:
        paths = given.number_paths if candidate.kind is ResourceKind.NUMBER else given.sim_paths
        wanted = "physical" if candidate.sim is SimKind.PHYSICAL else "logical"
        return next((each for each in paths if wanted in each.lower()), paths[0])

    return path


def _times(given: NumberSettings) -> Times:
    return Times(
        hold=given.hold,
        longest=given.longest,
        settle=given.settle,
        ghost=given.late_write,
        rest=given.rest_days * _DAY,
        last_look=given.last_look,
    )
