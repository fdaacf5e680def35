"""A TM Forum REST API as it really is: one client for all of them, one line per collection.

What a newcomer would get wrong: servers break TMF630 in known ways (`shared` notes: FACTS). So totals are hints, a page
ends where an empty one follows, an `id=a,b,c` filter is believed only as far as its answer proves it, and a value that
is only digits is never sent as a filter at all.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec
import stamina
import structlog

from clients.auth import Authentication, StaticHeaders
from clients.guard import CircuitBreaker, RetryBudget
from clients.http import Reply, Sender
from clients.lenient import decode_list, decode_one
from kernel.clock import Clock
from kernel.context import Audience, Deadline
from kernel.errors import UpstreamError, UpstreamInvalidError, UpstreamTimeoutError, UpstreamUnavailableError
from kernel.ids import is_local_id

log = structlog.get_logger(__name__)


class Entity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What every TM Forum resource has. `id` is the server's; `href` is often wrong and never read."""

    id: str


E = TypeVar("E", bound=Entity)


@dataclass(frozen=True)
class Collection(Generic[E]):
    """One collection of one upstream API. `always`: the attributes every read needs, whatever was selected."""

    upstream: str
    path: str
    model: type[E]
    always: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.upstream}.{self.path}"


@dataclass(frozen=True)
class UpstreamOptions:
    """Settings of one upstream, all with the meaning that `.env.example` gives."""

    base_url: str
    timeout: float = 5.0
    page_size: int = 100
    max_url: int = 4_000
    fan_out: int = 8
    attempts: int = 3
    channel_header: str = "x-channel"
    breaker_threshold: int = 5
    breaker_cooldown: float = 5.0


@dataclass(frozen=True)
class Page(Generic[E]):
    """`items` as they came, odd ones left out; `received` counts those too. `total` is the server's word: a hint."""

    items: Sequence[E]
    received: int
    total: int | None


@dataclass
class _Dialect:
    """What was found out about one collection of one server, once, and is remembered."""

    takes_id_list: bool = True


@dataclass
class TMFClient:
    """Reads one upstream API. Create one per upstream and process."""

    name: str
    options: UpstreamOptions
    sender: Sender
    clock: Clock
    auth: Authentication = field(default_factory=StaticHeaders)
    budget: RetryBudget = field(default_factory=RetryBudget)
    _breakers: dict[str, CircuitBreaker] = field(default_factory=dict)
    _dialects: dict[str, _Dialect] = field(default_factory=dict)

    async def page(
        self,
        collection: Collection[E],
        audience: Audience,
        *,
        fields: frozenset[str],
        offset: int,
        limit: int,
        filters: Mapping[str, str] | None = None,
    ) -> Page[E]:
        """One `GET /collection`, at most `limit` items from the 0-based `offset` on. Filters are not re-checked here.

        Raises:
            UpstreamError: no usable answer.
        """
        query = self._query(collection, fields, {**(filters or {}), "offset": str(offset), "limit": str(limit)})
        # Some servers say 404 or 416 for "nothing there"; on a bare first page it means a wrong base URL instead.
        nothing = (_NOT_FOUND, _RANGE) if filters or offset else ()
        reply = await self._get(collection, f"{collection.path}?{query}", audience, also=nothing)
        if reply.status in nothing:
            return Page((), 0, None)
        try:
            items, received = decode_list(reply.body, collection.model, lambda what: self._odd(collection, what))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._invalid(collection, error) from None
        addressable = [item for item in items if self._addressable(collection, item)]
        return Page(addressable, received, _count(reply.headers.get("x-total-count")))

    async def get(
        self, collection: Collection[E], audience: Audience, local_id: str, fields: frozenset[str]
    ) -> E | None:
        """One `GET /collection/id`; None when the server knows no such id.

        Raises:
            UpstreamError: no usable answer.
        """
        assert is_local_id(local_id), "ids are checked before they come here"  # noqa: S101
        path = f"{collection.path}/{quote(local_id, safe='')}?{self._query(collection, fields, {})}"
        reply = await self._get(collection, path, audience, also=(_NOT_FOUND,))
        if reply.status == _NOT_FOUND:
            return None
        try:
            found = decode_one(reply.body, collection.model, lambda what: self._odd(collection, what))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._invalid(collection, error) from None
        if found.id != local_id:
            raise self._invalid(collection, f"asked for {local_id}, got {found.id}")
        return found

    async def get_many(
        self, collection: Collection[E], audience: Audience, ids: Sequence[str], fields: frozenset[str]
    ) -> dict[str, E | UpstreamError | None]:
        """Each id with its entity, None where there is none, or the error that kept it from being known.

        Asks `id=a,b,c`, as few times as URL and page size allow; what such an answer leaves out is asked for one by
        one, and a server whose lists prove useless is asked one by one from then on.
        """
        known: dict[str, E | UpstreamError | None] = {}
        if len(ids) > 1 and self._dialect(collection).takes_id_list:
            chunks = list(self._chunks(collection, ids, fields))
            for answer in await asyncio.gather(*(self._by_list(collection, audience, c, fields) for c in chunks)):
                known.update(answer)
        left = [local_id for local_id in ids if local_id not in known]
        singles = await self._one_by_one(collection, audience, left, fields)
        if len(ids) > 1 and not known and any(isinstance(entity, Entity) for entity in singles.values()):
            self._dialect(collection).takes_id_list = False  # the list brought nothing, and yet they exist
            log.info("upstream.no_id_lists", collection=collection.name)
        return known | singles

    async def _by_list(
        self, collection: Collection[E], audience: Audience, ids: Sequence[str], fields: frozenset[str]
    ) -> dict[str, E | UpstreamError | None]:
        wanted = set(ids)
        try:
            page = await self.page(
                collection, audience, fields=fields, offset=0, limit=len(ids), filters={"id": ",".join(ids)}
            )
        except _RefusedError:
            return {}  # a 4xx: perhaps of the list, not of the ids
        except UpstreamError as error:
            return dict.fromkeys(ids, error)
        return {item.id: item for item in page.items if item.id in wanted}

    async def _one_by_one(
        self, collection: Collection[E], audience: Audience, ids: Iterable[str], fields: frozenset[str]
    ) -> dict[str, E | UpstreamError | None]:
        turn = asyncio.Semaphore(self.options.fan_out)

        async def one(local_id: str) -> E | UpstreamError | None:
            async with turn:
                try:
                    return await self.get(collection, audience, local_id, fields)
                except UpstreamError as error:
                    return error

        wanted = list(ids)
        return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))

    def _chunks(self, collection: Collection[E], ids: Sequence[str], fields: frozenset[str]) -> Iterable[Sequence[str]]:
        """`ids` cut so that no URL is longer than `max_url` and no list longer than a page."""
        room = self.options.max_url - len(self.options.base_url) - len(self._query(collection, fields, {"id": ""})) - 64
        chunk: list[str] = []
        for local_id in ids:
            if chunk and (
                len(chunk) >= self.options.page_size or len(_encode(",".join([*chunk, local_id]))) > max(room, 1)
            ):
                yield chunk
                chunk = []
            chunk.append(local_id)
        if chunk:
            yield chunk

    def _query(self, collection: Collection[Any], fields: frozenset[str], parameters: Mapping[str, str]) -> str:
        names = ",".join(sorted(fields | collection.always | {"id"}))
        return "&".join(f"{_encode(key)}={_encode(value)}" for key, value in {"fields": names, **parameters}.items())

    async def _get(self, collection: Collection[Any], path: str, audience: Audience, *, also: tuple[int, ...]) -> Reply:
        """A GET with retries, within the upstream's time-out as a whole. `also`: statuses that are answers too."""
        deadline = Deadline.after(self.options.timeout)
        retries = stamina.retry_context(
            on=self.budget.allows,
            attempts=self.options.attempts,
            timeout=self.options.timeout,
            wait_initial=0.05,
            wait_max=0.5,
            wait_jitter=0.05,
        )
        async for attempt in retries:
            with attempt:
                reply = await self._try(collection, path, audience, deadline)
                if reply.status not in (*_SUCCESS, *also):
                    raise _RefusedError(self.name, detail=f"GET {path}: {reply.status} {reply.body[:200]!r}")
                return reply
        raise UpstreamUnavailableError(self.name, detail="no attempt was made")  # pragma: no cover

    async def _try(self, collection: Collection[Any], path: str, audience: Audience, deadline: Deadline) -> Reply:
        """One attempt, and what it tells the circuit breaker. An unusable answer tells it nothing."""
        breaker = self._breaker(collection)
        breaker.before()
        self.budget.called()
        try:
            reply = await self._exchange(path, audience, deadline)
        except (UpstreamUnavailableError, UpstreamTimeoutError):
            breaker.failed()
            raise
        if reply.status >= _SERVER_ERROR or reply.status == _TOO_MANY:
            breaker.failed()
            raise UpstreamUnavailableError(self.name, detail=f"GET {path}: {reply.status} {reply.body[:200]!r}")
        breaker.succeeded()
        return reply

    async def _exchange(self, path: str, audience: Audience, deadline: Deadline) -> Reply:
        """The request itself, and once more with a new token when the first was refused."""
        reply = await self._send(path, audience, deadline)
        if reply.status == _UNAUTHORIZED and self.auth.rejected():
            reply = await self._send(path, audience, deadline)
        return reply

    async def _send(self, path: str, audience: Audience, deadline: Deadline) -> Reply:
        headers = {
            **await self.auth.headers(deadline.require(self.name)),
            "accept": "application/json",
            "accept-language": audience.language,
            self.options.channel_header: audience.channel,
        }
        url = f"{self.options.base_url}/{path}"
        return await self.sender.send("GET", url, headers=headers, seconds=deadline.require(self.name))

    def _breaker(self, collection: Collection[Any]) -> CircuitBreaker:
        if collection.name not in self._breakers:
            self._breakers[collection.name] = CircuitBreaker(
                collection.name,
                self.clock,
                threshold=self.options.breaker_threshold,
                cooldown=self.options.breaker_cooldown,
            )
        return self._breakers[collection.name]

    def _dialect(self, collection: Collection[Any]) -> _Dialect:
        return self._dialects.setdefault(collection.name, _Dialect())

    def circuits(self) -> dict[str, str]:
        """Each collection asked so far, and whether its circuit is `open` or `closed`."""
        return {name: "open" if breaker.is_open else "closed" for name, breaker in self._breakers.items()}

    def _addressable(self, collection: Collection[Any], item: Entity) -> bool:
        if is_local_id(item.id):
            return True
        self._odd(collection, f"an id that cannot go into a URL: {item.id[:80]!r}")
        return False

    def _odd(self, collection: Collection[Any], what: str) -> None:
        log.warning("upstream.odd_element", collection=collection.name, what=what)

    def _invalid(self, collection: Collection[Any], why: object) -> UpstreamInvalidError:
        return UpstreamInvalidError(self.name, detail=f"{collection.path}: {why}")


class _RefusedError(UpstreamInvalidError):
    """A 4xx (or a redirect): the server is well and does not want this request."""


_SUCCESS = (200, 206)
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_RANGE = 416
_TOO_MANY = 429
_SERVER_ERROR = 500


def _encode(text: str) -> str:
    return quote(text, safe=",")


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def pushable(value: str) -> bool:
    """False for a filter value that a server may misread: digits only (turned into a number), or a comma (an OR)."""
    return not value.isdigit() and "," not in value
