"""The circuit breaker's life, and what retries may cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.guard import CircuitBreaker, RetryBudget
from kernel.clock import FixedClock
from kernel.errors import CircuitOpenError, UpstreamInvalidError, UpstreamTimeoutError, UpstreamUnavailableError


def opened(clock: FixedClock, *, threshold: int = 3, cooldown: float = 5.0) -> CircuitBreaker:
    breaker = CircuitBreaker("tmf620.thing", clock, threshold=threshold, cooldown=cooldown)
    for _ in range(threshold):
        breaker.before()
        breaker.failed()
    return breaker


def refused(breaker: CircuitBreaker) -> bool:
    try:
        breaker.before()
    except CircuitOpenError:
        return True
    return False


def test_opens_at_the_threshold() -> None:
    """One failure less than the threshold leaves it closed, the next opens it, and the error says why in its detail."""
    clock = FixedClock()
    breaker = CircuitBreaker("tmf620.thing", clock, threshold=3)
    for _ in range(2):
        breaker.failed()
    assert not breaker.is_open
    assert not refused(breaker)
    breaker.failed()
    assert breaker.is_open
    with pytest.raises(CircuitOpenError) as caught:
        breaker.before()
    assert caught.value.detail == "tmf620.thing: circuit open after 3 failures in a row"


def test_failures_in_a_row() -> None:
    """A success between failures starts the count again."""
    breaker = CircuitBreaker("x", FixedClock(), threshold=2)
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert (breaker.failures, breaker.is_open) == (0, False)


def test_one_probe_after_the_cooldown() -> None:
    """When the cool-down is over exactly one call goes through; the others wait for its outcome."""
    clock = FixedClock()
    breaker = opened(clock)
    clock.advance(4.99)
    assert refused(breaker)
    clock.advance(0.01)
    assert [refused(breaker) for _ in range(3)] == [False, True, True]


def test_probe_succeeds() -> None:
    """A probe that succeeds closes the circuit for all."""
    clock = FixedClock()
    breaker = opened(clock)
    clock.advance(5)
    breaker.before()
    breaker.succeeded()
    assert [refused(breaker) for _ in range(3)] == [False, False, False]


def test_probe_fails() -> None:
    """A probe that fails costs another whole cool-down, counted from its failure."""
    clock = FixedClock()
    breaker = opened(clock)
    clock.advance(5)
    breaker.before()
    clock.advance(3)
    breaker.failed()
    clock.advance(4.99)
    assert refused(breaker)
    clock.advance(0.01)
    assert not refused(breaker)


def test_probe_is_lost() -> None:
    """A probe that never tells its outcome does not keep the circuit open for good."""
    clock = FixedClock()
    breaker = opened(clock)
    clock.advance(5)
    breaker.before()
    clock.advance(5)
    assert [refused(breaker) for _ in range(2)] == [False, True]


@given(st.lists(st.sampled_from(["call", "ok", "fail"]) | st.floats(0, 10), max_size=60))
def test_open_means_one_call_a_cooldown(events: list[str | float]) -> None:
    """Whatever happens, an open circuit lets two calls through only a cool-down apart."""
    clock = FixedClock(0.0)
    breaker = CircuitBreaker("x", clock, threshold=2, cooldown=5)
    last_probe = -5.0
    for event in events:
        if isinstance(event, float):
            clock.advance(event)
        elif event == "ok":
            breaker.succeeded()
            last_probe = -5.0
        elif event == "fail":
            breaker.failed()
        elif breaker.is_open and not refused(breaker):
            assert clock.monotonic() - last_probe >= 5
            last_probe = clock.monotonic()


def test_budget_is_for_what_may_be_repeated() -> None:
    """Only an upstream that is not available is asked again, and only that costs."""
    budget = RetryBudget()
    for error in (UpstreamTimeoutError("x"), UpstreamInvalidError("x"), CircuitOpenError("x"), ValueError()):
        assert not budget.allows(error)
    assert budget.left == 10
    assert budget.allows(UpstreamUnavailableError("x"))
    assert budget.left == 9


def test_budget_ends() -> None:
    """Ten retries are paid for in advance; after that ten calls earn one."""
    budget = RetryBudget()
    error = UpstreamUnavailableError("x")
    assert [budget.allows(error) for _ in range(11)] == [True] * 10 + [False]
    for _ in range(9):
        budget.called()
    assert not budget.allows(error)
    budget.called()
    budget.called()
    assert [budget.allows(error), budget.allows(error)] == [True, False]


@given(st.lists(st.booleans(), max_size=400))
def test_budget_is_a_tenth(events: list[bool]) -> None:
    """Over any history, retries are at most ten and a tenth of the calls."""
    budget, calls, retries = RetryBudget(), 0, 0
    for is_call in events:
        if is_call:
            budget.called()
            calls += 1
        else:
            retries += budget.allows(UpstreamUnavailableError("x"))
        assert retries <= 10 + calls / 10 + 1e-6
        assert 0 <= budget.left <= 10
