"""Who asks, and how: what shapes an answer besides the query.

The audience goes to the upstreams and is part of every cache key. Whoever adds a member that shapes answers and leaves
it out of `key` shows one shopper another's page.
"""

import asyncio
import math
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from urllib.parse import quote

import msgspec

from kernel.errors import UpstreamTimeoutError
from kernel.reads import Reads


class Segment(Enum):
    """The two markets a shop sells to: consumers and companies."""

    B2C = "B2C"
    B2B = "B2B"


@dataclass(frozen=True)
class Principal:
    """Who is asking. A guest may see both segments; signed-in customers only their own.

    `id` is the user's in the user pool (`sub`), None for a guest. `session` is what all tokens of one sign-in share and
    `token` the one that was shown, good `until` that moment (seconds since the epoch). `cart_token` is the secret by
    which a guest reaches a cart.
    """

    id: str | None = None
    segments: frozenset[Segment] = frozenset(Segment)
    cart_token: str | None = field(default=None, repr=False)
    session: str | None = None
    token: str | None = field(default=None, repr=False)
    until: float | None = None

    def with_cart_token(self, cart_token: str | None) -> "Principal":
        """The principal who also carries a guest's cart."""
        return self if cart_token is None else replace(self, cart_token=cart_token)


GUEST = Principal()


@dataclass(frozen=True)
class Audience:
    """The part of a request that public answers depend on: segments, language (a BCP 47 tag), channel."""

    language: str
    channel: str
    segments: frozenset[Segment] = frozenset(Segment)

    @cached_property
    def key(self) -> str:
        """Distinct for audiences that may see different answers; safe inside a cache key.

        Quoted, or a language or channel with a separator in it could pass for another pair.
        """
        parts = ("+".join(sorted(s.value for s in self.segments)), self.language, self.channel)
        return ".".join(quote(part, safe="+").replace(".", "%2E") for part in parts)


class Deadline(msgspec.Struct, frozen=True):
    """A moment on the event loop's clock after which no upstream call starts and no answer is waited for."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(asyncio.get_running_loop().time() + seconds)

    def remaining(self) -> float:
        """Seconds left; zero or less when it has passed."""
        return self.at - asyncio.get_running_loop().time()

    def require(self, upstream: str) -> float:
        """Seconds left.

        Raises:
            UpstreamTimeoutError: none are left.
        """
        left = self.remaining()
        if left <= 0:
            raise UpstreamTimeoutError(upstream, detail="the request's deadline had passed before the call")
        return left


class RequestContext(msgspec.Struct, frozen=True):
    """One request: its audience, its caller, and until when it may wait. `address` is only to count by.

    `reads`, for an answer that is to be kept: where everything that is read for it is noted. `began`, in seconds since
    the epoch: what a call brought that was begun later is as fresh as this request can ask for, however soon it is
    taken for old by others.
    """

    audience: Audience
    deadline: Deadline
    principal: Principal = GUEST
    address: str = ""
    reads: Reads | None = None
    began: float = math.inf
