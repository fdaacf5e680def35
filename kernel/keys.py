"""The gateway's signing keys: a list that rotates. The newest signs; every one of them still verifies."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

_LEAST_BYTES = 32


@dataclass(frozen=True)
class Key:
    """A secret, and the id by which to remember that it was the one that signed."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> "Key":
        return cls(hashlib.sha256(secret).digest()[:8].hex(), secret)

    def mac(self, message: bytes) -> bytes:
        return hmac.digest(self.secret, message, "sha256")


class SigningKeys:
    """HMAC-SHA256 with keys that rotate. A purpose keeps a signature made for one thing from being taken for another.

    Raises:
        ValueError: no secret, or one of fewer than 32 bytes.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or min(map(len, secrets)) < _LEAST_BYTES:
            raise ValueError(f"at least one signing key is needed, and each of at least {_LEAST_BYTES} bytes")
        self._keys = {key.id: key for key in map(Key.of, secrets)}

    @property
    def newest(self) -> Key:
        return next(iter(self._keys.values()))

    def mac(self, purpose: str, *parts: bytes, key_id: str | None = None) -> bytes:
        """32 bytes over purpose and parts, by the newest key or the one named.

        Raises:
            KeyError: no key has that id; it was taken out of the list.
        """
        key = self.newest if key_id is None else self._keys[key_id]
        return key.mac(_joined(purpose, parts))

    def any_match(self, mac: bytes, purpose: str, *parts: bytes) -> bool:
        """Whether any of the keys made `mac` for these; the time taken does not tell which, nor how nearly."""
        message = _joined(purpose, parts)
        matches = [hmac.compare_digest(mac, key.mac(message)) for key in self._keys.values()]
        return any(matches)


def _joined(purpose: str, parts: Sequence[bytes]) -> bytes:
    """Each with its length before it: ("ab", "c") and ("a", "bc") must not sign alike."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in (purpose.encode(), *parts))
