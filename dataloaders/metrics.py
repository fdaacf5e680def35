"""What a dashboard shows of the two levels of cache, by what is kept in them, never by what was asked for."""

from dataclasses import dataclass
from typing import Self

from prometheus_client import Counter

LOOKUPS = Counter(
    "bff_cache_lookups", "Keys that requests asked for: `fresh` in this process, or `not fresh` there.", ["of", "found"]
)
READS = Counter(
    "bff_cache_reads",
    "Keys that were read because no request found them fresh, each once for all who wait: where they came from.",
    ["of", "source"],
)


@dataclass(frozen=True)
class Counted:
    """The counters of one loader."""

    fresh: Counter
    not_fresh: Counter
    redis: Counter
    upstream: Counter
    failed: Counter

    @classmethod
    def of(cls, name: str) -> Self:
        found = (LOOKUPS.labels(name, each) for each in ("fresh", "not fresh"))
        return cls(*found, *(READS.labels(name, each) for each in ("redis", "upstream", "failed")))

    def asked(self, keys: int, not_fresh: int) -> None:
        """Some keys were asked for, of which so many were not fresh. It stands in every request's way."""
        if keys > not_fresh:
            self.fresh.inc(keys - not_fresh)
        if not_fresh:
            self.not_fresh.inc(not_fresh)
