"""The operator's inventory as the last word on a resource: marking it as ours, and taking the mark off again.

The mark is a related party whose id is the reservation's token. What is sent is compared with what a read shows
afterwards; who finds another's mark has lost. Where the server gives strong ETags, `If-Match` makes the write
conditional; a server without them is *blind*, and the guarantee then covers all that passes through this gateway, not
every channel.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import structlog

from clients.calls import RefusedError
from clients.parts import Json
from clients.tmf import Collection, TMFClient
from clients.tmf639 import Resource, party_named, party_of, resources, status_patch
from clients.writing import Writer
from domain.reservations.model import Candidate, ResourceState, StatusWords
from kernel.context import Audience
from kernel.errors import UnknownOutcomeError, UpstreamError

log = structlog.get_logger(__name__)

MARK_ROLE = "reserver"
_TRIES = 3


class Marked(Enum):
    """What came of a write. `LOST`: the resource is somebody else's; `UNKNOWN`: only a later read can tell.

    `NOT_SENT`: it has had no effect and will have none, be it that nobody was reached or that it was refused.
    """

    DONE = "DONE"
    LOST = "LOST"
    UNKNOWN = "UNKNOWN"
    NOT_SENT = "NOT_SENT"


class Sent(Enum):
    """What a write brought. `ANSWERED` is a server's word for it, and only a read proves it."""

    ANSWERED = "ANSWERED"
    REFUSED = "REFUSED"
    UNHEARD = "UNHEARD"


@dataclass(frozen=True)
class Seen:
    """A resource as the inventory shows it: where it stands, whose mark it bears, and what a write must name.

    `others`: the related parties that are not marks, as they came. `kind`: its `@type`.
    """

    state: ResourceState
    mark: str | None
    others: tuple[Json, ...]
    kind: str | None
    etag: str | None


PathOf = Callable[[Candidate], str]


class Backend(Protocol):
    """Whatever has the last word on a resource: TMF639 itself (`Inventory`), or TMF685 before it (`Pool`)."""

    @property
    def marks(self) -> bool:
        """Whether it tells whose a resource is."""

    async def look(self, candidate: Candidate) -> Seen | None: ...

    async def keeps(self, candidate: Candidate, token: str) -> bool: ...

    async def reserve(self, candidate: Candidate, token: str) -> Marked: ...

    async def assign(self, candidate: Candidate, token: str) -> Marked: ...

    async def release(self, candidate: Candidate, token: str) -> Marked: ...

    async def rest(self, candidate: Candidate, token: str) -> Marked: ...


@dataclass(frozen=True)
class Inventory:
    """TMF639 of one operator. `path_of`: under which collection a candidate is found.

    `marks`: whether this server keeps related parties; without them only the states tell, and the journal.
    `assigns`: whether the gateway writes that a resource is assigned; else it stays reserved until fulfilment does so.
    """

    client: TMFClient
    words: StatusWords
    path_of: PathOf
    audience: Audience
    marks: bool = True
    assigns: bool = True

    async def look(self, candidate: Candidate) -> Seen | None:
        """The resource as it is now; None when the inventory has none.

        Raises:
            UpstreamError: it does not tell.
        """
        found = await self._writer.read(self._collection(candidate), self.audience, candidate.upstream_id)
        return None if found is None or found.entity is None else self._seen(found.entity, found.etag)

    async def keeps(self, candidate: Candidate, token: str) -> bool:
        """Whether what was assigned under this token still shows as such; so does what there is no more.

        Raises:
            UpstreamError: it does not tell.
        """
        seen = await self.look(candidate)
        if seen is None or (seen.state is ResourceState.ASSIGNED and not self.assigns):
            return True
        expected = ResourceState.ASSIGNED if self.assigns else ResourceState.RESERVED
        return seen.state is expected and (seen.mark == token or not self.marks)

    async def reserve(self, candidate: Candidate, token: str) -> Marked:
        """Mark a free resource as reserved by this token."""
        return await self._move(candidate, token, ResourceState.RESERVED, (ResourceState.FREE,), mark=True)

    async def assign(self, candidate: Candidate, token: str, *, proven: bool = False) -> Marked:
        """Make a resource that bears this mark the customer's for good; where fulfilment does that, keep it reserved.

        `proven`: that it is reserved under this token is known from elsewhere, and no mark is needed for it.
        """
        if not self.assigns:
            return await self.reserve(candidate, token)
        before = (ResourceState.RESERVED,)
        return await self._move(
            candidate, token, ResourceState.ASSIGNED, before, mark=True, forgotten=True, proven=proven
        )

    async def release(self, candidate: Candidate, token: str) -> Marked:
        """Take this mark off, and make the resource free. One that bears another's mark, or none, is left alone."""
        before = (ResourceState.RESERVED, ResourceState.ASSIGNED, ResourceState.RESTING)
        return await self._move(candidate, token, ResourceState.FREE, before, mark=False)

    async def rest(self, candidate: Candidate, token: str) -> Marked:
        """Put a resource that was given up aside; it keeps the mark until it is released."""
        return await self._move(
            candidate, token, ResourceState.RESTING, (ResourceState.ASSIGNED, ResourceState.RESERVED), mark=True
        )

    async def _move(
        self,
        candidate: Candidate,
        token: str,
        target: ResourceState,
        before: tuple[ResourceState, ...],
        *,
        mark: bool,
        forgotten: bool = False,
        proven: bool = False,
    ) -> Marked:
        """Bring a resource to `target`, from one of the states `before`; with or without the mark of `token`.

        `forgotten`: a blind server may have lost the mark meanwhile; a free resource is then taken all the same, for
        the journal says whose it is.
        """
        move = _Move(token, target, before, mark and self.marks, forgotten, proven, self.marks)
        sent, before_it = Sent.REFUSED, None
        try:
            for attempt in range(_TRIES + 1):
                seen = await self.look(candidate)
                verdict = move.verdict(seen)
                if verdict is Marked.DONE or seen is None:
                    return verdict or Marked.LOST
                # it may still be carried out: a second write would hide that from whoever waits for it
                if sent is Sent.UNHEARD or (sent is Sent.ANSWERED and seen == before_it):
                    return Marked.UNKNOWN
                if verdict is not None:
                    return verdict
                if attempt < _TRIES:
                    sent, before_it = await self._write(candidate, move, seen), seen
        except UpstreamError as error:
            log.warning("inventory.no_answer", resource_id=candidate.upstream_id, detail=error.detail)
            return Marked.NOT_SENT if sent is Sent.REFUSED else Marked.UNKNOWN
        return Marked.LOST if target is ResourceState.RESERVED else Marked.NOT_SENT

    async def _write(self, candidate: Candidate, move: "_Move", seen: Seen) -> Sent:
        """Send it.

        Raises:
            UpstreamError: it was not sent, or we are not let in.
        """
        version = self.client.options.version
        status, usage = self.words.written(move.next_from(seen.state), version=version)
        ours = (party_named(move.token, MARK_ROLE, version),) if move.mark else ()
        body = status_patch(status, usage, (*seen.others, *ours), seen.kind, version)
        strong = seen.etag if seen.etag and not seen.etag.startswith("W/") else None
        collection = self._collection(candidate)
        writing = self._writer.change(collection, self.audience, candidate.upstream_id, body, if_match=strong)
        return await sending(writing, candidate.upstream_id)

    def _seen(self, resource: Resource, etag: str | None) -> Seen:
        parties = [(party, *party_of(party)) for party in resource.related_party]
        marks = [identifier for _, identifier, role in parties if role == MARK_ROLE]
        others = tuple(party for party, _, role in parties if role != MARK_ROLE)
        state = self.words.state_of(resource)
        return Seen(state, marks[-1] if marks else None, others, resource.type, etag)

    def _collection(self, candidate: Candidate) -> Collection[Resource]:
        return resources(self.path_of(candidate))

    @property
    def _writer(self) -> Writer:
        return Writer(self.client)


async def sending(writing: Awaitable[object], resource_id: str) -> Sent:
    """What a write brought.

    Raises:
        UpstreamError: it was not sent, or we are not let in.
    """
    try:
        await writing
    except UnknownOutcomeError:
        return Sent.UNHEARD
    except RefusedError as error:
        if error.of_the_caller:
            raise
        log.info("inventory.refused", resource_id=resource_id, status=error.status)
        return Sent.REFUSED
    return Sent.ANSWERED


@dataclass(frozen=True)
class _Move:
    """A resource on its way to `target`, from one of the states `before`; with or without the token as its mark."""

    token: str
    target: ResourceState
    before: tuple[ResourceState, ...]
    mark: bool
    forgotten: bool
    proven: bool
    marks: bool

    def verdict(self, seen: Seen | None) -> Marked | None:
        """Whether it is there, or can never get there; None when a write can bring it there."""
        releasing = self.target is ResourceState.FREE
        if seen is None:
            return Marked.DONE if releasing else Marked.LOST
        if seen.state is self.target and seen.mark == (self.token if self.mark else None):
            return Marked.DONE
        if self.target is ResourceState.RESERVED and seen.mark == self.token and seen.state is not ResourceState.FREE:
            return Marked.DONE  # it is further on already, and must not be taken back
        if self._is_ours(seen):
            return None
        # what does not bear our mark needs no release, whoever's it is
        return Marked.DONE if releasing else Marked.LOST

    def next_from(self, state: ResourceState) -> ResourceState:
        """What to write: servers that enforce transitions let nothing be assigned that is not reserved."""
        skips = self.target is ResourceState.ASSIGNED and state is ResourceState.FREE
        return ResourceState.RESERVED if skips else self.target

    def _is_ours(self, seen: Seen) -> bool:
        if seen.mark is not None:
            return seen.mark == self.token
        if self.target is ResourceState.RESERVED or self.proven or not self.marks:
            return seen.state in self.before or (self.proven and seen.state is ResourceState.FREE)
        return self.forgotten and seen.state is ResourceState.FREE
