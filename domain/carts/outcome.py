"""What comes of a mutation of a cart or of what is reserved for it, and what of it is remembered under its key."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from domain.carts.model import Cart
from domain.reservations.model import Candidate
from domain.reservations.reservation import Reservation
from kernel.outcomes import ErrorCode, Rejection

NO_CART = Rejection(ErrorCode.NOT_FOUND, "There is no such cart.", ("input", "cartId"))


@dataclass(frozen=True)
class CartOutcome:
    """A cart as it is after a mutation, and what was refused. `token` is the secret of a new guest's cart."""

    cart: Cart | None
    errors: Sequence[Rejection] = ()
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class NumberUnavailable(Rejection):
    """Somebody else has it. `alternatives`: others that are free; empty for cards, and while none can be found."""

    alternatives: Sequence[Candidate] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class ReservationOutcome:
    """A reservation after a mutation, the id of its cart, and what was refused."""

    reservation: Reservation | None
    cart_id: str | None
    errors: Sequence[Rejection] = ()


class Done(msgspec.Struct, frozen=True):
    """What is remembered of a mutation that was carried out: of which cart. A replay shows the cart as it is then."""

    cart: str

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, remembered: bytes) -> "Done":
        return msgspec.json.decode(remembered, type=cls)
