"""What keeps one bad upstream from taking the gateway with it: a circuit breaker and a budget for retries.

There is one breaker per collection, not per host: with the prices down, the offerings must still come (docs/adr/0003).
"""

from dataclasses import dataclass

from clients.metrics import OPEN
from kernel.clock import Clock
from kernel.errors import CircuitOpenError, UpstreamError


@dataclass
class CircuitBreaker:
    """Opens after `threshold` failures in a row, then lets one call at a time through every `cooldown` seconds.

    Failures are time-outs, 5xx and connections that broke; a 404 or an unreadable body is an answer.
    """

    name: str
    clock: Clock
    threshold: int = 5
    cooldown: float = 5.0
    failures: int = 0
    _next_probe: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.failures >= self.threshold

    def before(self) -> None:
        """Ask to make a call.

        Raises:
            CircuitOpenError: not now.
        """
        if not self.is_open:
            return
        now = self.clock.monotonic()
        if now < self._next_probe:
            raise CircuitOpenError(self.name, detail=f"circuit open after {self.failures} failures in a row")
        self._next_probe = now + self.cooldown  # the caller is the probe; the others wait for its outcome

    def succeeded(self) -> None:
        if self.is_open:
            OPEN.labels(self.name).set(0)
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1
        self._next_probe = self.clock.monotonic() + self.cooldown
        OPEN.labels(self.name).set(self.is_open)


@dataclass
class RetryBudget:
    """Retries may add a tenth to an upstream's calls and no more, or they would finish off one that struggles."""

    earned_per_call: float = 0.1
    most: float = 10.0
    left: float = 10.0

    def called(self) -> None:
        self.left = min(self.most, self.left + self.earned_per_call)

    def allows(self, error: Exception) -> bool:
        """Whether `error` may be retried; taking the answer True takes one from the budget."""
        if not (isinstance(error, UpstreamError) and error.retryable) or self.left < 1:
            return False
        self.left -= 1
        return True
