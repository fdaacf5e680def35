"""What comes of a mutation of a cart, and what of it is remembered under its idempotency key."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from domain.carts.model import Cart
from kernel.outcomes import ErrorCode, Rejection
from store.idempotency import InProgress, Mismatch

NO_CART = Rejection(ErrorCode.NOT_FOUND, "There is no such cart.", ("input", "cartId"))
_KEY = ("input", "idempotencyKey")


@dataclass(frozen=True)
class CartOutcome:
    """A cart as it is after a mutation, and what was refused. `token` is the secret of a new guest's cart."""

    cart: Cart | None
    errors: Sequence[Rejection] = ()
    token: str | None = field(default=None, repr=False)


class Done(msgspec.Struct, frozen=True):
    """What is remembered of a mutation that was carried out: of which cart. A replay shows the cart as it is then."""

    cart: str

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, remembered: bytes) -> "Done":
        return msgspec.json.decode(remembered, type=cls)


def refusal(outcome: Mismatch | InProgress) -> Rejection:
    """Why a key cannot be used now."""
    if isinstance(outcome, Mismatch):
        return Rejection(ErrorCode.IDEMPOTENCY_MISMATCH, "This key was used for another request.", _KEY)
    message, after = "This very request is being carried out.", max(1, round(outcome.retry_after))
    return Rejection(ErrorCode.IN_PROGRESS, message, _KEY, retryable=True, retry_after=after)
