"""Time that is passed in, and the date-times that real catalogues hold."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock, SystemClock, parse_instant


def test_fixed_clock() -> None:
    """A fixed clock only moves when it is told to, and both its times move together."""
    clock = FixedClock(100.0)
    assert (clock.now(), clock.monotonic()) == (100.0, 100.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 102.5)


def test_system_clock() -> None:
    """The system's clock tells the machine's wall time, and its monotonic time does not go back."""
    clock = SystemClock()
    assert time.time() - 60 < clock.now() < time.time() + 60
    assert clock.monotonic() <= clock.monotonic() <= time.monotonic()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T08:30:00Z", datetime(2026, 11, 23, 8, 30, tzinfo=UTC)),
        ("2026-11-23t08:30:00z", datetime(2026, 11, 23, 8, 30, tzinfo=UTC)),
        ("2026-11-23T08:30:00.5+01:00", datetime(2026, 11, 23, 7, 30, 0, 500_000, tzinfo=UTC)),
        (" 2026-11-23T08:30:00Z ", datetime(2026, 11, 23, 8, 30, tzinfo=UTC)),
        ("2019-07-04T00:00", datetime(2019, 7, 4, tzinfo=UTC)),
        ("2019-07-04", datetime(2019, 7, 4, tzinfo=UTC)),
    ],
)
def test_readable(text: str, instant: datetime) -> None:
    """RFC 3339 is read with its zone; without a zone, seconds or time, UTC is taken."""
    found = parse_instant(text)
    assert found == instant
    assert found is not None
    assert found.tzinfo is not None


@pytest.mark.parametrize("text", [None, "", "   ", "soon", "2026-13-01", "31.12.2026", "2026-01-01T25:00Z", "\x00"])
def test_unreadable(text: str | None) -> None:
    """What cannot be read is no instant, and no error either."""
    assert parse_instant(text) is None


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    """Whatever a catalogue holds gives an aware instant or None."""
    found = parse_instant(text)
    assert found is None or found.tzinfo is not None


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2999, 1, 1)),  # noqa: DTZ001
    st.integers(-23 * 60, 23 * 60),
)
def test_round_trip(moment: datetime, minutes: int) -> None:
    """Every instant that is written with a zone is read as the same instant."""
    instant = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_instant(instant.isoformat()) == instant
