"""The operator's resource pools (TMF685) as the last word on who has reserved a resource; TMF639 tells the rest.

A reservation there is ours by its related party, whose id is our token. What a newcomer would get wrong: a POST has no
key, so before each one our reservations are looked up by the token, and an empty answer is believed only of a server
that has shown that it knows the filter: what was just made is read back in the same way. Each reservation there ends by
itself after `seconds`, which only matters should nobody of us come back to end it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from clients.tmf import TMFClient
from clients.tmf685 import PARTY_FILTER, RESERVATIONS, Reservation, new_reservation, state_patch
from clients.writing import Writer
from domain.catalog.rules import fold, folded
from domain.reservations.inventory import MARK_ROLE, Inventory, Marked, Seen, Sent, sending
from domain.reservations.model import Candidate, ResourceState
from kernel.clock import Clock
from kernel.errors import UpstreamError, UpstreamInvalidError

log = structlog.get_logger(__name__)

_MOST = 50


@dataclass(frozen=True)
class PoolWords:
    """This operator's words for the states of a reservation; of `over` and `completed` the first is the one written.

    `completed`: it holds for good, without an end. A state of another word is no proof that anything is held.
    """

    reserved: tuple[str, ...] = ("reserved",)
    completed: tuple[str, ...] = ("completed",)
    over: tuple[str, ...] = ("cancelled", "expired", "released", "rejected")


@dataclass(frozen=True)
class Pool:
    """TMF685 of one operator. `inventory`: its TMF639, with marks.

    `seconds`: after which a reservation there ends by itself; 0: never. It has to outlast the longest checkout.
    """

    client: TMFClient
    inventory: Inventory
    words: PoolWords
    clock: Clock
    seconds: float

    @property
    def marks(self) -> bool:
        """As `Backend` has it."""
        return self.inventory.marks

    async def look(self, candidate: Candidate) -> Seen | None:
        """The resource as TMF639 shows it; its mark only where the pools bring the party over to it.

        Raises:
            UpstreamError: it does not tell.
        """
        return await self.inventory.look(candidate)

    async def keeps(self, candidate: Candidate, token: str) -> bool:
        """As `Inventory.keeps`.

        Raises:
            UpstreamError: it does not tell.
        """
        if await self.inventory.keeps(candidate, token):
            return True
        return not self.inventory.assigns and self._stands(await self._ours(candidate, token))

    async def reserve(self, candidate: Candidate, token: str) -> Marked:
        """Reserve a free resource under this token, unless that is done already."""
        sent = Sent.REFUSED
        try:
            if self._stands(await self._ours(candidate, token)):
                return Marked.DONE
            body = new_reservation(candidate.upstream_id, token, MARK_ROLE, self._end())
            writing = self._writer.create(RESERVATIONS, self.inventory.audience, body)
            sent = await sending(writing, candidate.upstream_id)
            if self._stands(await self._ours(candidate, token)):
                return Marked.DONE
        except UpstreamError as error:
            return _unanswered(candidate, sent, error)
        return Marked.LOST if sent is Sent.REFUSED else Marked.UNKNOWN

    async def assign(self, candidate: Candidate, token: str) -> Marked:
        """Make a resource that is reserved under this token the customer's for good, and the reservation endless."""
        try:
            seen = await self.inventory.look(candidate)
        except UpstreamError as error:
            return _unanswered(candidate, Sent.REFUSED, error)
        if seen is None or (seen.state, seen.mark) != (ResourceState.ASSIGNED, token):
            marked = await self.reserve(candidate, token)
            if marked is Marked.DONE and self.inventory.assigns:
                marked = await self.inventory.assign(candidate, token, proven=True)
            if marked is not Marked.DONE:
                return marked
        marked = await self._put(candidate, token, self.words.reserved, self.words.completed[0])
        return marked if marked is not Marked.DONE or self.inventory.assigns else await self._still(candidate, token)

    async def release(self, candidate: Candidate, token: str) -> Marked:
        """End what is reserved under this token; what bears its mark in TMF639 besides becomes free there."""
        marked = await self._put(candidate, token, None, self.words.over[0])
        return await self.inventory.release(candidate, token) if marked is Marked.DONE else marked

    async def rest(self, candidate: Candidate, token: str) -> Marked:
        """As `Inventory.rest`; whoever is to rest was assigned, and that is in TMF639."""
        return await self.inventory.rest(candidate, token)

    # ---------------------------------------------------------------- reservations under a token

    async def _ours(self, candidate: Candidate, token: str) -> list[Reservation]:
        """What there is under a token for a resource, whatever its state.

        Raises:
            UpstreamError: it does not tell, or does not know the filter.
        """
        page = await self.client.page(
            RESERVATIONS,
            self.inventory.audience,
            fields=frozenset(),
            offset=0,
            limit=min(_MOST, self.client.options.page_size),
            filters={PARTY_FILTER: token},
        )
        if any(not each.is_of(token) for each in page.items):
            raise UpstreamInvalidError(self.client.name, detail=f"it does not filter by {PARTY_FILTER}")
        return [each for each in page.items if each.names(candidate.upstream_id)]

    async def _put(self, candidate: Candidate, token: str, states: tuple[str, ...] | None, state: str) -> Marked:
        """Bring our reservations in one of `states` (None: all that are not over) to `state`.

        What holds for good may refuse to be ended; then TMF639 has to tell that it is free.
        """
        sent = Sent.REFUSED
        try:
            for each in self._in(states, await self._ours(candidate, token)):
                writing = self._writer.change(RESERVATIONS, self.inventory.audience, each.id, state_patch(state))
                done = await sending(writing, candidate.upstream_id)
                sent = sent if done is Sent.REFUSED else done
            left = self._in(states, await self._ours(candidate, token))
        except UpstreamError as error:
            return _unanswered(candidate, sent, error)
        if not [
            each for each in left if states or fold(each.reservation_state or "") not in folded(self.words.completed)
        ]:
            return Marked.DONE
        return Marked.NOT_SENT if sent is Sent.REFUSED else Marked.UNKNOWN

    async def _still(self, candidate: Candidate, token: str) -> Marked:
        """Whether it was not over before it was made endless."""
        try:
            return Marked.DONE if self._stands(await self._ours(candidate, token)) else Marked.LOST
        except UpstreamError as error:
            return _unanswered(candidate, Sent.ANSWERED, error)

    def _in(self, states: tuple[str, ...] | None, found: Iterable[Reservation]) -> Sequence[Reservation]:
        words, over = folded(states or ()), folded(self.words.over)
        named = [(each, fold(each.reservation_state or "")) for each in found]
        return [each for each, state in named if (state in words if states else state not in over)]

    def _stands(self, found: Iterable[Reservation]) -> bool:
        return bool(self._in((*self.words.reserved, *self.words.completed), found))

    def _end(self) -> datetime | None:
        return datetime.fromtimestamp(self.clock.now() + self.seconds, UTC) if self.seconds else None

    @property
    def _writer(self) -> Writer:
        return Writer(self.client)


def _unanswered(candidate: Candidate, sent: Sent, error: UpstreamError) -> Marked:
    log.warning("pool.no_answer", resource_id=candidate.upstream_id, detail=error.detail)
    return Marked.NOT_SENT if sent is Sent.REFUSED else Marked.UNKNOWN
