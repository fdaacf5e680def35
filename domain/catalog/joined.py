"""What was joined to an offering, its prices or its specification, kept with it while that is fresh.

A page that everybody asks for joins the same things again and again. What was joined holds as long as nothing in the
reader changes (`generation`), and no longer than all of it is fresh (`fresh_until`): after that the reader is asked as
ever, which looks at ages, renews what is stale and notes what it finds. Where that gives the very objects it gave
before, nothing is joined anew, and the lists are the same lists. What a newcomer would get wrong: an answer that is to
be kept whole must note what it reads, so it never takes what is kept.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import is_
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace
from prometheus_client import Counter

from clients.tmf import Entity
from clients.tmf620 import ProductOffering
from domain.catalog.source import EntityReader
from kernel.context import RequestContext
from kernel.lasting import NEVER, LastingList, Loaded
from kernel.reads import FOREVER

E = TypeVar("E", bound=Entity)

JOINED = Counter(
    "bff_joined", "Offerings whose prices or specification were asked for, by how they were found.", ["found"]
)
_KEPT, _READ = JOINED.labels("kept"), JOINED.labels("read")


class _Joint(msgspec.Struct, frozen=True):
    """What was joined, and what it was made of. Of one that is not given again unasked, `until` is over already.

    It comes out the same from `since` until something `changes`; None: that was not looked for yet.
    """

    generation: int
    audience: str
    fields: frozenset[str]
    until: float
    value: Any
    loaded: Any
    since: float
    changes: float | None = None


Make: TypeAlias = Callable[[ProductOffering, Any], Any]


class Joining(msgspec.Struct):
    """One look at what a reader's entities are to offerings: `name` says as what, `now` in seconds since the epoch.

    Made before anything is read: what changed while it was being read is not in it, and so it is not kept.
    """

    name: str
    reader: EntityReader[Any]
    ctx: RequestContext
    fields: frozenset[str]
    now: float
    generation: int = 0

    def __post_init__(self) -> None:
        self.generation = self.reader.generation

    def kept(self, offerings: Sequence[ProductOffering]) -> Sequence[Any] | None:
        """What is kept with each of them, or with a list that lasts, as one; None unless it is there for all."""
        if self.ctx.reads is not None:
            return None
        if type(offerings) is LastingList:
            return self._kept_whole(offerings)
        name, generation, audience, fields = self.name, self.generation, self.ctx.audience.key, self.fields
        found: list[Any] = []
        for offering in offerings:
            joint: _Joint | None = offering.__dict__.get(name)
            if joint is None or joint.generation != generation or joint.audience != audience or joint.until <= self.now:
                return None
            if not joint.fields >= fields:
                return None
            found.append(joint.value)
        _KEPT.inc(len(found))
        return found

    def _kept_whole(self, offerings: LastingList[ProductOffering]) -> Sequence[Any] | None:
        joint: _Joint | None = offerings.__dict__.get(self.name)
        if joint is None or joint.generation != self.generation or joint.audience != self.ctx.audience.key:
            return None
        if joint.until <= self.now or not joint.fields >= self.fields:
            return None
        _KEPT.inc(len(offerings))
        whole: Sequence[Any] = joint.value
        return whole

    def again(self, offerings: Sequence[ProductOffering], loaded: Loaded[Any]) -> Sequence[Any] | None:
        """What was joined to a list that lasts, where the very same was loaded for all of it; else None."""
        before: _Joint | None = offerings.__dict__.get(self.name) if type(offerings) is LastingList else None
        prices = (each.product_offering_price for each in offerings)
        joint = self._again(before, loaded, chain(filter(None, loaded), chain.from_iterable(prices)))
        if joint is None:
            return None
        _READ.inc(len(offerings))
        offerings.__dict__[self.name] = self._until(self._until_when(loaded), joint)
        given: Sequence[Any] = joint.value
        return given

    def keep(
        self, offerings: Sequence[ProductOffering], each: Sequence[Any], make: Make, loaded: Loaded[Any]
    ) -> Sequence[Any]:
        """What `make` makes of each offering and of what was loaded for it, kept with it; `loaded` is that of all.

        It is what was made before where it is made of the same, or comes out the same, and errors stay what they are.
        """
        _READ.inc(len(offerings))
        if loaded.fresh_until == NEVER:
            both = zip(offerings, each, strict=True)
            return [found if isinstance(found, Exception) else make(offering, found) for offering, found in both]
        until = self._until_when(loaded)
        given = [self._keep(*both, make, until) for both in zip(offerings, each, strict=True)]
        if type(offerings) is LastingList and not any(isinstance(value, Exception) for value in given):
            return self._keep_whole(offerings, given, loaded, until)
        return given

    def _until_when(self, loaded: Loaded[Any]) -> float:
        """Until when what is joined now may be given again unasked; it may not where the reader moved on meanwhile."""
        return loaded.fresh_until if self.reader.generation == self.generation else 0.0

    def _keep_whole(
        self, offerings: LastingList[ProductOffering], values: list[Any], loaded: Sequence[Any], until: float
    ) -> Sequence[Any]:
        before: _Joint | None = offerings.__dict__.get(self.name)
        same = before is not None and all(map(is_, before.value, values))
        whole = before.value if before is not None and same else LastingList(values)
        until = min((until, *(each.__dict__[self.name].until for each in offerings)))
        offerings.__dict__[self.name] = self._joint(whole, [*loaded], until)
        return whole

    def _keep(self, offering: ProductOffering, loaded: Any, make: Make, until: float) -> Any:
        if isinstance(loaded, Exception):
            return loaded
        before: _Joint | None = offering.__dict__.get(self.name)
        joint = self._again(before, loaded, _parts(offering, loaded))
        if joint is None:
            value = make(offering, loaded)
            if before is not None and _same(before.value, value):
                value = before.value
            joint = self._joint(value, loaded, self.now)
        if until > self.now:
            if joint.changes is None:
                joint = replace(joint, changes=_changes(_parts(offering, loaded), self.now))
            joint = self._until(until, joint)
        offering.__dict__[self.name] = joint
        return joint.value

    def _again(self, before: _Joint | None, loaded: Any, parts: Iterable[Entity]) -> _Joint | None:
        """What was joined before, where it is made of the same and would come out the same."""
        if before is None or before.since > self.now or not _same(before.loaded, loaded):
            return None
        if before.changes is None:  # what is asked for once does not pay for this
            before = replace(before, changes=_changes(parts, before.since))
        assert before.changes is not None  # noqa: S101  (it has just been found out)
        return before if self.now < before.changes else None

    def _joint(self, value: Any, loaded: Any, until: float) -> _Joint:
        return _Joint(self.generation, self.ctx.audience.key, self.fields, until, value, loaded, self.now)

    def _until(self, until: float, joint: _Joint) -> _Joint:
        """The same for who asks now: given again until then, but no longer than it holds."""
        until = until if joint.changes is None else min(until, joint.changes)
        return replace(
            joint, generation=self.generation, audience=self.ctx.audience.key, fields=self.fields, until=until
        )


def _same(before: Any, after: Any) -> bool:
    """Whether these are the same object, or lists of the same objects."""
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(is_, before, after))
    return before is after


def _parts(offering: ProductOffering, loaded: Any) -> Iterable[Entity]:
    """Everything whose beginning or end may change what is made: prices may also be inside the offering."""
    if isinstance(loaded, list):
        return chain(loaded, offering.product_offering_price)
    return () if loaded is None else (loaded,)


def _changes(entities: Iterable[Entity], now: float) -> float:
    """The next moment to come at which one of these begins or ends to hold."""
    moments = (moment for each in entities for period in each.periods for moment in (period.start, period.end))
    return min((at for each in moments if each is not None and (at := each.timestamp()) > now), default=FOREVER)
