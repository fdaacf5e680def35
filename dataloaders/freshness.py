"""How long a cached answer is good, good enough, and better than nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Age(Enum):
    """FRESH: use it. STALE: use it, renew it behind. OLD: renew first, use it if that fails or drags. DEAD: gone."""

    FRESH = 0
    STALE = 1
    OLD = 2
    DEAD = 3


@dataclass(frozen=True)
class Freshness:
    """All in seconds. RFC 5861 names the two extensions: stale-while-revalidate and stale-if-error.

    `missing`: how long "there is no such thing" is believed. `patience`: how long a shopper waits for the renewal of
    something old before the old is shown.
    """

    fresh: float = 300.0
    stale_while_revalidate: float = 300.0
    stale_if_error: float = 86_400.0
    missing: float = 30.0
    patience: float = 1.0

    def age(self, seconds: float, *, missing: bool = False) -> Age:
        """What may be done with something read `seconds` ago."""
        if seconds <= (self.missing if missing else self.fresh):
            return Age.FRESH
        if missing:
            return Age.DEAD
        if seconds <= self.fresh + self.stale_while_revalidate:
            return Age.STALE
        return Age.OLD if seconds <= self.fresh + self.stale_if_error else Age.DEAD

    def ages(self, now: float) -> Sequence[tuple[float, Age]]:
        """The same for many: since when something must have been read to be of each age, the best first."""
        fresh = now - self.fresh
        return (
            (fresh, Age.FRESH),
            (fresh - self.stale_while_revalidate, Age.STALE),
            (fresh - self.stale_if_error, Age.OLD),
            (-math.inf, Age.DEAD),
        )

    def moments(self, read_at: float, *, missing: bool = False) -> tuple[float, float, float]:
        """Until when something read at that moment is fresh, may be used while it is renewed, and when that fails."""
        end = read_at + (self.missing if missing else self.fresh)
        return (end, end, end) if missing else (end, end + self.stale_while_revalidate, end + self.stale_if_error)

    @property
    def keep(self) -> float:
        """Seconds after which nothing is left that could be used."""
        return self.fresh + max(self.stale_while_revalidate, self.stale_if_error)
