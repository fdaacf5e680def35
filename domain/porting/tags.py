"""Numbers on their way as TMF639 has them: resources that we make, mark as ours, keep true, and take away again.

A number that stands there without such a mark is the operator's own, and cannot be brought in. What a newcomer would
get wrong: that a filter finds nothing proves nothing. Servers ignore filters, or take a number's digits for a number.
So after ours is made, the very same filters must find it; a server where they do not is one where nobody can tell.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from clients.calls import RefusedError
from clients.parts import Json
from clients.ported_numbers import MARK_ROLE, PortedNumber, mark_filter, new_number, ported_numbers, state_body
from clients.porting import quiet
from clients.tmf import TMFClient
from clients.tmf639 import FIELDS, Resource, party_of, resources
from clients.writing import Writer
from domain.catalog.rules import fold
from domain.porting.model import OVER, PortingWords, Step, rfc3339, seconds
from domain.porting.numbers import digits_in
from domain.reservations.model import ResourceState, StatusWords
from kernel.context import Audience
from kernel.errors import UnknownOutcomeError, UpstreamError, UpstreamInvalidError
from store.port_ins import PortInRow

log = structlog.get_logger(__name__)

_SOME = 20

IsOver = Callable[[str], Awaitable[bool]]
"""Whether nothing came of the port-in with this token, so that its resource may be taken over."""


class NumberInUseError(Exception):
    """The number is the operator's own, or on its way for somebody else."""


class BlindInventoryError(Exception):
    """No lookup finds what certainly is there, so nobody can tell whether a number is the operator's own."""


@dataclass(frozen=True)
class TagNames:
    """What the inventory calls things: the characteristics of a ported number, and its category.

    The category is none of a number that is offered, so that even one whose state went wrong is not.
    """

    status: str = "portInStatus"
    donor: str = "donorOperator"
    date: str = "portingDate"
    category: str = "Ported"


@dataclass(frozen=True)
class Tags:
    """The numbers on their way in one operator's TMF639.

    `paths`: where it has numbers; new ones are made under the first. `lookups`: filters by which it finds one, with
    `{digits}` in place of the number.
    """

    client: TMFClient
    statuses: StatusWords
    words: PortingWords
    audience: Audience
    paths: tuple[str, ...] = ("resource",)
    lookups: tuple[str, ...] = ("value={digits}", "value=+{digits}")
    names: TagNames = field(default_factory=TagNames)

    async def ensure(self, row: PortInRow, is_over: IsOver) -> str:
        """Have the number stand there as ours, and as nobody else's; the resource's id.

        Raises:
            NumberInUseError: it stands there already.
            BlindInventoryError: that cannot be known on this server.
            UnknownOutcomeError: it was sent and cannot be found.
            UpstreamError: TMF639 does not do it.
        """
        ours, stale = await self._sorted_out(row, await self._by_value(row), is_over)
        if not ours:
            made = await (self._take_over(row, stale[0]) if stale else self._make(row))
            ours = await self._proved(row, made, is_over)
        if self.statuses.state_of(ours[0]) is ResourceState.FREE:
            raise UpstreamInvalidError(self.client.name, detail="a number that was made as reserved is free")
        return ours[0].id

    async def _proved(self, row: PortInRow, made: str | None, is_over: IsOver) -> list[Resource]:
        """What was made, found by the very filters that found nothing before; otherwise it is taken out again."""
        try:
            ours, _ = await self._sorted_out(row, await self._by_value(row), is_over, made=made)
            if not ours:
                await self._explain(row, made)
        except (NumberInUseError, BlindInventoryError):
            if made is not None:
                await self._remove(row, made)
            raise
        return ours

    async def _explain(self, row: PortInRow, made: str | None) -> NoReturn:
        """Why what was made is not found: it is not there, or these filters find nothing."""
        if not (await self._by_mark(row) if made is None else await self._read(made)):
            raise UnknownOutcomeError(self.client.name, detail="a number that was made is not there")
        log.error("port_in.lookups_find_nothing", lookups=self.lookups)
        raise BlindInventoryError

    async def mirror(self, row: PortInRow, is_over: IsOver) -> str | None:
        """Have the resource show where the port-in stands; its id, None where there is none and needs to be none.

        Raises:
            NumberInUseError, BlindInventoryError, UpstreamError: as `ensure`.
        """
        found = None if row.resource_id is None else await self._read(row.resource_id)
        if found is None or _mark_of(found[0].related_party) not in (None, row.token):  # some servers keep no marks
            if not row.live:
                return None
            row = dataclasses.replace(row, resource_id=await self.ensure(row, is_over))
            found = await self._read(str(row.resource_id))
            if found is None:
                raise UnknownOutcomeError(self.client.name, detail="a number that was made is gone")
        number, etag = found
        if not self._shows(number, row):
            await self._change(row, number, etag, self._state_of(row))
        return row.resource_id

    async def remove(self, row: PortInRow) -> None:
        """Take the number out again, as far as it stands there as this port-in's.

        Raises:
            UpstreamError: it cannot be known to be gone.
        """
        found = {each.id: each for each in [*await self._by_value(row), *await self._by_mark(row)]}
        for each in found.values():
            mark = _mark_of(each.related_party)
            if mark == row.token or (mark is None and each.id == row.resource_id):
                await self._remove(row, each.id)

    # ---------------------------------------------------------------- finding

    async def _by_value(self, row: PortInRow) -> list[Resource]:
        """Every resource with this number, by as many filters as are known; each looked at again."""
        asked = [(path, each.replace("{digits}", row.msisdn)) for path in self.paths for each in self.lookups]
        return await self._found(asked, lambda each: row.msisdn in (digits_in(each.value), digits_in(each.name)))

    async def _by_mark(self, row: PortInRow) -> list[Resource]:
        name = mark_filter(self.client.options.version)
        asked = [(path, f"{name}={row.token}") for path in self.paths]
        return await self._found(asked, lambda each: _mark_of(each.related_party) == row.token)

    async def _found(self, asked: Sequence[tuple[str, str]], fits: Callable[[Resource], bool]) -> list[Resource]:
        answers = await asyncio.gather(*(self._page(path, each) for path, each in asked))
        found = {each.id: each for page in answers for each in page if fits(each)}
        return sorted(found.values(), key=lambda each: each.id)

    async def _page(self, path: str, asked: str) -> Sequence[Resource]:
        name, _, value = asked.partition("=")
        try:
            page = await self.client.page(
                resources(path), self.audience, fields=FIELDS, offset=0, limit=_SOME, filters={name: value}
            )
        except RefusedError as error:
            if error.of_the_caller:
                raise quiet(error, "looking for a number") from None
            return ()  # a filter it does not know; whether others find anything proves itself
        except UpstreamError as error:
            raise quiet(error, "looking for a number") from None
        return page.items

    async def _sorted_out(
        self, row: PortInRow, found: Sequence[Resource], is_over: IsOver, *, made: str | None = None
    ) -> tuple[list[Resource], list[Resource]]:
        """Those that are this port-in's, and those of port-ins that came to nothing.

        Raises:
            NumberInUseError: there is any other.
        """
        ours: list[Resource] = []
        stale: list[Resource] = []
        for each in found:
            mark = _mark_of(each.related_party)
            if mark == row.token or (mark is None and each.id in (made, row.resource_id)):
                ours.append(each)
            elif mark is not None and await is_over(mark):
                stale.append(each)
            else:
                raise NumberInUseError
        return ours, stale

    # ---------------------------------------------------------------- writing

    async def _make(self, row: PortInRow) -> str | None:
        """A new resource; its id, None where the answer does not tell, or there was none."""
        version = self.client.options.version
        status, usage = self.statuses.written(ResourceState.RESERVED, version=version)
        told = state_body((status, usage), self._characteristics(row, Step.REQUESTED), row.token, None, version)
        body = new_number(row.msisdn, self.names.category, told, version)
        try:
            written = await Writer(self.client).create(ported_numbers(self.paths[0]), self.audience, body)
        except UnknownOutcomeError:
            return None  # a look tells
        except UpstreamError as error:
            raise quiet(error, "making a number") from None
        return None if written.entity is None else written.entity.id

    async def _take_over(self, row: PortInRow, stale: Resource) -> str | None:
        """The resource of a port-in that came to nothing becomes this one's."""
        found = await self._read(stale.id)
        if found is None:
            return await self._make(row)
        with suppress(UnknownOutcomeError):  # a look tells
            await self._change(row, *found, ResourceState.RESERVED)
        return stale.id

    async def _change(self, row: PortInRow, number: PortedNumber, etag: str | None, state: ResourceState) -> None:
        version = self.client.options.version
        moved = None if self._stands(number) is state else self.statuses.written(state, version=version)
        body = state_body(moved, self._characteristics(row, Step(row.state)), row.token, number, version)
        strong = etag if etag and not etag.startswith("W/") else None
        try:
            collection = ported_numbers(self.paths[0])
            await Writer(self.client).change(collection, self.audience, number.id, body, if_match=strong)
        except UpstreamError as error:
            raise quiet(error, "changing a number") from None

    async def _remove(self, row: PortInRow, resource_id: str) -> None:
        try:
            await Writer(self.client).remove(ported_numbers(self.paths[0]), self.audience, resource_id)
        except RefusedError as error:
            found = await self._read(resource_id)
            if error.of_the_caller or found is None:
                raise quiet(error, "removing a number") from None
            await self._change(row, *found, ResourceState.RESTING)  # a server that removes nothing
        except UpstreamError as error:
            raise quiet(error, "removing a number") from None

    async def _read(self, resource_id: str) -> tuple[PortedNumber, str | None] | None:
        try:
            found = await Writer(self.client).read(ported_numbers(self.paths[0]), self.audience, resource_id)
        except UpstreamError as error:
            raise quiet(error, "reading a number") from None
        return None if found is None or found.entity is None else (found.entity, found.etag)

    # ---------------------------------------------------------------- what it shows

    def _shows(self, number: PortedNumber, row: PortInRow) -> bool:
        """Date and state; a reason, should the provider write one there, is its own."""
        told = fold(str(number.characteristic(self.names.status) or ""))
        date = seconds(str(number.characteristic(self.names.date) or ""))
        same = told == fold(self.words.written(Step(row.state))) and (row.scheduled_at in (None, date))
        return same and self._stands(number) is self._state_of(row)

    def _stands(self, number: PortedNumber) -> ResourceState:
        return self.statuses.state_of(
            Resource(id=number.id, resource_status=number.resource_status, usage_state=number.usage_state)
        )

    def _state_of(self, row: PortInRow) -> ResourceState:
        return ResourceState.ASSIGNED if row.state == Step.PORTED.value else ResourceState.RESERVED

    def _characteristics(self, row: PortInRow, step: Step) -> dict[str, str | None]:
        date = None if row.scheduled_at is None else rfc3339(row.scheduled_at)
        return {self.names.status: self.words.written(step), self.names.donor: row.donor, self.names.date: date}


def _mark_of(parties: Sequence[Json]) -> str | None:
    """The token of the port-in that a resource belongs to."""
    named = (party_of(each) for each in parties)
    return next((identifier for identifier, role in named if role == MARK_ROLE), None)


def is_over(row: PortInRow | None) -> bool:
    """Whether a port-in's resource may be taken over. One that nobody remembers may be a number that came."""
    return row is not None and (Step(row.state) in OVER or row.state == Step.REJECTED.value)
