"""Challenge tokens: what stands between sending a code and taking it, kept by the client and readable by us alone.

Encrypted, because a token holds the login and the pool's own session; and all tokens of a kind are of one length, so
that one made for a login that nobody has looks like any other.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.identity.logins import Login
from domain.identity.outcomes import Kind
from kernel.clock import Clock
from kernel.keys import SigningKeys
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection

_PURPOSE = "challenge token"
_KEY_ID, _NONCE, _TAG = 8, 12, 16
_LENGTH = 2
_LONGEST = 16_000


# A pool's session has up to 2,048 characters, by which alone a sign-in's token is longer.
_PADDED = {Kind.SIGN_UP: 512, Kind.RESET: 512, Kind.LINK: 512, Kind.SIGN_IN: 2_560}
_LIVES = {Kind.SIGN_UP: 3_600.0, Kind.RESET: 900.0, Kind.LINK: 600.0, Kind.SIGN_IN: 180.0}
FROM_POOL = (Kind.SIGN_UP, Kind.SIGN_IN, Kind.RESET)
"""Those whose codes the user pool sends, and sends again."""


@dataclass(frozen=True)
class Challenge:
    """A code that was asked for. `user` is the new user's name in the pool, `session` the pool's for a sign-in.

    Where the pool has no such login, `session` is empty and no code can be right. Tries are counted by `id`.
    """

    kind: Kind
    id: str
    login: Login
    until: float
    user: str = ""
    session: str = field(default="", repr=False)


class _Packed(msgspec.Struct, array_like=True):
    kind: str
    id: str
    login: str
    until: float
    user: str
    session: str


class ChallengeTokens:
    """Makes and reads them: AES-256-GCM (NIST SP 800-38D), the key made of the newest signing key for this purpose.

    Tokens of older signing keys are read for as long as those are kept.
    """

    def __init__(self, keys: SigningKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock
        self._cipher = lru_cache(maxsize=8)(self._made_cipher)

    def begin(self, kind: Kind, login: Login, *, user: str = "", session: str = "") -> Challenge:
        """A new challenge, from now until its time is over, which is before the pool's own is."""
        until = self._clock.now() + _LIVES[kind]
        return Challenge(kind, secrets.token_hex(16), login, until, user, session)

    def make(self, challenge: Challenge) -> str:
        """Its token, base64url."""
        packed = msgspec.msgpack.encode(
            _Packed(
                challenge.kind.value,
                challenge.id,
                challenge.login.value,
                challenge.until,
                challenge.user,
                challenge.session,
            )
        )
        plain = len(packed).to_bytes(_LENGTH, "big") + packed
        size = _PADDED[challenge.kind]
        plain = plain.ljust(-(-len(plain) // size) * size, b"\0")
        key_id, nonce = bytes.fromhex(self._keys.newest.id), secrets.token_bytes(_NONCE)
        sealed = self._cipher(key_id).encrypt(nonce, plain, key_id)
        return base64.urlsafe_b64encode(key_id + nonce + sealed).rstrip(b"=").decode("ascii")

    def read(self, token: str, path: Path, *kinds: Kind) -> Challenge:
        """The challenge of one of these kinds.

        Raises:
            Rejected: INVALID, no token of ours or of another kind; OTP_EXPIRED, its time is over.
        """
        challenge = self._opened(token)
        if challenge is None or challenge.kind not in kinds:
            raise Rejected(Rejection(ErrorCode.INVALID, "This is no challenge token for this.", path))
        if self.is_over(challenge):
            raise Rejected(Rejection(ErrorCode.OTP_EXPIRED, "The code's time is over; ask for another.", path))
        return challenge

    def is_over(self, challenge: Challenge) -> bool:
        """Whether its time is over."""
        return challenge.until <= self._clock.now()

    def _opened(self, token: str) -> Challenge | None:
        if len(token) > _LONGEST or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            key_id, nonce, sealed = raw[:_KEY_ID], raw[_KEY_ID : _KEY_ID + _NONCE], raw[_KEY_ID + _NONCE :]
            plain = self._cipher(key_id).decrypt(nonce, sealed, key_id) if len(sealed) > _TAG else b""
        except (ValueError, binascii.Error, KeyError, InvalidTag):
            return None
        if not plain:
            return None
        length = int.from_bytes(plain[:_LENGTH], "big")
        found = msgspec.msgpack.decode(plain[_LENGTH : _LENGTH + length], type=_Packed)
        return Challenge(Kind(found.kind), found.id, Login(found.login), found.until, found.user, found.session)

    def _made_cipher(self, key_id: bytes) -> AESGCM:
        return AESGCM(self._keys.mac(_PURPOSE, key_id=key_id.hex()))
