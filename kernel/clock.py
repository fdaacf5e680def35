"""Time, passed in wherever a rule depends on it, so that a test can be at any moment without waiting."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """`now` is wall time in seconds since the epoch; `monotonic` never goes back and means nothing by itself."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class FixedClock:
    """A clock that stands still until `advance` moves it."""

    at: float = 1_800_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += seconds


def parse_instant(text: str | None) -> datetime | None:
    """An RFC 3339 date-time as an aware `datetime`; None where there is none or it cannot be read.

    Real catalogues also hold times without seconds or zone (`2019-07-04T00:00`) and bare dates: both are taken as UTC.
    """
    if not text or len(text) > _LONGEST:
        return None
    return _parsed(text)


_LONGEST = 64


@lru_cache(maxsize=4_096)  # a catalogue has few, and each of its prices repeats some
def _parsed(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text.strip().upper())  # RFC 3339, section 5.6: "t" and "z" are allowed
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
