"""Who asks, and until when."""

import dataclasses
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.context import GUEST, Audience, Deadline, RequestContext, Segment
from kernel.errors import UpstreamTimeoutError

SEGMENTS = st.frozensets(st.sampled_from(Segment))
TEXTS = st.text(alphabet="aB-./:+%é", max_size=6)
AUDIENCES = st.builds(Audience, TEXTS, TEXTS, SEGMENTS)


@given(AUDIENCES, AUDIENCES)
def test_key_is_distinct(one: Audience, other: Audience) -> None:
    """Two audiences share a cache key only when they are equal, whatever separators their parts hold."""
    assert (one.key == other.key) is (one == other)


@given(AUDIENCES)
def test_key_is_safe(audience: Audience) -> None:
    """A key holds no colon, space or control character, so that what follows it in a cache key cannot be mistaken."""
    assert set(audience.key) <= set("-.+%_" + string.ascii_letters + string.digits)
    assert audience.key.count(".") == 2


def test_key_of_a_member() -> None:
    """Every member of an audience is part of its key."""
    audience = Audience("en", "web")
    assert audience.key == "B2B+B2C.en.web"
    changed: dict[str, Any] = {"language": "de", "channel": "app", "segments": frozenset({Segment.B2C})}
    assert set(changed) == {field.name for field in dataclasses.fields(Audience)}
    keys = {dataclasses.replace(audience, **{name: value}).key for name, value in changed.items()}
    assert keys == {"B2B+B2C.de.web", "B2B+B2C.en.app", "B2C.en.web"}


async def test_deadline_ahead() -> None:
    """Before a deadline its rest is given, never more than was asked for."""
    deadline = Deadline.after(60)
    assert 0 < deadline.require("tmf620") <= 60
    assert 0 < deadline.remaining() <= 60


@pytest.mark.parametrize("seconds", [0, -1])
async def test_deadline_passed(seconds: float) -> None:
    """At a deadline and after it nothing may start, and the error names the upstream for the log."""
    deadline = Deadline.after(seconds)
    assert deadline.remaining() <= 0
    with pytest.raises(UpstreamTimeoutError) as caught:
        deadline.require("tmf620")
    assert caught.value.upstream == "tmf620"


async def test_guest() -> None:
    """Who says nothing is a guest, who has no id and sees both segments."""
    ctx = RequestContext(Audience("en", "web"), Deadline.after(1))
    assert ctx.principal is GUEST
    assert (GUEST.id, GUEST.segments) == (None, frozenset(Segment))
