"""Where a port-in may go from where it stands, and what words mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.porting import ProviderPortIn
from domain.porting.model import (
    FIXABLE,
    MESSAGES,
    OVER,
    PortingWords,
    PortInReason,
    Step,
    goes_on,
    rfc3339,
    seconds,
)

TOLD = (Step.REQUESTED, Step.VALIDATED, Step.SCHEDULED, Step.PORTED, Step.REJECTED, Step.CANCELLED)


@given(st.lists(st.sampled_from(TOLD)))
def test_whatever_a_provider_says_a_number_that_has_come_stays(words: list[Step]) -> None:
    """And one on its way goes only forward, but for a refusal, which can be mended."""
    now = Step.ASKING
    come = False
    for word in words:
        if not goes_on(now, word):
            continue
        forward = TOLD.index(word) > (TOLD.index(now) if now in TOLD else -1)
        assert forward or now in (Step.REJECTED, *OVER) or word in (Step.REJECTED, Step.CANCELLED)
        now, come = word, come or word is Step.PORTED
    assert come is (Step.PORTED in words)
    assert (now is Step.PORTED) is come


@pytest.mark.parametrize("step", Step)
def test_nothing_goes_on_to_where_it_is(step: Step) -> None:
    if step in TOLD and step not in OVER:
        assert not goes_on(step, step)


@given(st.text())
def test_any_reason_has_a_meaning_and_a_sentence_of_ours(text: str) -> None:
    reason = PortingWords().reason_of(text)
    assert reason in MESSAGES
    assert MESSAGES[reason] != text


def test_words_are_compared_without_case_spaces_and_punctuation() -> None:
    words = PortingWords(validated=("Donor agreed",), code_wrong=("R-17",))
    assert words.step_of(ProviderPortIn(id="1", state="donor-AGREED")) is Step.VALIDATED
    assert words.reason_of("r17") is PortInReason.AUTHORISATION_CODE_WRONG
    assert words.step_of(ProviderPortIn(id="1", state="validated")) is None
    assert words.step_of(ProviderPortIn(id="1")) is None
    assert words.written(Step.VALIDATED) == "Donor agreed"


def test_what_can_be_mended_has_a_place_in_the_input() -> None:
    assert set(FIXABLE.values()) == {"authorisationCode", "accountNumber", "donor", "wantedAt"}


@pytest.mark.parametrize("text", [None, "", "soon", "2027-13-01"])
def test_an_unreadable_time_is_none(text: str | None) -> None:
    assert seconds(text) is None


def test_times_are_read_as_they_are_written() -> None:
    assert seconds(rfc3339(1_800_000_000.7)) == 1_800_000_000
