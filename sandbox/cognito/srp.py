"""The Secure Remote Password protocol, 6a, as the server sees it (RFC 5054, section 2.6), and Cognito's use of it.

The arithmetic is the RFC's and is tested with its vectors; how Cognito turns numbers into bytes before it hashes them
is its own (two's complement, so a leading zero where the first bit is set) and stands in the functions below `Group`.
"""

import hashlib
import hmac
from dataclasses import dataclass

_SHA256_BYTES = 32
_KEY_BYTES = 16
_KEY_INFO = b"Caldera Derived Key"


@dataclass(frozen=True)
class Group:
    """A safe prime and its generator."""

    prime: int
    generator: int

    def verifier(self, x: int) -> int:
        """What the server keeps instead of the password: v = g^x."""
        return pow(self.generator, x, self.prime)

    def server_public(self, k: int, verifier: int, b: int) -> int:
        """B = k*v + g^b."""
        return (k * verifier + pow(self.generator, b, self.prime)) % self.prime

    def server_secret(self, client_public: int, verifier: int, u: int, b: int) -> int:
        """S = (A * v^u)^b.

        Raises:
            ValueError: A is a multiple of the prime, by which anybody could get in (section 2.5.4).
        """
        if client_public % self.prime == 0:
            raise ValueError("A mod N is zero")
        return pow(client_public * pow(verifier, u, self.prime), b, self.prime)


# The group of 3072 bits of RFC 3526, section 4, with the generator 2.
COGNITO = Group(
    int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
        "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
        "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
        "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
        "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
        "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
        "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
        16,
    ),
    2,
)


def padded(number: int) -> bytes:
    """A number as the shortest two's complement: a zero byte goes before a set first bit."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def private_key(pool: str, user: str, password: str, salt: int) -> int:
    """x, from the pool's short name, the user's name and the password."""
    identity = hashlib.sha256(f"{pool}{user}:{password}".encode()).digest()
    return int.from_bytes(hashlib.sha256(padded(salt) + identity).digest(), "big")


def multiplier(group: Group = COGNITO) -> int:
    """k, over the prime and the generator."""
    return int.from_bytes(hashlib.sha256(padded(group.prime) + padded(group.generator)).digest(), "big")


def scrambler(client_public: int, server_public: int) -> int:
    """u, over both public values."""
    return int.from_bytes(hashlib.sha256(padded(client_public) + padded(server_public)).digest(), "big")


def session_key(secret: int, u: int) -> bytes:
    """16 bytes for the proof, by HKDF-SHA256 with `u` as salt."""
    return hkdf(padded(secret), padded(u), _KEY_INFO, _KEY_BYTES)


def hkdf(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    key = hmac.digest(salt or bytes(_SHA256_BYTES), material, "sha256")
    made, block = b"", b""
    for place in range(-(-length // _SHA256_BYTES)):
        block = hmac.digest(key, block + info + bytes([place + 1]), "sha256")
        made += block
    return made[:length]


def proof(key: bytes, pool: str, user: str, secret_block: bytes, timestamp: str) -> bytes:
    """What a client sends to show that it has the key."""
    return hmac.digest(key, pool.encode() + user.encode() + secret_block + timestamp.encode(), "sha256")
