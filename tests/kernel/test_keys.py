"""Signing keys: the newest signs, all verify, and nothing signs alike that is not alike."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.keys import SigningKeys

OLD, NEW = b"o" * 32, b"n" * 40


@pytest.mark.parametrize("secrets", [[], [b"short"], [NEW, b"x" * 31]])
def test_weak_lists_are_refused(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="at least one signing key"):
        SigningKeys(secrets)


def test_a_mac_is_what_the_docstring_says() -> None:
    message = b"\0" * 7 + b"\4cart" + b"\0" * 7 + b"\2ab" + b"\0" * 8
    assert SigningKeys([NEW]).mac("cart", b"ab", b"") == hmac.digest(NEW, message, "sha256")


def test_the_newest_signs_and_the_old_still_verify() -> None:
    old = SigningKeys([OLD]).mac("cart", b"1")
    keys = SigningKeys([NEW, OLD])
    assert keys.mac("cart", b"1") == SigningKeys([NEW]).mac("cart", b"1") != old
    assert keys.any_match(old, "cart", b"1")
    assert keys.any_match(keys.mac("cart", b"1"), "cart", b"1")


def test_a_key_taken_out_verifies_no_more() -> None:
    old = SigningKeys([OLD])
    keys = SigningKeys([NEW])
    assert not keys.any_match(old.mac("cart", b"1"), "cart", b"1")
    with pytest.raises(KeyError):
        keys.mac("cart", b"1", key_id=old.newest.id)


def test_a_key_is_found_by_its_id() -> None:
    old = SigningKeys([OLD])
    assert old.newest.id == hashlib.sha256(OLD).hexdigest()[:16]
    assert SigningKeys([NEW, OLD]).mac("cart", b"1", key_id=old.newest.id) == old.mac("cart", b"1")


def test_another_purpose_or_part_does_not_match() -> None:
    keys = SigningKeys([NEW, OLD])
    mac = keys.mac("cart", b"ab", b"c")
    others = [("cart", b"a", b"bc"), ("cart", b"abc"), ("cart", b"ab", b"c", b""), ("carta", b"b", b"c"), ("x", b"ab")]
    assert [keys.any_match(mac, purpose, *parts) for purpose, *parts in others] == [False] * 5
    assert not keys.any_match(mac[:-1], "cart", b"ab", b"c")


@given(st.lists(st.lists(st.binary(max_size=3), max_size=3).map(tuple), min_size=2, max_size=2, unique=True))
def test_different_parts_have_different_macs(pair: list[tuple[bytes, ...]]) -> None:
    keys = SigningKeys([NEW])
    assert keys.mac("p", *pair[0]) != keys.mac("p", *pair[1])


def test_a_secret_is_not_shown() -> None:
    assert "nnn" not in repr(SigningKeys([NEW]).newest)
