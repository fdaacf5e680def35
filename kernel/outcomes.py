"""What a client is expected to handle: refusals as data, each with a stable code and the place it is about.

Nothing here is raised to GraphQL. `Rejected` carries rejections through a domain's own functions, up to the one that
makes an outcome of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

Path = tuple[str, ...]
"""Where in the mutation's arguments: `("input", "operations", "0", "addLine", "quantity")`."""


class ErrorCode(Enum):
    """The stable codes of refusals; clients tell them apart by these and nothing else."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    CART_LOCKED = "CART_LOCKED"
    PRICE_CHANGED = "PRICE_CHANGED"
    NOT_QUALIFIED = "NOT_QUALIFIED"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    NOT_SELLABLE = "NOT_SELLABLE"
    CHOICE_MISSING = "CHOICE_MISSING"
    CHOICE_INVALID = "CHOICE_INVALID"
    NUMBER_UNAVAILABLE = "NUMBER_UNAVAILABLE"
    RESERVATION_EXPIRED = "RESERVATION_EXPIRED"
    RESERVATION_LIMIT = "RESERVATION_LIMIT"
    DUPLICATE = "DUPLICATE"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    OTP_INVALID = "OTP_INVALID"
    OTP_EXPIRED = "OTP_EXPIRED"
    RATE_LIMITED = "RATE_LIMITED"
    IN_PROGRESS = "IN_PROGRESS"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    UPSTREAM_UNAVAILABLE = "UPSTREAM_UNAVAILABLE"


@dataclass(frozen=True)
class Rejection:
    """One reason why nothing was changed. `message` is for people and never contains what they typed.

    `retryable`: the same request, with the same key, may succeed later; `retry_after` in seconds, where it is known.
    """

    code: ErrorCode
    message: str
    path: Path | None = None
    retryable: bool = False
    retry_after: int | None = None


@dataclass(frozen=True)
class VersionConflict(Rejection):
    """Somebody else was first; the object is at `current_version` now."""

    current_version: int = 0


class Rejected(Exception):  # noqa: N818  (an outcome on its way, not a fault)
    """A request that changes nothing, with every reason that was found."""

    def __init__(self, *reasons: Rejection) -> None:
        super().__init__(", ".join(reason.code.value for reason in reasons))
        self.reasons: Sequence[Rejection] = reasons
