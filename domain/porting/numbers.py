"""Which numbers can be brought along at all: mobile ones that a numbering plan has."""

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)  # some plans do not tell the two apart


def mobile_digits(text: str) -> str | None:
    """A mobile number's digits in international form, without `+`; None for anything else.

    What people write too much is taken out as the country's plan has it: `+44 0 7911 123456` is `447911123456`.
    """
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")


def digits_in(text: str | None) -> str:
    """All digits of a text, whatever stands between them: how systems write one and the same number differs."""
    return "".join(each for each in text or "" if each.isascii() and each.isdigit())
