"""What numbers, cards and reservations are, in this operator's words."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from clients.tmf639 import Resource
from domain.catalog.rules import fold, folded


class ResourceKind(Enum):
    """What can be reserved: a number (MSISDN) or a SIM (by its ICCID)."""

    NUMBER = "NUMBER"
    SIM = "SIM"


class NumberTier(Enum):
    """How dear a number is; what makes it so is the operator's."""

    STANDARD = "STANDARD"
    SILVER = "SILVER"
    GOLD = "GOLD"
    PLATINUM = "PLATINUM"


class SimKind(Enum):
    """A card of plastic, or a profile that is loaded over the air."""

    PHYSICAL = "PHYSICAL"
    ESIM = "ESIM"


class ResourceState(Enum):
    """Where a resource stands upstream. `RESTING`: given up, and not to be offered for a while."""

    FREE = "FREE"
    RESERVED = "RESERVED"
    ASSIGNED = "ASSIGNED"
    RESTING = "RESTING"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Candidate:
    """A number or a card as it can be offered. `value` is the number's digits without `+`, or the whole ICCID."""

    kind: ResourceKind
    upstream_id: str
    value: str
    tier: NumberTier = NumberTier.STANDARD
    sim: SimKind | None = None

    @property
    def msisdn(self) -> str:
        """The number in international form (E.164)."""
        return f"+{self.value}"

    @property
    def masked(self) -> str:
        """A card's ICCID as anyone may see it: its last four digits."""
        return "•" * (len(self.value) - 4) + self.value[-4:]


@dataclass(frozen=True)
class StatusWords:
    """This operator's words for the states of a resource. The first of each is the one that is written.

    v4 has no word for "assigned": there it is *reserved* and in use (FACTS, 2.3). `active` are the usage states that
    say so.
    """

    free: tuple[str, ...] = ("available",)
    reserved: tuple[str, ...] = ("reserved",)
    assigned: tuple[str, ...] = ("allocated", "assigned", "inUse")
    resting: tuple[str, ...] = ("suspended", "standby", "quarantined")
    active: tuple[str, ...] = ("active", "busy")

    def state_of(self, resource: Resource) -> ResourceState:
        """What a resource's status and usage state mean together."""
        state = self._states.get(fold(resource.resource_status or ""), ResourceState.UNKNOWN)
        used = fold(resource.usage_state or "idle") in self._in_use
        return ResourceState.ASSIGNED if used and state in _WHERE_USE_COUNTS else state

    @cached_property
    def _states(self) -> dict[str, ResourceState]:
        """What each word means by itself. Of a word that is in several lists the last of these holds."""
        known = (
            (self.resting, ResourceState.RESTING),
            (self.reserved, ResourceState.RESERVED),
            (self.free, ResourceState.FREE),
            (self.assigned, ResourceState.ASSIGNED),
        )
        return {word: state for words, state in known for word in folded(words)}

    @cached_property
    def _in_use(self) -> frozenset[str]:
        return folded(self.active)

    def written(self, state: ResourceState, *, version: str) -> tuple[str, str]:
        """The status and the usage state by which a state is written."""
        if state is ResourceState.ASSIGNED:
            return (self.assigned[0] if version == "v5" else self.reserved[0]), self.active[0]
        words = {
            ResourceState.FREE: self.free,
            ResourceState.RESERVED: self.reserved,
            ResourceState.RESTING: self.resting,
        }[state]
        return words[0], "idle"


@dataclass(frozen=True)
class InventoryWords:
    """How this operator tells a number from a card, and one tier from another. All are compared folded.

    `numbers` and `sims` are categories or, failing that, what an id or a name begins with; `tiers` maps words found in
    `category` or in the characteristic `numberClass`.
    """

    tiers: tuple[tuple[str, NumberTier], ...] = (
        ("standard", NumberTier.STANDARD),
        ("normal", NumberTier.STANDARD),
        ("msisdn", NumberTier.STANDARD),
        ("silver", NumberTier.SILVER),
        ("gold", NumberTier.GOLD),
        ("premium", NumberTier.GOLD),
        ("platinum", NumberTier.PLATINUM),
    )

    def tier_of(self, words: Iterable[str]) -> NumberTier | None:
        """The dearest tier that any of the words names; None when none of them does."""
        found = [self._known[fold(word)] for word in words if fold(word) in self._known]
        return max(found, key=_ORDER.index) if found else None

    @cached_property
    def _known(self) -> dict[str, NumberTier]:
        return {fold(word): tier for word, tier in self.tiers}


_WHERE_USE_COUNTS = (ResourceState.FREE, ResourceState.RESERVED)
_ORDER = tuple(NumberTier)
