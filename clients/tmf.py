"""A TM Forum REST API as it really is: one client for all of them, one line per collection. Writes: `clients.writing`.

What a newcomer would get wrong: servers break TMF630 in known ways (`shared` notes: FACTS). So totals are hints, a page
ends where an empty one follows, an `id=a,b,c` filter is believed only as far as its answer proves it, and a value that
is only digits is never sent as a filter at all.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec
import structlog

from clients.auth import Authentication, StaticHeaders
from clients.calls import Calls, RefusedError, UpstreamOptions
from clients.guard import RetryBudget
from clients.http import Sender
from clients.lenient import Known, decode_list, decode_one
from clients.parts import TimePeriod
from clients.texts import Texts
from kernel.clock import Clock
from kernel.context import Audience
from kernel.errors import UpstreamError, UpstreamInvalidError
from kernel.ids import are_local_ids, is_local_id

__all__ = ["Collection", "Entity", "Page", "TMFClient", "UpstreamOptions", "item_path", "pushable"]

log = structlog.get_logger(__name__)


class Entity(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, weakref=True):
    """What every TM Forum resource has. `id` is the server's; `href` is often wrong and never read."""

    id: str

    @property
    def periods(self) -> Sequence[TimePeriod]:
        """The spans of time in which it, or a part of it, holds."""
        return ()


E = TypeVar("E", bound=Entity)


@dataclass(frozen=True)
class Collection(Generic[E]):
    """One collection of one upstream API.

    `always`: the attributes every read needs, whatever was selected. `v5_names`: what v5 calls attributes that are
    known here by their name in v4.
    """

    upstream: str
    path: str
    model: type[E]
    always: frozenset[str] = frozenset()
    v5_names: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.upstream}.{self.path}"


@dataclass(frozen=True)
class Page(Generic[E]):
    """`items` as they came, odd ones left out; `received` counts those too. `total` is the server's word: a hint."""

    items: Sequence[E]
    received: int
    total: int | None

    def is_last(self, offset: int, limit: int) -> bool:
        """Whether nothing follows; `offset` is behind this page. A short page proves nothing: limits are clamped."""
        whole = self.total is not None and offset >= self.total and self.received < limit
        return self.received == 0 or whole


@dataclass
class _Dialect:
    """What was found out about one collection of one server, once, and is remembered."""

    takes_id_list: bool = True


@dataclass
class TMFClient:
    """Speaks to one upstream API. Create one per upstream and process.

    `texts`, where what it says does not concern anybody in particular: what it says again is the same object again.
    """

    name: str
    options: UpstreamOptions
    sender: Sender
    clock: Clock
    auth: Authentication = field(default_factory=StaticHeaders)
    budget: RetryBudget = field(default_factory=RetryBudget)
    texts: Texts | None = None
    _dialects: dict[str, _Dialect] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.calls = Calls(self.name, self.options, self.sender, self.clock, self.auth, self.budget)

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
        reply = await self.calls.get(collection.name, f"{collection.path}?{query}", audience, also=nothing)
        if reply.status in nothing:
            return Page((), 0, None)
        try:
            items, received = decode_list(
                reply.body,
                collection.model,
                lambda what: self.odd(collection, what),
                self._known(collection, audience),
            )
        except msgspec.MsgspecError as error:
            raise self._invalid(collection, error) from None
        if not are_local_ids([item.id for item in items]):
            items = [item for item in items if self._addressable(collection, item)]
        return Page(items, received, _count(reply.headers.get("x-total-count")))

    async def get(
        self, collection: Collection[E], audience: Audience, local_id: str, fields: frozenset[str]
    ) -> E | None:
        """One `GET /collection/id`; None when the server knows no such id, or the id may not go into a URL.

        Raises:
            UpstreamError: no usable answer.
        """
        if not is_local_id(local_id):  # a reference inside an answer may hold anything
            self.odd(collection, f"an id that cannot go into a URL: {local_id[:80]!r}")
            return None
        path = f"{item_path(collection, local_id)}?{self._query(collection, fields, {})}"
        reply = await self.calls.get(collection.name, path, audience, also=(_NOT_FOUND,))
        if reply.status == _NOT_FOUND:
            return None
        try:
            found = decode_one(
                reply.body,
                collection.model,
                lambda what: self.odd(collection, what),
                self._known(collection, audience),
            )
        except msgspec.MsgspecError as error:
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
        wanted = list(dict.fromkeys(ids))
        known: dict[str, E | UpstreamError | None] = {}
        if len(wanted) > 1 and self._dialect(collection).takes_id_list:
            asked = wanted if are_local_ids(wanted) else list(filter(is_local_id, wanted))
            chunks = list(self._chunks(collection, asked, fields))
            for answer in await asyncio.gather(*(self._by_list(collection, audience, c, fields) for c in chunks)):
                known.update(answer)
        left = [local_id for local_id in wanted if local_id not in known]
        singles = await self._one_by_one(collection, audience, left, fields)
        if len(wanted) > 1 and not known and any(isinstance(entity, Entity) for entity in singles.values()):
            self._no_lists(collection)  # the list brought nothing, and yet they exist
        return known | singles

    async def _by_list(
        self, collection: Collection[E], audience: Audience, ids: Sequence[str], fields: frozenset[str]
    ) -> dict[str, E | UpstreamError | None]:
        wanted = set(ids)
        if len(wanted) == 1:
            return {}  # no list, and a filter may mean something else than the path does
        try:
            page = await self.page(
                collection, audience, fields=fields, offset=0, limit=len(ids), filters={"id": ",".join(ids)}
            )
        except RefusedError as error:
            # perhaps it is the list that is refused, not the ids
            return dict.fromkeys(ids, error) if error.of_the_caller else {}
        except UpstreamError as error:
            return dict.fromkeys(ids, error)
        found: dict[str, E | UpstreamError | None] = {item.id: item for item in page.items if item.id in wanted}
        if len(found) < len(wanted) and any(item.id not in wanted for item in page.items):
            self._no_lists(collection)  # others came instead: the filter is ignored, and some hits are luck
        return found

    async def _one_by_one(
        self, collection: Collection[E], audience: Audience, ids: Sequence[str], fields: frozenset[str]
    ) -> dict[str, E | UpstreamError | None]:
        turn = asyncio.Semaphore(self.options.fan_out)

        async def one(local_id: str) -> E | UpstreamError | None:
            async with turn:
                try:
                    return await self.get(collection, audience, local_id, fields)
                except UpstreamError as error:
                    return error

        return dict(zip(ids, await asyncio.gather(*map(one, ids)), strict=True))

    def _chunks(self, collection: Collection[E], ids: Sequence[str], fields: frozenset[str]) -> Iterable[Sequence[str]]:
        """`ids` cut so that no URL is longer than `max_url` and no list longer than a page."""
        room = self.options.max_url - len(self.options.base_url) - len(self._query(collection, fields, {"id": ""})) - 64
        together = ",".join(ids)
        encoded = _encode(together)
        if ids and len(ids) <= self.options.page_size and len(encoded) <= room:
            yield ids
            return
        chunk: list[str] = []
        length, as_it_is = 0, encoded is together
        for local_id in ids:
            more = len(local_id if as_it_is else _encode(local_id)) + 1
            if chunk and (len(chunk) >= self.options.page_size or length + more > max(room, 1) + 1):
                yield chunk
                chunk, length = [], 0
            chunk.append(local_id)
            length += more
        if chunk:
            yield chunk

    def _query(self, collection: Collection[Any], fields: frozenset[str], parameters: Mapping[str, str]) -> str:
        renamed = collection.v5_names if self.options.version == "v5" else {}
        names = ",".join(sorted(renamed.get(name, name) for name in fields | collection.always | {"id"}))
        return "&".join(f"{_encode(key)}={_encode(value)}" for key, value in {"fields": names, **parameters}.items())

    def _known(self, collection: Collection[Any], audience: Audience) -> Known | None:
        return None if self.texts is None else (self.texts, (collection.name, audience.key))

    def _dialect(self, collection: Collection[Any]) -> _Dialect:
        return self._dialects.setdefault(collection.name, _Dialect())

    def _no_lists(self, collection: Collection[Any]) -> None:
        self._dialect(collection).takes_id_list = False
        log.info("upstream.no_id_lists", collection=collection.name)

    def circuits(self) -> dict[str, str]:
        """Each collection asked so far, and whether its circuit is `open` or `closed`."""
        return {name: "open" if breaker.is_open else "closed" for name, breaker in self.calls.breakers.items()}

    def _addressable(self, collection: Collection[Any], item: Entity) -> bool:
        if is_local_id(item.id):
            return True
        self.odd(collection, f"an id that cannot go into a URL: {item.id[:80]!r}")
        return False

    def odd(self, collection: Collection[Any], what: str) -> None:
        """Take note of something in an answer that cannot be used and is left out."""
        log.warning("upstream.odd_element", collection=collection.name, what=what)

    def _invalid(self, collection: Collection[Any], why: object) -> UpstreamInvalidError:
        return UpstreamInvalidError(self.name, detail=f"{collection.path}: {why}")


_NOT_FOUND = 404
_RANGE = 416


def item_path(collection: Collection[Any], local_id: str) -> str:
    """The path of one entity behind the base URL.

    Raises:
        ValueError: an id that cannot go into a URL.
    """
    if not is_local_id(local_id):
        raise ValueError("an id that cannot go into a URL")
    return f"{collection.path}/{quote(local_id, safe='')}"


def _encode(text: str) -> str:
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe=",")


_UNRESERVED = re.compile(r"[A-Za-z0-9_.~,-]*", re.ASCII)  # RFC 3986, section 2.3, and what separates ids


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def pushable(value: str) -> bool:
    """False for a filter value that a server may misread: digits only (turned into a number), or a comma (an OR)."""
    return not value.isdigit() and "," not in value
