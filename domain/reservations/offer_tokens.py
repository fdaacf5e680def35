"""Offer tokens: only what was offered can be held, and only for a while.

A token is bound to a number or a card and not to a person: whoever reads it out over the telephone lets somebody else
hold it, and only one of them will. It is encrypted and not just signed, since it names a card's whole ICCID, of which
nobody but its owner sees more than the last digits.
"""

import base64
import binascii
import secrets
from functools import lru_cache
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.reservations.model import Candidate, NumberTier, ResourceKind, SimKind
from kernel.clock import Clock
from kernel.keys import SigningKeys

OFFER_SECONDS = 900.0
_PURPOSE = "offer token"
_KEY_ID, _NONCE, _TAG = 8, 12, 16
_LONGEST = 400
_HEAD = Struct(">IBBBB")  # end of its life, kind, tier, SIM kind (0: none), digits of the value
_VALUE = "\0"  # stands in the id for the value, where that is part of it
_KINDS, _TIERS, _SIMS = tuple(ResourceKind), tuple(NumberTier), tuple(SimKind)


class OfferTokenError(Exception):
    """A text that is no token of ours, or one whose time is over (`expired`)."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("the offer has expired" if expired else "this is no offer")
        self.expired = expired


class OfferTokens:
    """Makes and reads them: AES-256-GCM (NIST SP 800-38D), the key made of the newest signing key for this purpose.

    Tokens of older signing keys are read for as long as those are kept. `seconds`: how long an offer is good.
    """

    def __init__(self, keys: SigningKeys, clock: Clock, *, seconds: float = OFFER_SECONDS) -> None:
        self._keys, self._clock, self._seconds = keys, clock, seconds
        self._cipher = lru_cache(maxsize=8)(self._made_cipher)

    def make(self, candidate: Candidate) -> str:
        """The token of a number or card, base64url; below 120 characters for ids of up to 36."""
        key_id = bytes.fromhex(self._keys.newest.id)
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher(key_id).encrypt(nonce, self._packed(candidate), key_id)
        return base64.urlsafe_b64encode(key_id + nonce + sealed).rstrip(b"=").decode("ascii")

    def read(self, token: str) -> Candidate:
        """What was offered.

        Raises:
            OfferTokenError: no offer of ours, changed on the way, or expired.
        """
        raw = _decoded(token)
        key_id, nonce, sealed = raw[:_KEY_ID], raw[_KEY_ID : _KEY_ID + _NONCE], raw[_KEY_ID + _NONCE :]
        try:
            plain = self._cipher(key_id).decrypt(nonce, sealed, key_id)
        except (KeyError, InvalidTag):
            raise OfferTokenError(expired=False) from None
        until, *_ = _HEAD.unpack_from(plain)
        if until <= self._clock.now():
            raise OfferTokenError(expired=True)
        return _unpacked(plain)

    def _packed(self, candidate: Candidate) -> bytes:
        digits = candidate.value
        head = _HEAD.pack(
            int(self._clock.now() + self._seconds),
            _KINDS.index(candidate.kind),
            _TIERS.index(candidate.tier),
            0 if candidate.sim is None else 1 + _SIMS.index(candidate.sim),
            len(digits),
        )
        local = candidate.upstream_id.replace(digits, _VALUE)
        return head + bytes.fromhex(digits + "0" * (len(digits) % 2)) + local.encode("ascii")

    def _made_cipher(self, key_id: bytes) -> AESGCM:
        return AESGCM(self._keys.mac(_PURPOSE, key_id=key_id.hex()))


def _decoded(token: str) -> bytes:
    """The bytes of a token; anything that cannot be one is refused before it costs anything."""
    if len(token) > _LONGEST or not token.isascii():
        raise OfferTokenError(expired=False)
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise OfferTokenError(expired=False) from None
    if len(raw) < _KEY_ID + _NONCE + _TAG + _HEAD.size:
        raise OfferTokenError(expired=False)
    return raw


def _unpacked(plain: bytes) -> Candidate:
    _, kind, tier, sim, length = _HEAD.unpack_from(plain)
    rest = plain[_HEAD.size :]
    packed = (length + 1) // 2
    digits = rest[:packed].hex()[:length]
    local = rest[packed:].decode("ascii").replace(_VALUE, digits)
    return Candidate(_KINDS[kind], local, digits, _TIERS[tier], _SIMS[sim - 1] if sim else None)
