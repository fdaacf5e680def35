"""The pool's signing keys: RSA of 2048 bits, kept in the sandbox's file, since tokens outlive a restart.

The newest signs. A rotation leaves the one before in the published set, as Cognito does until its tokens have expired.
"""

import base64
import hashlib
import sqlite3
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

_TABLE = "CREATE TABLE IF NOT EXISTS cognito_key (place INTEGER PRIMARY KEY, pem BLOB NOT NULL)"
_PUBLISHED = 2


class PoolKeys:
    """Made when first needed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.execute(_TABLE)
        self._keys: list[rsa.RSAPrivateKey] = []

    def sign(self, claims: Mapping[str, Any], headers: Mapping[str, Any] | None = None) -> str:
        """A token; `headers` come on top of those every token has, and may contradict them."""
        key = self._all()[-1]
        return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": _kid(key), **(headers or {})})

    def verified(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that one of the published keys signed, expired or not."""
        try:
            kid = jwt.get_unverified_header(token)["kid"]
            key = next(each for each in self._published() if _kid(each) == kid)
            options: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False}
            claims: dict[str, Any] = jwt.decode(token, key.public_key(), algorithms=["RS256"], options=options)
        except (jwt.PyJWTError, KeyError, StopIteration):
            return None
        return claims

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self._all()
        self._add()

    def jwks(self) -> dict[str, Any]:
        """The published set (RFC 7517)."""
        return {"keys": [_jwk(key) for key in self._published()]}

    def _published(self) -> list[rsa.RSAPrivateKey]:
        return self._all()[-_PUBLISHED:]

    def _all(self) -> list[rsa.RSAPrivateKey]:
        if not self._keys:
            rows = self._db.execute("SELECT pem FROM cognito_key ORDER BY place")
            loaded = (load_pem_private_key(pem, None) for (pem,) in rows)
            self._keys = [key for key in loaded if isinstance(key, rsa.RSAPrivateKey)]
        if not self._keys:
            self._add()
        return self._keys

    def _add(self) -> None:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._db.execute("INSERT INTO cognito_key (pem) VALUES (?)", (pem,))
        self._keys.append(key)


def _kid(key: rsa.RSAPrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()  # as Cognito's: with +, / and =


def _jwk(key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {
        "alg": "RS256",
        "e": _base64(numbers.e),
        "kid": _kid(key),
        "kty": "RSA",
        "n": _base64(numbers.n),
        "use": "sig",
    }


def _base64(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
