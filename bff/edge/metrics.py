"""`GET /metrics`: what this process has counted, as Prometheus reads it.

Everything that runs counts for itself, in prometheus_client's own registry; what a gateway's documents count is read
when it is asked for. No label ever holds what a client wrote: the number of series has an end.
"""

import hmac
import time
from collections.abc import Iterator
from functools import cache
from types import TracebackType
from typing import Self

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bff.edge.documents import Documents
from bff.edge.whole import Whole
from bff.settings import MetricsSettings
from engine import Answers

REQUESTS = Histogram(
    "bff_request_seconds",
    "Requests, until the answer is made. Operation: query, mutation, none when there was none that could be carried "
    "out. Outcome: whole, partial (with errors), refused, fault (of ours), gone (the client).",
    ["operation", "outcome"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SOCKETS = Gauge("bff_sockets_open", "WebSockets that are open.")
SOCKETS_REFUSED = Counter(
    "bff_sockets_refused", "Handshakes refused, by why: origin, or too many of its address or its process.", ["why"]
)
SOCKETS_CLOSED = Counter(
    "bff_sockets_closed",
    "WebSockets that ended, by the code they were closed with here; gone: by the client.",
    ["code"],
)
SUBSCRIPTIONS = Gauge("bff_subscriptions_open", "Subscriptions under way.")


class TimedRequest:
    """A request under way; whoever answers it says what it was and what came of it, or that it does not count."""

    __slots__ = ("_began", "counts", "operation", "outcome")

    def __init__(self) -> None:
        self.operation, self.outcome, self.counts = "none", "refused", True

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.counts:
            return
        outcome = "gone" if kind is not None else self.outcome
        _series(self.operation, outcome).observe(time.perf_counter() - self._began)


@cache  # there are few, and looking one up takes as long as a whole answer that is kept
def _series(operation: str, outcome: str) -> Histogram:
    return REQUESTS.labels(operation, outcome)


class DocumentFigures(Collector):
    """What the documents of one gateway count."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def collect(self) -> Iterator[Metric]:
        texts = CounterMetricFamily(
            "bff_documents", "Documents that came, by how their text was found.", labels=["found"]
        )
        for found in ("kept", "new", "unknown", "refused"):
            texts.add_metric([found], self._documents.counted[found])
        yield texts
        yield GaugeMetricFamily("bff_documents_remembered", "Documents in memory.", value=len(self._documents.memory))
        counted = self._documents.operations.counted
        yield CounterMetricFamily("bff_operations_compiled", "Operations carried out compiled.", value=counted.compiled)
        yield CounterMetricFamily("bff_operations_exact", "Those in which something failed.", value=counted.exact)
        yield CounterMetricFamily(
            "bff_operation_plans", "Plans made; the other compiled ones had one.", value=counted.plans
        )
        interpreted = CounterMetricFamily(
            "bff_operations_interpreted", "Operations that graphql-core carried out, by why.", labels=["reason"]
        )
        for reason, count in counted.interpreted.items():
            interpreted.add_metric([reason], count)
        yield interpreted


class AnswerFigures(Collector):
    """What became of public operations. `answers` are those of the process that is asked."""

    answers: Answers[Whole] | None = None

    def collect(self) -> Iterator[Metric]:
        if self.answers is None:
            return
        found = CounterMetricFamily("bff_answers", "Public operations, by what became of them.", labels=["found"])
        for name in ("hits", "stale", "misses", "joined", "covered", "outdated", "unkept"):
            found.add_metric([name], getattr(self.answers.counted, name))
        yield found
        yield GaugeMetricFamily("bff_answers_bytes", "What whole answers take.", value=self.answers.memory.bytes)


def metrics_routes(settings: MetricsSettings, documents: Documents) -> list[Route]:
    """The route; none where it is switched off."""
    if not settings.enabled:
        return []
    everything = CollectorRegistry()
    everything.register(REGISTRY)
    everything.register(DocumentFigures(documents))
    answers = AnswerFigures()
    everything.register(answers)
    expected = f"Bearer {settings.token}".encode()

    async def metrics(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if settings.token and not hmac.compare_digest(given, expected):
            return Response(status_code=401, headers={"www-authenticate": "Bearer"})
        answers.answers = request.state.services.answers
        return Response(generate_latest(everything), media_type=None, headers={"content-type": CONTENT_TYPE_LATEST})

    return [Route("/metrics", metrics)]
