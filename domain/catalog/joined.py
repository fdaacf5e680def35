"""What was joined to an offering, its prices or its specification, kept with it for a moment.

A page that everybody asks for joins the same things again and again. What was joined holds as long as nothing in the
reader changes (`generation`), and in any case no longer than a moment (`steady`): after that the reader is asked as
ever, which looks at ages, renews what is stale and notes what it finds. What a newcomer would get wrong: an answer that
is to be kept whole must note what it reads, so it never takes this way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any, NamedTuple, TypeVar

from prometheus_client import Counter

from clients.tmf import Entity
from clients.tmf620 import ProductOffering
from domain.catalog.source import EntityReader
from kernel.context import RequestContext
from kernel.lasting import LastingList

E = TypeVar("E", bound=Entity)

JOINED = Counter(
    "bff_joined", "Offerings whose prices or specification were asked for, by how they were found.", ["found"]
)
_KEPT, _READ = JOINED.labels("kept"), JOINED.labels("read")


class _Joint(NamedTuple):
    generation: int
    audience: str
    fields: frozenset[str]
    until: float
    value: Any


@dataclass
class Joining:
    """One look at what a reader's entities are to offerings: `name` says as what, `now` in seconds since the epoch.

    Made before anything is read: what changed while it was being read is not in it, and so it is not kept.
    """

    name: str
    reader: EntityReader[Any]
    ctx: RequestContext
    fields: frozenset[str]
    now: float

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
            if joint is None or joint[0] != generation or joint[1] != audience or joint[3] <= self.now:
                return None
            if not joint[2] >= fields:
                return None
            found.append(joint[4])
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

    def keep(self, offerings: Sequence[ProductOffering], values: Sequence[Any]) -> Sequence[Any]:
        """Keep a value with each; what to give in its place, which is what was given before where that is the same.

        Errors are not kept, nor what may mean something else in a moment.
        """
        _READ.inc(len(offerings))
        until = self.now + self.reader.steady
        if until <= self.now or self.reader.generation != self.generation:
            return [*values]
        given = [self._keep(*each, until) for each in zip(offerings, values, strict=True)]
        return self._keep_whole(offerings, given) if type(offerings) is LastingList else given

    def _keep_whole(self, offerings: LastingList[ProductOffering], values: list[Any]) -> Sequence[Any]:
        if any(isinstance(value, Exception) for value in values):
            return values
        before: _Joint | None = offerings.__dict__.get(self.name)
        same = before is not None and all(map(is_, before.value, values))
        whole = before.value if before is not None and same else LastingList(values)
        until = min(offering.__dict__[self.name].until for offering in offerings) if offerings else self.now
        offerings.__dict__[self.name] = _Joint(self.generation, self.ctx.audience.key, self.fields, until, whole)
        return whole

    def _keep(self, offering: ProductOffering, value: Any, until: float) -> Any:
        if isinstance(value, Exception):
            return value
        if isinstance(value, list):
            before: _Joint | None = offering.__dict__.get(self.name)
            if before is not None and len(before.value) == len(value) and all(map(is_, before.value, value)):
                value = before.value
            until = min((until, *_changes(value, self.now)))
        offering.__dict__[self.name] = _Joint(self.generation, self.ctx.audience.key, self.fields, until, value)
        return value


def _changes(entities: Iterable[Entity], now: float) -> Iterable[float]:
    """The moments to come at which one of these begins or ends to hold."""
    for entity in entities:
        for period in entity.periods:
            for moment in (period.start, period.end):
                if moment is not None and moment.timestamp() > now:
                    yield moment.timestamp()
