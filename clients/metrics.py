"""What a dashboard shows of the calls to upstreams. Collections and methods are ours, so the labels have an end."""

import time
from types import TracebackType
from typing import Self

from prometheus_client import Counter, Gauge, Histogram

from kernel.errors import UpstreamInvalidError, UpstreamTimeoutError, UpstreamUnreachedError

CALLS = Histogram(
    "bff_upstream_call_seconds",
    "Calls to upstreams, each try on its own. Outcome: the status's class, or what came instead of an answer.",
    ["collection", "method", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
OPEN = Gauge(
    "bff_upstream_circuit_open", "1 while a collection is left alone because it keeps failing.", ["collection"]
)
TEXTS = Counter(
    "bff_upstream_texts",
    "Entities in answers of upstreams, by whether they were told word for word as before.",
    ["collection", "found"],
)

_INSTEAD: dict[type[BaseException], str] = {
    UpstreamTimeoutError: "timeout",
    UpstreamUnreachedError: "unreached",
    UpstreamInvalidError: "invalid",
}


class TimedCall:
    """`with TimedCall(collection, method) as call: call.status = ...`"""

    def __init__(self, collection: str, method: str) -> None:
        self._collection, self._method = collection, method
        self.status: int | None = None

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self._began
        CALLS.labels(self._collection, self._method, self._outcome(kind)).observe(seconds)

    def _outcome(self, kind: type[BaseException] | None) -> str:
        if self.status is not None:
            return f"{self.status // 100}xx"
        if kind is not None and not issubclass(kind, Exception):
            return "given up"  # whoever asked has gone
        return "broken off" if kind is None else _INSTEAD.get(kind, "broken off")
