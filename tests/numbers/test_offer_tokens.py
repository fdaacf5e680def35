"""Offer tokens: what was offered comes back, for a while, and nothing else does."""

import base64
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reservations.model import Candidate, NumberTier, ResourceKind, SimKind
from domain.reservations.offer_tokens import OfferTokenError, OfferTokens
from kernel.clock import FixedClock
from kernel.keys import SigningKeys

OLD, NEW = b"o" * 40, b"n" * 40
ICCID = "89497700000010000035"
CARD = Candidate(ResourceKind.SIM, "0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d", ICCID, sim=SimKind.ESIM)
NUMBER = Candidate(ResourceKind.NUMBER, "msisdn-491577012345", "491577012345", NumberTier.GOLD)


def tokens(clock: FixedClock, *secrets: bytes) -> OfferTokens:
    return OfferTokens(SigningKeys(secrets or (NEW,)), clock, seconds=900)


_local = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_:.@-]{0,60}", fullmatch=True).filter(lambda text: ".." not in text)
_numbers = st.builds(
    Candidate,
    st.just(ResourceKind.NUMBER),
    _local,
    st.from_regex(r"[1-9][0-9]{4,14}", fullmatch=True),
    st.sampled_from(NumberTier),
)
_cards = st.builds(
    Candidate,
    st.just(ResourceKind.SIM),
    _local,
    st.from_regex(r"89[0-9]{16,18}", fullmatch=True),
    sim=st.sampled_from(SimKind),
)


@given(_numbers | _cards)
def test_what_was_offered_comes_back(candidate: Candidate) -> None:
    """Kind, id, digits, tier and SIM kind, whatever they are."""
    made = tokens(FixedClock())
    assert made.read(made.make(candidate)) == candidate


@pytest.mark.parametrize("candidate", [CARD, NUMBER])
def test_a_token_is_short_and_fit_for_a_url(candidate: Candidate) -> None:
    """At most 120 characters of base64url, for an id as long as a UUID and the longest value there is."""
    token = tokens(FixedClock()).make(candidate)
    assert len(token) <= 120
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_token_does_not_tell_an_iccid() -> None:
    """Neither as text nor packed, nor twice as the same text."""
    made = tokens(FixedClock())
    token = made.make(CARD)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert ICCID.encode() not in raw
    assert bytes.fromhex(ICCID) not in raw
    assert made.make(CARD) != token


def test_a_token_expires() -> None:
    """Good in its last second, and said to be expired from its end on."""
    clock = FixedClock()
    made = tokens(clock)
    token = made.make(NUMBER)
    clock.advance(899)
    assert made.read(token) == NUMBER
    clock.advance(1)
    with pytest.raises(OfferTokenError) as error:
        made.read(token)
    assert error.value.expired


def test_older_keys_still_read() -> None:
    """After a rotation what was offered before is still good, until the old key is taken away."""
    clock = FixedClock()
    token = tokens(clock, OLD).make(NUMBER)
    assert tokens(clock, NEW, OLD).read(token) == NUMBER
    with pytest.raises(OfferTokenError) as error:
        tokens(clock, NEW).read(token)
    assert not error.value.expired


def test_not_one_bit_can_be_changed() -> None:
    """Each byte of a token is part of what is proved."""
    made = tokens(FixedClock())
    token = made.make(NUMBER)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(OfferTokenError):
            made.read(base64.urlsafe_b64encode(changed).rstrip(b"=").decode())


@given(st.text(max_size=500) | st.from_regex(r"[A-Za-z0-9_-]{0,390}", fullmatch=True))
def test_any_text_is_refused(text: str) -> None:
    """A text that we did not make is no offer, and no other error either."""
    with pytest.raises(OfferTokenError) as error:
        tokens(FixedClock()).read(text)
    assert not error.value.expired


@pytest.mark.no_cover  # what is noted of lines that run for the first time takes memory too
@pytest.mark.parametrize("letter", ["A", "é", "\0", "="])
def test_a_megabyte_costs_nothing(letter: str) -> None:
    """It is refused before anything is made of it."""
    made, text = tokens(FixedClock()), letter * 1_000_000
    tracemalloc.start()
    try:
        with pytest.raises(OfferTokenError):
            made.read(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 50_000
