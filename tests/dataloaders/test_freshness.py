"""What may be done with an answer of which age."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataloaders.freshness import Age, Freshness

FRESHNESS = Freshness(fresh=100, stale_while_revalidate=50, stale_if_error=1_000, missing=10)
SECONDS = st.integers(0, 2_000)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-1, Age.FRESH),
        (0, Age.FRESH),
        (100, Age.FRESH),
        (100.1, Age.STALE),
        (150, Age.STALE),
        (150.1, Age.OLD),
        (1_100, Age.OLD),
        (1_100.1, Age.DEAD),
    ],
)
def test_ages(seconds: float, age: Age) -> None:
    """Each bound still belongs to the better age, and both extensions count from the end of freshness (RFC 5861)."""
    assert FRESHNESS.age(seconds) is age


@pytest.mark.parametrize(("seconds", "age"), [(0, Age.FRESH), (10, Age.FRESH), (10.1, Age.DEAD), (1_000, Age.DEAD)])
def test_missing(seconds: float, age: Age) -> None:
    """That there is none is believed for its own short time and never served stale: things get created."""
    assert FRESHNESS.age(seconds, missing=True) is age


@given(SECONDS, SECONDS, SECONDS, SECONDS, SECONDS)
def test_never_younger(fresh: int, renew: int, error: int, one: int, other: int) -> None:
    """With any settings, nothing gets better with time, and nothing is usable after `keep`."""
    freshness = Freshness(fresh, renew, error)
    younger, older = sorted((one, other))
    assert freshness.age(younger).value <= freshness.age(older).value
    assert freshness.age(freshness.keep) is not Age.DEAD
    assert freshness.age(freshness.keep + 1) is Age.DEAD


@given(st.integers(0, 1_000), st.integers(0, 1_000), st.integers(0, 1_000), st.integers(0, 3_000))
def test_ages_of_many_are_those_of_each(fresh: int, renew: int, error: int, seconds: int) -> None:
    rules = Freshness(fresh, stale_while_revalidate=renew, stale_if_error=error)
    now = 1_800_000_000.0
    assert next(age for since, age in rules.ages(now) if now - seconds >= since) is rules.age(seconds)
