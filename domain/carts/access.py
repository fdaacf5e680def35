"""Who may see and change a cart: its owner, or for a guest's cart whoever has its token."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from kernel.context import Principal
from kernel.keys import SigningKeys
from store.carts import CartRow

_PURPOSE = "cart"
_GUEST = "guest"


@dataclass(frozen=True)
class GuestTokens:
    """The secrets that open guests' carts: derived and not stored, so that a repeated `createCart` gives its own again.

    HMAC-SHA256 over the cart's id and the idempotency key it was made with, as base64url. A row knows which of the
    rotating signing keys made it.
    """

    keys: SigningKeys

    @property
    def newest(self) -> str:
        """The id of the signing key that new tokens are made with."""
        return self.keys.newest.id

    def token(self, cart_id: str, key: str, key_id: str) -> str | None:
        """A cart's token; None once its signing key has been taken out of the list."""
        try:
            mac = self.keys.mac(_PURPOSE, cart_id.encode(), key.encode(), key_id=key_id)
        except KeyError:
            return None
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def token_hash(token: str) -> str:
    """How a token is kept: who reads the database cannot open a cart with what is there."""
    return hashlib.sha256(token.encode()).hexdigest()


def may_touch(principal: Principal, row: CartRow) -> bool:
    """Whether a caller may see and change a cart. For anyone else it does not exist."""
    if row.owner is not None:
        return principal.id is not None and principal.id == row.owner
    if principal.cart_token is None or row.token_hash is None:
        return False
    return hmac.compare_digest(token_hash(principal.cart_token), row.token_hash)


def is_let_in(seen: CartRow, row: CartRow) -> bool:
    """Whether who might touch a cart as it was seen may do so now: it may have been claimed since."""
    return (row.owner, row.token_hash) == (seen.owner, seen.token_hash)


def name_of(principal: Principal) -> str:
    """Who made a change, for the history."""
    return principal.id or _GUEST
