"""What every cache of this process was asked and had: plain numbers, for whoever shows them as a metric."""

from collections.abc import Iterator
from dataclasses import dataclass

from bff.edge.documents import Documents
from bff.upstreams import Services


@dataclass(frozen=True)
class CacheCount:
    """Since the process began. `hits` had it, `misses` had to make or read it; `bytes` is what it takes now.

    A stale value that was used is a hit.
    """

    cache: str
    hits: int
    misses: int
    bytes: int


def cache_counts(documents: Documents, services: Services) -> Iterator[CacheCount]:
    """All caches: documents, plans, whole answers, and each kind of entity and page of the catalogue."""
    looked, counted = documents.looked, documents.operations.counted
    yield CacheCount("documents", looked.known, looked.new, documents.memory.all_bytes)
    yield CacheCount("plans", counted.compiled - counted.plans, counted.plans, 0)  # their bytes are the documents'
    if services.answers is not None:
        answers = services.answers.counted
        hits = answers.hits + answers.stale + answers.joined
        yield CacheCount("answers", hits, answers.misses, services.answers.memory.bytes)
    for tier in services.on_demand.loaders.tiers():
        yield CacheCount(tier.name, tier.looked.memory + tier.looked.stale, tier.looked.missed, tier.bytes)
