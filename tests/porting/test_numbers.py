"""What is a mobile number, and what only looks like one."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.porting.numbers import digits_in, mobile_digits
from tests.porting.conftest import MakeShop
from tests.porting.shopper import PORTABILITY
from tests.porting.systems import Systems


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+4915112345678", "4915112345678"),
        ("+447911123456", "447911123456"),
        ("+4407911123456", "447911123456"),
        ("+12015550123", "12015550123"),  # of a plan that does not tell mobile from fixed
        ("+4930123456", None),
        ("+448001111111", None),
        ("+4915112", None),
        ("+99912345678", None),
        ("", None),
        ("+", None),
    ],
)
def test_what_a_mobile_number_is(text: str, digits: str | None) -> None:
    assert mobile_digits(text) == digits


@settings(deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"\+[0-9]{0,40}", fullmatch=True), st.from_regex(r"\+49[0-9]{5,13}")))
@example("+49" + "1" * 300)
@example("tel:+4915112345678;ext=" + "9" * 200)
def test_any_text_is_a_number_that_a_plan_has_or_none(text: str) -> None:
    """And what it is taken for is taken for itself."""
    digits = mobile_digits(text)
    if digits is not None:
        assert mobile_digits(f"+{digits}") == digits
        assert phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}", None))


@given(st.text())
def test_digits_are_those_of_ascii(text: str) -> None:
    assert set(digits_in(text)) <= set("0123456789")


BAD = [
    "",
    "+",
    "+0",
    "4915112345678",
    "+49 151 12345678",
    "+" + "1" * 16,
    "+49151١٢٣٤٥٦٧٨",
    "+49%",
    "+49151\n",
    "'",
    "+4930123456",
]


@pytest.mark.parametrize("msisdn", BAD)
async def test_what_is_no_number_is_refused_and_asked_of_nobody(shop: MakeShop, systems: Systems, msisdn: str) -> None:
    """As a scalar that is none, or as a number that no plan has."""
    async with shop() as shopper:
        await shopper.begin()
        systems.control.reset_calls()
        assert (await shopper.client.query(PORTABILITY, msisdn=msisdn)).codes == ["BAD_REQUEST"]
        answer = await shopper.ask(msisdn=msisdn)
        assert answer.codes == ["BAD_REQUEST"] or answer.data["requestPortIn"]["errors"][0]["path"] == [
            "input",
            "msisdn",
        ]
        assert not [call for call in systems.calls() if "PORTING" in call or "TMF639" in call]
