"""Free text that a shopper types: what of it may go further, to an upstream, a colleague's screen, a log.

Whatever is refused is refused with a sentence that does not repeat it. The one thing a newcomer would get wrong: card
numbers are looked for as people write them, so digits count in every script and with anything but letters between.
"""

import re
import unicodedata
from collections.abc import Iterator


class TextError(ValueError):
    """A text that is not taken. `reason` is a sentence for the client; it never repeats the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# The letter, `/`, `!` or `?` after `<` is what makes an HTML parser see a tag (WHATWG HTML, 13.2.5.6); full-width and
# small forms too, because some systems fold them later.
_MARKUP = re.compile(r"[<\uff1c\ufe64](?:[^\W\d_]|[/!?])")
_JOINERS = "\u200c\u200d"
_CARD_LENGTHS = range(13, 20)
_PHONE_DIGITS = 15  # E.164, 6.2.1
_RUN = re.compile(r"(?:\+ ?)?\d+(?: {1,5}\d+)*")
_NO_PHONE_PLUS = re.compile(r"(?<=\d)\+|\+(?! ?\d)")
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11,16}"  # Diners Club
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB; never 15 digits, which is what an IMEI has
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5[0678]|6[013-9])\d{11,17}"  # Maestro
)


def check_text(text: str, *, most: int) -> str:
    """The text trimmed and in NFC (Unicode annex 15); at most `most` characters, before and after. May be empty.

    Raises:
        TextError: too long, with control, direction or invisible characters, with markup, or with a card number.
    """
    if len(text) > most:
        raise TextError(_too_long(most))
    clean = unicodedata.normalize("NFC", text.strip())
    if len(clean) > most:  # a few characters become two or three
        raise TextError(_too_long(most))
    for place, letter in enumerate(clean):
        _check_character(clean, place, letter)
    if _MARKUP.search(clean):
        raise TextError("The text must not contain markup.")
    if has_card_number(clean):
        raise TextError("The text must not contain a payment card number.")
    return clean


def has_card_number(text: str) -> bool:
    """Whether a payment card number stands in the text: 13 to 19 digits, an issuer's prefix and length, Luhn's check.

    Up to five characters that are neither letters nor digits may stand between two digits. Digits that touch belong
    to one number, so a longer one (an EID) is none of a card, whatever is inside it; an ICCID begins with 89, where no
    issuer is. In doubt the answer is yes: one in ten numbers of an issuer's shape passes Luhn's check by chance, and
    it may stand inside an ICCID that is written in groups.
    """
    plain = _NO_PHONE_PLUS.sub(" ", "".join(map(_plain, text)))
    return any(_is_card(number) for run in _RUN.finditer(plain) for number in _numbers(run[0]))


def _too_long(most: int) -> str:
    return f"The text is longer than {most} characters."


def _check_character(text: str, place: int, letter: str) -> None:
    category = unicodedata.category(letter)
    if category in ("Cc", "Zl", "Zp"):
        raise TextError("The text must be one line without control characters.")
    if category == "Cs":
        raise TextError("The text contains half a character.")
    if category == "Cf" and not (letter in _JOINERS and _joins(text, place)):
        raise TextError("The text must not contain invisible characters.")


def _joins(text: str, place: int) -> bool:
    """Whether a joiner does its work here: between letters (Persian, Hindi) or parts of an emoji."""
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    kinds = [unicodedata.category(letter) for letter in around]
    return len(kinds) == len(_JOINERS) and all(kind[0] in "LM" or kind in ("So", "Sk", "Sm") for kind in kinds)


def _plain(letter: str) -> str:
    """A digit of any script as ASCII, `+` as itself, `x` for a letter, a space for everything else."""
    value = unicodedata.digit(letter, None)
    if value is not None:
        return str(value)
    if letter in "+\uff0b":
        return "+"
    return "x" if letter.isalnum() else " "


def _numbers(run: str) -> Iterator[str]:
    """What could be meant as one number: neighbouring groups of digits, as many as a card number can have."""
    groups = run.lstrip("+ ").split()
    if run[0] == "+" and sum(map(len, groups)) <= _PHONE_DIGITS:
        return
    for start in range(len(groups)):
        number = ""
        for group in groups[start : start + _CARD_LENGTHS[-1]]:
            if len(number) + len(group) > _CARD_LENGTHS[-1]:
                break
            number += group
            if len(number) in _CARD_LENGTHS:
                yield number


def _is_card(number: str) -> bool:
    return _ISSUED.fullmatch(number) is not None and _luhn(number)


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
