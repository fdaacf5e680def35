"""Access tokens: whose they are, verified here against the pool's public keys.

Verifying costs 100 µs, so what was verified is remembered until it expires; looking it up is all that a request costs.
The pool is asked for its keys and for nothing else: who is signed in stays so while Cognito is down. A token that was
signed out is refused by this process at once and by the others through Redis, which each asks now and then.
"""

import asyncio
import base64
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kernel.clock import Clock
from kernel.context import Principal
from kernel.errors import UnauthenticatedError, UpstreamError, UpstreamUnavailableError
from kernel.ids import is_local_id
from kernel.tasks import stop

log = structlog.get_logger(__name__)

_LONGEST = 8_192
_LEEWAY = 10.0
_MOST_TOKENS = 20_000
_MOST_SIGNED_OUT = 20_000
_BETWEEN_FETCHES = 60.0
_BETWEEN_FIRST_FETCHES = 5.0
_OLD_KEYS = 3_600.0
_RECHECK = 5.0
_LONGEST_LIFE = 86_400  # an access token's, as Cognito allows
_OPTIONS: Any = {
    "require": ["exp", "iat", "iss", "sub"],
    "verify_aud": False,  # access tokens have none
    "verify_exp": False,  # the three by our own clock, below
    "verify_iat": False,
    "verify_nbf": False,
}


@cache
def _jwt() -> Any:
    """PyJWT with its cryptography, which take 9 MB that a shop without sign-in does without."""
    return import_module("jwt")


_HEADER = msgspec.json.Decoder(dict[str, Any])
FetchKeys = Callable[[], Awaitable[Mapping[str, Any]]]


class PoolKeys:
    """The pool's public keys by id, fetched when an unknown one is named, at most once a minute.

    What is known goes on verifying whatever becomes of a fetch. Until there is any key at all, it is tried more often.
    """

    def __init__(self, fetch: FetchKeys, clock: Clock) -> None:
        self._fetch, self._clock = fetch, clock
        self._keys: Mapping[str, Any] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    async def get(self, kid: str) -> Any:
        """The key; None where the pool has none of that id.

        Raises:
            UpstreamUnavailableError: no key is known yet, and the pool does not tell.
        """
        now = self._clock.monotonic()
        if kid in self._keys:
            if now - self._fetched_at > _OLD_KEYS:
                self._begin(now)
            return self._keys[kid]
        self._begin(now)
        if self._flight is not None:
            await asyncio.shield(self._flight)
        if not self._keys:
            raise UpstreamUnavailableError("cognito", detail="no keys to verify tokens with")
        return self._keys.get(kid)

    async def aclose(self) -> None:
        await stop([self._flight] if self._flight else [])

    def _begin(self, now: float) -> None:
        wait = _BETWEEN_FETCHES if self._keys else _BETWEEN_FIRST_FETCHES
        if self._flight is None and now - self._tried_at >= wait:
            self._tried_at = now
            self._flight = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        try:
            found = await self._fetch()
            if found:
                self._keys, self._fetched_at = found, self._clock.monotonic()
        except UpstreamError as error:
            log.warning("identity.keys_not_fetched", detail=error.detail)
        finally:
            self._flight = None


class SignedOut:
    """Sign-ins that were ended before their tokens expire: known here at once, and through Redis elsewhere."""

    def __init__(self, redis: "Redis", clock: Clock) -> None:
        self._redis, self._clock = redis, clock
        self._known: OrderedDict[str, int] = OrderedDict()

    async def add(self, principal: Principal, *, everywhere: bool) -> None:
        """End the principal's sign-in, or all of the user's that are older than this second."""
        names = [_session(principal)] + ([_user(principal)] if everywhere else [])
        now = int(self._clock.now())
        for name in names:
            self._keep(name, now)
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.set(name, now, ex=_LONGEST_LIFE)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("identity.sign_out_not_shared", error=type(error).__name__)

    def here(self, principal: Principal, issued_at: float) -> bool:
        """Whether this process knows that it was ended."""
        return _session(principal) in self._known or issued_at < self._known.get(_user(principal), 0)

    async def anywhere(self, principal: Principal, issued_at: float) -> bool:
        """Whether any process told Redis; False when Redis does not answer: a token is good until it expires."""
        if self.here(principal, issued_at):
            return True
        names = (_session(principal), _user(principal))
        try:
            found: Any = await self._redis.mget(names)
        except (RedisError, OSError) as error:
            log.warning("identity.sign_outs_unknown", error=type(error).__name__)
            return False
        for name, at in zip(names, found, strict=True):
            if at is not None:
                self._keep(name, int(at))
        return self.here(principal, issued_at)

    def _keep(self, name: str, at: int) -> None:
        self._known[name] = max(at, self._known.get(name, at))  # Redis may know of an earlier one alone
        while len(self._known) > _MOST_SIGNED_OUT:
            self._known.popitem(last=False)


def _session(principal: Principal) -> str:
    return f"bff:out:{{{principal.id}}}:{principal.session}"


def _user(principal: Principal) -> str:
    return f"bff:out:{{{principal.id}}}"


@dataclass(slots=True)
class _Verified:
    principal: Principal
    issued_at: float
    until: float
    checked_at: float


class AccessTokens:
    """Verifies them: RS256 alone, the pool as issuer, our client, a token of access and not of identity."""

    def __init__(self, issuer: str, client_id: str, keys: PoolKeys, signed_out: SignedOut, clock: Clock) -> None:
        self._issuer, self._client_id = issuer, client_id
        self._keys, self._signed_out, self._clock = keys, signed_out, clock
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    async def principal(self, token: str) -> Principal:
        """Whose token it is.

        Raises:
            UnauthenticatedError: it is none of this shop's, it has expired, or it was signed out.
            UpstreamUnavailableError: there is no key yet to verify it with.
        """
        known = self._verified.get(token)
        now = self._clock.now()
        if known is not None and now < known.until and now - known.checked_at < _RECHECK:
            return known.principal
        if known is None or now >= known.until:
            self._verified.pop(token, None)
            known = await self._verify(token)
        if await self._signed_out.anywhere(known.principal, known.issued_at):
            self._verified.pop(token, None)
            raise UnauthenticatedError(detail="signed out")
        known.checked_at = now  # only now: whoever asks meanwhile, or after this one has left, has to look too
        self._keep(token, known)
        return known.principal

    async def sign_out(self, principal: Principal, *, everywhere: bool) -> None:
        """Refuse the principal's tokens from now on; `everywhere`: those of the user's other sign-ins too."""
        await self._signed_out.add(principal, everywhere=everywhere)
        ended = [token for token, each in self._verified.items() if each.principal.id == principal.id]
        for token in ended:
            del self._verified[token]

    def _keep(self, token: str, known: _Verified) -> None:
        self._verified[token] = known
        self._verified.move_to_end(token)
        while len(self._verified) > _MOST_TOKENS:
            self._verified.popitem(last=False)

    async def _verify(self, token: str) -> _Verified:
        claims = self._decoded(token, await self._keys.get(_key_id(token)))
        now = self._clock.now()
        until = _seconds(claims, "exp") + _LEEWAY
        issued_at = _seconds(claims, "iat")
        if now >= until:
            raise UnauthenticatedError(detail="expired")
        if max(issued_at, _seconds(claims, "nbf", issued_at)) > now + _LEEWAY:
            raise UnauthenticatedError(detail="not yet valid")
        if claims.get("token_use") != "access" or claims.get("client_id") != self._client_id:
            raise UnauthenticatedError(detail="another use or another client's")
        user, session = claims["sub"], claims.get("origin_jti") or claims.get("jti")
        if not (isinstance(user, str) and is_local_id(user) and isinstance(session, str) and is_local_id(session)):
            raise UnauthenticatedError(detail="without a usable sub or jti")
        return _Verified(Principal(user, session=session, token=token, until=until), issued_at, until, now)

    def _decoded(self, token: str, key: Any) -> dict[str, Any]:
        if key is None:
            raise UnauthenticatedError(detail="an unknown key")
        try:
            claims: dict[str, Any] = _jwt().decode(
                token, key, algorithms=["RS256"], issuer=self._issuer, options=_OPTIONS
            )
        except (_jwt().PyJWTError, ValueError) as error:
            raise UnauthenticatedError(detail=type(error).__name__) from None
        return claims


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says that came from the pool itself; nothing of it is verified.

    Raises:
        UnauthenticatedError: it cannot be read.
    """
    try:
        claims: Mapping[str, Any] = _jwt().decode(token, options={"verify_signature": False})
    except (_jwt().PyJWTError, ValueError) as error:
        raise UnauthenticatedError(detail=type(error).__name__) from None
    return claims


def _key_id(token: str) -> str:
    """The id of the key that a token names, if it is signed as ours are; nothing else of its header is looked at."""
    if len(token) > _LONGEST or not token.isascii():
        raise UnauthenticatedError(detail="no token")
    head = token.partition(".")[0]
    try:  # PyJWT's own look at a header takes the whole token apart: as long as verifying it
        header = _HEADER.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnauthenticatedError(detail=type(error).__name__) from None
    kid = header.get("kid")
    if header.get("alg") != "RS256" or not isinstance(kid, str):
        raise UnauthenticatedError(detail="another algorithm, or no key named")
    return kid


def _seconds(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnauthenticatedError(detail=f"{name} is no time")
    return float(value)
