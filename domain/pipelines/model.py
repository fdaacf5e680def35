"""What a pipeline is: a named list of steps, each with what it does, what undoes it, its time-out and its patience.

    OPENING = Pipeline("opening", (
        Step("party", make_party, undo=remove_party, timeout=10, retry=BRIEF),
        Step("customer", make_customer, undo=remove_customer, timeout=10, retry=LONG),
    ))

What a newcomer would get wrong: an action runs *at least* once. Its effect carries `work.key` and is looked up before
it is repeated; an undo undoes what may be there, done or not, once or twice.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from kernel.outcomes import ErrorCode, Rejection


class StepState(Enum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    COMPENSATED = "COMPENSATED"
    COMPENSATION_FAILED = "COMPENSATION_FAILED"


class PipelineState(Enum):
    """`FAILED`: nothing of it is left. `NEEDS_REVIEW`: it neither finished nor could be undone; people have to look."""

    RUNNING = "RUNNING"
    COMPENSATING = "COMPENSATING"
    DONE = "DONE"
    FAILED = "FAILED"
    NEEDS_REVIEW = "NEEDS_REVIEW"


ENDED = frozenset({PipelineState.DONE, PipelineState.FAILED, PipelineState.NEEDS_REVIEW})


@dataclass(frozen=True)
class Work:
    """What a step works on: the pipeline's input, and what earlier steps made, by their names.

    `attempt` counts from 1, over crashes too: from the second on, the effect may be there already.
    """

    pipeline: str
    step: str
    input: bytes = field(repr=False)
    results: Mapping[str, str]
    attempt: int = 1

    @property
    def key(self) -> str:
        """The idempotency key of the step's effect, and by what it is found again."""
        return self.key_of(self.step)

    def key_of(self, step: str) -> str:
        """That of another step."""
        return f"{self.pipeline}:{step}"


@dataclass(frozen=True)
class Retry:
    """How often an action is tried, and the seconds between two tries: `pause`, doubled each time, up to `longest`."""

    attempts: int
    pause: float = 0.2
    longest: float = 30.0

    def wait(self, attempt: int) -> float:
        """Seconds after the `attempt`th try (from 1)."""
        return min(self.pause * 2.0 ** min(attempt - 1, 32), self.longest)


BRIEF = Retry(attempts=3, pause=0.3)
"""For a first step: nothing has happened yet, and somebody waits."""
LONG = Retry(attempts=14)
"""For a later step: about four minutes, because what there is already would have to be undone."""
STUBBORN = Retry(attempts=130)
"""For an undo: about an hour."""

Action = Callable[[Work], Awaitable[str]]
Undo = Callable[[Work], Awaitable[None]]


@dataclass(frozen=True)
class Step:
    """`timeout` in seconds is for one try. An action answers a short text for later steps, an id mostly.

    It raises `Rejected` for what cannot be done, now or later: what was made before is then undone, and the client is
    told the reason. A `GatewayError` is tried again.
    """

    name: str
    action: Action
    undo: Undo | None = None
    timeout: float = 10.0
    retry: Retry = LONG
    undo_retry: Retry = STUBBORN


@dataclass(frozen=True)
class Pipeline:
    """`mutation` begins it: its name within which idempotency keys count."""

    name: str
    mutation: str
    steps: tuple[Step, ...]


UNAVAILABLE = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE,
    "This could not be done just now, and nothing was changed.",
    retryable=True,
    retry_after=5,
)
BROKEN = Rejection(ErrorCode.UPSTREAM_UNAVAILABLE, "This could not be done, and nothing was changed.")
STUCK = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE, "This could be neither finished nor undone; somebody at the shop will look at it."
)
