"""Patterns from outside: the same answers as Python's own, and an end to every one of them."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.patterns import fits

ATOMS = st.sampled_from(["a", "b", "-", ".", r"\d", r"\w", r"\.", "[ab]", "[^a]", r"[a-c\-1]", "^", "$", ""])
TIMES = st.sampled_from(["", "*", "+", "?", "{2}", "{0}", "{1,3}", "{2,}", "+?"])


def _grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeated = st.tuples(parts, TIMES).map(lambda both: f"(?:{both[0]}){both[1]}")
    return repeated | st.lists(parts, max_size=4).map("".join) | st.lists(parts, min_size=2, max_size=3).map("|".join)


SHORT = ["".join(letters) for length in range(5) for letters in product("a1-", repeat=length)]


@given(st.recursive(ATOMS, _grown, max_leaves=6))
def test_a_pattern_means_what_python_says(pattern: str) -> None:
    """For every short text; all these patterns are understood."""
    assert {text: fits(pattern, text) for text in SHORT} == {
        text: re.fullmatch(pattern, text, re.ASCII) is not None for text in SHORT
    }


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        (r"^\+49[1-9]\d{6,11}$", "+491511234567", True),
        (r"^\+49[1-9]\d{6,11}$", "01511234567", False),
        (r"^\+49[1-9]\d{6,11}$", "+49151123456٧", False),
        (r"^\d{32}$", "8" * 32, True),
        (r"^[a-z0-9\-]+(\.[a-z0-9\-]+)+$", "shop.lumaro-one.example", True),
        (r"^[a-z0-9\-]+(\.[a-z0-9\-]+)+$", "lumaro", False),
        (r"(?<year>\d{4})-(?P<month>0[1-9]|1[0-2])", "2026-12", True),
        ("", "", True),
        ("", "a", False),
        ("a|", "", True),
        ("a?", "a", True),
        ("a?", "aa", False),
        ("a{2,3}", "aaa", True),
        ("a{2,3}", "aaaa", False),
        ("a{2,}", "a", False),
        ("a{2,}", "aaaaa", True),
        (r"\w", "ü", False),
        (r"\u00fc\x41", "üA", True),
    ],
)
def test_patterns_of_catalogues(pattern: str, text: str, answer: bool) -> None:
    assert fits(pattern, text) is answer


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "a)", "(a", "[", "[]", "]", "{", "}", "*", "a**", "a++", "a{2}{3}", "a{3,2}", "a{,3}", "[b-a]", "\\",
        "[a--b]", "[[a]]", "(?=a)", "(?!a)", "(?<=a)", "(?i)a", r"(a)\1", r"\b", r"\p{L}", r"\Z", "(?", "(?P=a)",
        "a" * 501, "(" * 30 + ")" * 30, "(" * 400,
    ],
)  # fmt: skip
def test_what_is_not_understood_gives_no_answer(pattern: str) -> None:
    assert fits(pattern, "a") is None


@given(st.text(r"ab(|)*+?{}[]^$\.,-12:<>dwpP=!", max_size=40), st.text("ab1", max_size=40))
def test_any_text_may_be_a_pattern(pattern: str, text: str) -> None:
    """Whatever somebody typed where a pattern belongs, there is an answer or none, and no error."""
    assert fits(pattern, text) in (True, False, None)


@pytest.mark.parametrize("pattern", ["(a+)+", "(a*)*", "(a|a)*", "(a|aa)+", "(.*)*b", "(a?){100}a{100}", "((a*)*)*b"])
def test_a_pattern_that_would_hang_has_an_end(pattern: str) -> None:
    """The steps are bounded; with backtracking none of these would come back in this universe's time."""
    assert fits(pattern, "a" * 200 + "!") in (False, None)


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(a*)*"])
def test_a_pattern_that_would_hang_still_has_its_answer(pattern: str) -> None:
    assert (fits(pattern, "a" * 200), fits(pattern, "a" * 200 + "!")) == (True, False)


def test_too_many_steps_give_no_answer() -> None:
    assert fits("(?:(?:a?){900}){900}", "a" * 900) is None
    assert fits("a*" * 240, "a" * 1000) is None


def test_a_text_beyond_all_rounds_gives_no_answer() -> None:
    assert fits("a*", "a" * 1001) is None
