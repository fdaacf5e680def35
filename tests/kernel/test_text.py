"""Which free text is taken, and that a card number is found however it is written."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernel.text import TextError, check_text, has_card_number

FULL_WIDTH, ARABIC, BOLD, SUPERSCRIPT = "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⁰¹²³⁴⁵⁶⁷⁸⁹"
SCRIPTS = ["0123456789", FULL_WIDTH, ARABIC, BOLD, SUPERSCRIPT]
SEPARATORS = ["", " ", "-", ".", "\u00a0", "\u2009", " - ", "\u2013", "/", "_", "\u200b", "\n", "*", "·", ", "]
# (prefix, digits in all), by hand from the issuers' ranges
ISSUED = [
    *[("4", length) for length in (13, 16, 19)],
    *[(prefix, 16) for prefix in ("51", "55", "2221", "2299", "2300", "2699", "2700", "2720")],
    *[("34", 15), ("37", 15), ("36", 14), ("38", 14), ("39", 19), ("300", 14), ("305", 16)],
    *[("6011", 16), ("644", 16), ("649", 16), ("65", 19), ("3528", 16), ("3589", 19), ("62", 16), ("62", 19)],
    *[("50", 13), ("56", 15), ("57", 16), ("58", 19), ("60", 14), ("63", 16), ("67", 18), ("69", 19)],
]


def checked(body: str) -> str:
    """The digits with the one behind them that makes Luhn's sum a multiple of ten; written otherwise than the code."""
    total = 0
    for place, digit in enumerate(body):
        value = int(digit) * (2 if (len(body) - place) % 2 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    prefix, length = draw(st.sampled_from(ISSUED))
    rest = length - len(prefix) - 1
    return checked(prefix + draw(st.text("0123456789", min_size=rest, max_size=rest)))


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A card number with something between any of its digits, each digit in any script."""
    return "".join(
        draw(st.sampled_from(SEPARATORS)) * (place > 0) + draw(st.sampled_from(SCRIPTS))[int(digit)]
        for place, digit in enumerate(draw(card_numbers()))
    )


AROUND = st.text(st.characters(exclude_categories=["Nd", "No"], exclude_characters="+＋"), max_size=8)


def refused(text: str, most: int = 1000) -> str:
    with pytest.raises(TextError) as caught:
        check_text(text, most=most)
    assert str(caught.value) == caught.value.reason
    return caught.value.reason


# ---------------------------------------------------------------- card numbers


@given(AROUND, spellings(), AROUND)
def test_a_card_number_is_found_in_any_spelling(before: str, number: str, after: str) -> None:
    """In any script, with anything between its digits, inside any text."""
    assert has_card_number(before + number + after)


@given(st.integers(0, 9999), card_numbers(), st.integers(0, 9999))
@example(89, "4111111111111111", 0)
def test_a_card_number_is_found_between_other_numbers(before: int, number: str, after: int) -> None:
    """A count before it and a security code behind it do not hide it."""
    assert has_card_number(f"{before} {number} {after}")
    assert has_card_number(f"{before}: {number[:4]} {number[4:8]} {number[8:]} ({after})")


@given(card_numbers(), st.integers(1, 9))
def test_a_slip_of_one_digit_is_no_card_number(number: str, slip: int) -> None:
    """Luhn's check notices every single wrong digit."""
    assert not has_card_number(number[:-1] + str((int(number[-1]) + slip) % 10))


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "my card is 5555.5555.5555.4444, thanks",
        "3782 822463 10005",
        "378282246310005",
        "４１１１１１１１１１１１１１１１",
        "4111\u00a01111\u00a01111\u00a01111",
        "4️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣",
        "call +49 151 2345678 or pay 4111 1111 1111 1111",
        "+4111111111111111",
        "visa4111111111111111x",
        "4111+1111+1111+1111",
        "89 4111111111111111 0",  # as many digits as an ICCID, and yet
        "8949 4111 1111 1111 1111",
    ],
)
def test_card_numbers_as_people_write_them(text: str) -> None:
    assert has_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111 1111 1111 1112",
        "356938035643809",  # IMEI, Luhn's check holds
        "8949020000012345678",
        "8949 0200 0012 3456 7897",
        "89490200001234567890",
        "89049032004008882600003821234567",  # EID
        "8904 9032 0040 0888 2600 0038 2123 4567",
        "+491511234567",
        "+493012345678905",
        "+49 (0)151 / 234 567 89",
        "+378282246310005",  # a card number but for the plus: 15 digits behind one are a phone number
        "0049 151 23456789",
        "2026-01-05 12:30:45",
        "1.234.567,89 €",
        "9111 1111 1111 1111",
        "41111111111111111111111111111111",
        "4111 1111 a 1111 1111",
    ],
)
def test_other_numbers_are_no_card_numbers(text: str) -> None:
    assert not has_card_number(text)


@given(st.text("0123456789 +-", max_size=300) | st.text(max_size=100))
def test_any_text_has_an_answer(text: str) -> None:
    assert isinstance(has_card_number(text), bool)


# ---------------------------------------------------------------- texts


@given(st.text(st.characters(), max_size=100) | st.text("ab<4 \u200d\u0301\n\ud800", max_size=20))
@example("\ud800")
@example("\u200d")
@example("")
def test_what_is_taken_is_clean(text: str) -> None:
    """Any text is refused for a reason, or comes back trimmed, composed, visible and unchanged by another check."""
    try:
        taken = check_text(text, most=50)
    except TextError:
        return
    assert taken == unicodedata.normalize("NFC", text.strip()) == check_text(taken, most=50)
    assert len(taken) <= 50
    assert not {unicodedata.category(letter) for letter in taken} & {"Cc", "Cs", "Zl", "Zp"}
    taken.encode()


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("  Grüße  ", "Grüße"),
        ("Gru\u0308ße", "Grüße"),
        ("I <3 you & 1 < 2", "I <3 you & 1 < 2"),
        (
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("क्‍ष", "क्‍ष"),
        ("👩‍👩‍👧 ❤️‍🔥 🧑🏽‍🚀 🤷‍♂️", "👩‍👩‍👧 ❤️‍🔥 🧑🏽‍🚀 🤷‍♂️"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_usual_texts_are_taken(text: str, taken: str) -> None:
    assert check_text(text, most=50) == taken


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a\nb", "control"),
        ("a\x00b", "control"),
        ("a\x7fb", "control"),
        ("a\u2028b", "control"),
        ("a\u2029b", "control"),
        ("a\ud83d", "half"),
        ("a\u202eb", "invisible"),
        ("a\u2066b", "invisible"),
        ("a\u200bb", "invisible"),
        ("a\ufeffb", "invisible"),
        ("a\u00adb", "invisible"),
        ("\u200da", "invisible"),
        ("a\u200d", "invisible"),
        ("1\u200d2", "invisible"),
        ("a\u200d\u200cb", "invisible"),
        ("<b>", "markup"),
        ("a </b", "markup"),
        ("<!-- x", "markup"),
        ("<?php", "markup"),
        ("＜script＞", "markup"),
        ("x 4111 1111 1111 1111", "card"),
        ("x" * 1001, "longer than 1000"),
    ],
)
def test_what_is_refused(text: str, word: str) -> None:
    assert word in refused(text)


@given(st.text("qz", min_size=1, max_size=20), st.sampled_from(["\n", "\u202e", "<b>", "4111111111111111", "\ud800"]))
def test_a_refusal_does_not_repeat_the_text(text: str, bad: str) -> None:
    reason = refused("Q" + text + bad + " Q")
    assert text not in reason
    assert bad not in reason


class Watched(str):
    """A text that tells when anything but its length is looked at."""

    __slots__ = ()

    def strip(self, *_: object) -> str:
        raise AssertionError("a text that is too long was read")


def test_the_length_is_looked_at_first() -> None:
    """A megabyte costs nothing: not even its ends are trimmed."""
    assert "longer" in refused(Watched("4" * 1_000_000))


def test_composing_may_not_outgrow_the_limit() -> None:
    """U+1D160 becomes three characters when it is composed."""
    assert "longer" in refused("\U0001d160" * 10, most=20)
    assert len(check_text("\U0001d160" * 6, most=20)) == 18
