"""What a shopper asks for, looked at before anything is done with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from clients.porting import ProviderPortability, Wish
from domain.porting.model import FIXABLE, MESSAGES, PortingWords, PortInReason, rfc3339, seconds
from domain.porting.numbers import mobile_digits
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection
from kernel.text import TextError, check_text

MAX_DONOR = 100
MAX_ACCOUNT = 64
MAX_CODE = 64
_DAY = 86_400.0
_YEAR = 366 * _DAY


@dataclass(frozen=True)
class Proof:
    """What a shopper tells the other provider through us. Nothing of it is kept or logged.

    `wanted_at`: in seconds since the epoch.
    """

    donor: str | None = None
    wanted_at: float | None = None
    account_number: str | None = field(default=None, repr=False)
    authorisation_code: str | None = field(default=None, repr=False)

    def checked(self, now: float) -> "Proof":
        """The same with its texts trimmed.

        Raises:
            Rejected: with one reason for each part that is not what it should be.
        """
        wrong: list[Rejection] = []

        def part(text: str | None, most: int, name: str) -> str | None:
            try:
                clean = None if text is None else check_text(text, most=most)
            except TextError as error:
                wrong.append(Rejection(ErrorCode.INVALID, error.reason, ("input", name)))
                return None
            if clean == "":
                wrong.append(Rejection(ErrorCode.INVALID, "This must not be empty.", ("input", name)))
            return clean

        found = Proof(
            part(self.donor, MAX_DONOR, "donor"),
            self.wanted_at,
            part(self.account_number, MAX_ACCOUNT, "accountNumber"),
            part(self.authorisation_code, MAX_CODE, "authorisationCode"),
        )
        if self.wanted_at is not None and not now - _DAY <= self.wanted_at <= now + _YEAR:
            wrong.append(Rejection(ErrorCode.INVALID, "This is past, or over a year away.", ("input", "wantedAt")))
        if wrong:
            raise Rejected(*wrong)
        return found

    def wish(self, *, donor: str | None = None) -> Wish:
        """As the provider is asked; `donor` where the shopper names none."""
        wanted = None if self.wanted_at is None else rfc3339(self.wanted_at)
        return Wish(self.donor or donor, wanted, self.account_number, self.authorisation_code)

    @property
    def is_empty(self) -> bool:
        return (self.donor, self.wanted_at, self.account_number, self.authorisation_code) == (None,) * 4


@dataclass(frozen=True)
class PortInRequest:
    """A number that shall come to a line of a cart."""

    key: str
    cart_id: str
    line_id: str
    msisdn: str
    proof: Proof

    def body(self) -> bytes:
        """The same for the same request, whatever its key. Only a keyed hash of it is ever kept."""
        return msgspec.json.encode([self.cart_id, self.line_id, self.msisdn, self.proof])


@dataclass(frozen=True)
class Correction:
    """What of a rejected port-in shall be told anew."""

    key: str
    port_in_id: str
    proof: Proof

    def body(self) -> bytes:
        """As `PortInRequest.body`."""
        return msgspec.json.encode([self.port_in_id, self.proof])


def checked_number(text: str) -> str:
    """A mobile number's digits.

    Raises:
        Rejected: it is none.
    """
    digits = mobile_digits(text)
    if digits is None:
        raise Rejected(Rejection(ErrorCode.INVALID, "This is no mobile number.", ("input", "msisdn")))
    return digits


def require_portable(told: ProviderPortability, proof: Proof, words: PortingWords) -> None:
    """Refuse what the provider would refuse later.

    Raises:
        Rejected: with every reason why.
    """
    wrong = list(_wrong(told, proof, words))
    if wrong:
        raise Rejected(*wrong)


def _wrong(told: ProviderPortability, proof: Proof, words: PortingWords) -> Iterator[Rejection]:
    if not told.portable:
        reason = words.reason_of(told.reason)
        own = reason is PortInReason.OWN_NUMBER
        reason = reason if own else PortInReason.NOT_PORTABLE
        code: Path = ("input", "msisdn")
        yield Rejection(ErrorCode.NUMBER_UNAVAILABLE if own else ErrorCode.INVALID, MESSAGES[reason], code)
        return
    for name, value in (("accountNumber", proof.account_number), ("authorisationCode", proof.authorisation_code)):
        if name in told.requires and value is None:
            yield Rejection(ErrorCode.INVALID, "The other provider wants to be told this.", ("input", name))
    if (proof.donor or told.donor) is None:
        yield Rejection(ErrorCode.INVALID, "The provider that has the number has to be named.", ("input", "donor"))
    if proof.wanted_at is not None and proof.wanted_at < (seconds(told.earliest) or 0.0):
        yield Rejection(ErrorCode.INVALID, "The number cannot come as early as that.", ("input", "wantedAt"))


def requirements(told: ProviderPortability) -> tuple[str, ...]:
    """What `requestPortIn` has to be given, by its own names; a provider's other wishes nobody can meet."""
    return tuple(each for each in told.requires if each in FIXABLE.values())
