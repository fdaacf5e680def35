"""Upstreams' events: hints that something changed, from senders that guarantee neither order, nor delivery, nor once.

So an event is believed no further than its resource and id. What it says of the content is never used: the entity is
read again from the upstream, whichever event came first or twice. Events that never came are found by comparing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from clients import tmf620
from domain.catalog.metrics import EVENTS
from kernel.errors import BadRequestError
from kernel.ids import is_local_id

log = structlog.get_logger(__name__)

_REMEMBERED = 10_000
_WAITING = 1_000
CATALOG_PATHS = tuple(collection.path for collection in tmf620.collections())
EVERYTHING = "*"


class _Envelope(msgspec.Struct):
    """The parts of TM Forum's event that are looked at. Some servers leave one or another out."""

    event_id: str | int | None = msgspec.field(default=None, name="eventId")
    event_type: str | None = msgspec.field(default=None, name="eventType")
    event: dict[str, Any] | None = None


@dataclass(frozen=True)
class Change:
    """Something changed: `name` is `productOffering/po-1`, or `productOffering/*` when it is not said which."""

    event_id: str | None
    name: str


def parse_event(body: bytes, paths: Sequence[str] = CATALOG_PATHS) -> Change | None:
    """What an event is about; None for one about something the shop does not read, which is what `paths` has not.

    Raises:
        BadRequestError: not an event.
    """
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadRequestError("This is no event.") from None
    if envelope.event_type is None and not envelope.event:
        raise BadRequestError("This is no event.")
    event_id = None if envelope.event_id is None else str(envelope.event_id)[:200]
    payload = {name.casefold(): value for name, value in (envelope.event or {}).items()}
    for path in paths:
        if path.casefold() in payload:
            return Change(event_id, f"{path}/{_id_in(payload[path.casefold()])}")
    return _by_type(event_id, (envelope.event_type or "").casefold(), paths)


def _by_type(event_id: str | None, kind: str, paths: Sequence[str]) -> Change | None:
    """Without a payload that names it, the type says what kind of thing: the longest name that it begins with."""
    fitting = [path for path in paths if kind.startswith(path.casefold())]
    return Change(event_id, f"{max(fitting, key=len)}/{EVERYTHING}") if fitting else None


def _id_in(resource: Any) -> str:
    found = resource.get("id") if isinstance(resource, dict) else None
    return found if isinstance(found, str) and is_local_id(found) else EVERYTHING


@dataclass
class EventIntake:
    """Takes events quickly and has them worked off behind. `apply` is told the names of what changed.

    `paths`: the collections whose events are looked at.
    """

    apply: Callable[[list[str]], Awaitable[None]]
    paths: Sequence[str] = CATALOG_PATHS
    _remembered: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)
    _waiting: dict[str, None] = field(default_factory=dict)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, body: bytes) -> bool:
        """Note what an event is about; False for a repeated one or one that is about nothing of ours.

        Raises:
            BadRequestError: not an event.
        """
        change = parse_event(body, self.paths)
        about = "something else" if change is None else change.name.partition("/")[0]
        if change is None or self._is_repeated(change):
            EVENTS.labels(about, "left alone").inc()
            return False
        EVENTS.labels(about, "taken").inc()
        self._waiting[change.name] = None
        if len(self._waiting) > _WAITING:  # a flood: one look at everything is cheaper than a thousand at something
            self._waiting = dict.fromkeys(f"{path}/{EVERYTHING}" for path in self.paths)
        self._arrived.set()
        return True

    async def work(self) -> None:
        """Apply what has arrived, all that came meanwhile at once, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            names, self._waiting = list(self._waiting), {}
            try:
                await self.apply(names)
            except Exception:
                log.exception("events.not_applied", names=names[:20])

    def _is_repeated(self, change: Change) -> bool:
        """Only of the same thing: some servers number the events of each resource, or give all of a write one id."""
        if change.event_id is None:
            return False
        event = (change.event_id, change.name)
        if event in self._remembered:
            return True
        self._remembered[event] = None
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return False
