"""What comes of asking for a number, or of correcting that, and the words in which it is refused."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from domain.porting.model import PortIn
from kernel.outcomes import ErrorCode, Rejection

_NUMBER = ("input", "msisdn")
_PORT_IN = ("input", "portInId")

NOT_NOW = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE,
    "The number cannot be asked for just now; nothing was.",
    retryable=True,
    retry_after=5,
)
UNKNOWN = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE,
    "It was asked for and brought no answer. Ask again with the same key.",
    retryable=True,
    retry_after=5,
)
REFUSED = Rejection(ErrorCode.INVALID, "The provider does not take what was told.")
NOT_DONE_HERE = Rejection(ErrorCode.UPSTREAM_UNAVAILABLE, "Numbers cannot be brought along here at present.")
NOT_FREE = Rejection(
    ErrorCode.NUMBER_UNAVAILABLE, "This number is with us already, or on its way for somebody else.", _NUMBER
)
NO_LINE = Rejection(ErrorCode.NOT_FOUND, "There is no such line in this cart.", ("input", "lineId"))
ONE_ALREADY = Rejection(ErrorCode.DUPLICATE, "A number is on its way for this line already.", ("input", "lineId"))
NO_PORT_IN = Rejection(ErrorCode.NOT_FOUND, "There is no such port-in.", _PORT_IN)
NOT_FIXABLE = Rejection(ErrorCode.INVALID, "Only a rejected port-in whose reason can be mended is corrected.", _PORT_IN)
CORRECTED_TAKEN = Rejection(
    ErrorCode.NUMBER_UNAVAILABLE, "The number, or the line, is meanwhile another port-in's.", _PORT_IN
)
NOTHING_TOLD = Rejection(ErrorCode.INVALID, "Nothing is told anew.", ("input",))


@dataclass(frozen=True)
class PortInOutcome:
    """A port-in as it is after a mutation, the cart it belongs to by its id, and what was refused."""

    port_in: PortIn | None
    cart_id: str | None
    errors: Sequence[Rejection] = ()


class Done(msgspec.Struct, frozen=True):
    """What is remembered of a mutation that was carried out: of which port-in. A replay shows it as it is then."""

    port_in: str

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, remembered: bytes) -> "Done":
        return msgspec.json.decode(remembered, type=cls)
