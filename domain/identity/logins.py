"""What shoppers type to say who they are, checked and brought into one form before anybody is asked.

A login is an e-mail address, in lower case, or a phone number in international form. `ada+shop@example.com` and
`ada@example.com` are two logins: not every provider delivers both to the same person. By setting they count as one
where messages are counted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers

from kernel.outcomes import ErrorCode, Path, Rejected, Rejection
from kernel.text import TextError, check_text

MAX_LOGIN = 254
MAX_PASSWORD = 256
_MAX_LOCALE = 35
# A local part and a domain with a dot (RFC 5321, section 4.1.2, without quoted parts and address literals).
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", re.ASCII)
_CODE = re.compile(r"[0-9]{4,10}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)
_SYMBOLS = re.compile(r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+\- ]")  # what Cognito counts as symbols
_NOT_ONE = "This is neither an e-mail address nor a phone number in international form."


@dataclass(frozen=True)
class Login:
    """A login in its one form."""

    value: str

    @property
    def is_phone(self) -> bool:
        return self.value.startswith("+")

    @property
    def attribute(self) -> str:
        """The pool's attribute that holds it."""
        return "phone_number" if self.is_phone else "email"

    @property
    def challenge(self) -> str:
        """The pool's way of sending it a one-time code."""
        return "SMS_OTP" if self.is_phone else "EMAIL_OTP"

    @property
    def hint(self) -> str:
        """Where a code goes, said so that only its owner knows the place: `a•••@e•••.com`."""
        if self.is_phone:
            return f"{self.value[:3]}•••{self.value[-2:]}"
        name, _, domain = self.value.partition("@")
        return f"{name[0]}•••@{domain[0]}•••.{domain.rpartition('.')[2]}"

    def mailbox(self, *, fold: bool) -> str:
        """What messages to it are counted by; folded: without dots and whatever follows a plus sign."""
        if self.is_phone or not fold:
            return self.value
        name, _, domain = self.value.partition("@")
        return f"{name.partition('+')[0].replace('.', '')}@{domain}"


@dataclass(frozen=True)
class PasswordRules:
    """What the pool's policy asks of a password; `needs` are among lower, upper, digit and symbol."""

    length: int = 8
    needs: Sequence[str] = ("lower", "upper", "digit", "symbol")


def check_login(text: str, path: Path) -> Login:
    """The login in its one form.

    Raises:
        Rejected: it cannot be one.
    """
    try:
        clean = check_text(text, most=MAX_LOGIN)
    except TextError as error:
        raise _invalid(error.reason, path) from None
    if clean.startswith("+"):
        return Login(_phone(clean, path))
    lower = clean.lower()
    if not _EMAIL.fullmatch(lower):
        raise _invalid(_NOT_ONE, path)
    return Login(lower)


def check_new_password(text: str, rules: PasswordRules, path: Path) -> None:
    """Let a password pass that the pool would take.

    Raises:
        Rejected: with each rule that it breaks.
    """
    check_password(text, path)
    broken = [f"at least {rules.length} characters"] if len(text) < rules.length else []
    tests = {
        "lower": ("a lower-case letter", any(letter.islower() for letter in text)),
        "upper": ("an upper-case letter", any(letter.isupper() for letter in text)),
        "digit": ("a digit", any(letter.isdigit() for letter in text)),
        "symbol": ("a symbol", _SYMBOLS.search(text) is not None),
    }
    broken += [tests[need][0] for need in rules.needs if not tests[need][1]]
    if broken:
        raise _invalid(f"A password needs {', '.join(broken)}.", path)


def check_password(text: str, path: Path) -> None:
    """Let anything pass that could be a password.

    Raises:
        Rejected: empty, too long, or with control characters or half ones.
    """
    if not text:
        raise _invalid("This must not be empty.", path)
    if len(text) > MAX_PASSWORD:
        raise _invalid(f"A password has at most {MAX_PASSWORD} characters.", path)
    if not text.isprintable() or text != text.strip():
        raise _invalid("A password has no control characters, and no spaces around it.", path)


def check_code(text: str, path: Path) -> str:
    """A one-time code without the spaces that people type.

    Raises:
        Rejected: it cannot be one.
    """
    code = text.replace(" ", "") if len(text) <= 2 * MAX_LOGIN else text
    if not _CODE.fullmatch(code):
        raise _invalid("A code consists of digits alone.", path)
    return code


def check_locale(text: str | None, path: Path) -> str | None:
    """A BCP 47 tag.

    Raises:
        Rejected: it cannot be one.
    """
    if text is not None and (len(text) > _MAX_LOCALE or not _LOCALE.fullmatch(text)):
        raise _invalid('A locale is a language tag (BCP 47): "en-GB".', path)
    return text


def _phone(text: str, path: Path) -> str:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise _invalid(_NOT_ONE, path) from None
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise _invalid(_NOT_ONE, path)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _invalid(message: str, path: Path) -> Rejected:
    return Rejected(Rejection(ErrorCode.INVALID, message, path))
