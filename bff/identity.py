"""From settings to signing up and in: the user pool, its keys, and what is counted in Redis."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bff.foundation import Foundation
from bff.settings import CognitoSettings, IdentitySettings
from clients.cognito import UPSTREAM, CognitoClient, CognitoOptions
from clients.http import HttpxSender
from domain.identity.challenges import ChallengeTokens
from domain.identity.codes import Codes
from domain.identity.identity import Identity
from domain.identity.limits import IdentityLimits, Limit, Limits
from domain.identity.logins import PasswordRules
from domain.identity.pool import Pool
from domain.identity.principals import Logins
from domain.identity.sessions import Sessions
from domain.identity.tokens import AccessTokens, PoolKeys, SignedOut

_MAX_KEYS_BYTES = 100_000
_SWITCH_SECONDS = 0.0003


@asynccontextmanager
async def open_identity(base: Foundation) -> AsyncIterator[Identity]:
    """All that signing in needs, closed in the opposite order."""
    settings, clock, redis = base.settings, base.clock, base.redis
    if redis is None:
        raise RuntimeError("Redis is needed here")
    given, keys = settings.identity, base.require_keys()
    async with AsyncExitStack() as stack:
        sender = HttpxSender(UPSTREAM, max_bytes=_MAX_KEYS_BYTES, transport=base.transports.get(UPSTREAM))
        stack.push_async_callback(sender.aclose)
        options = options_of(settings.cognito)
        cognito = CognitoClient(options, sender, clock)
        stack.push_async_callback(cognito.aclose)
        cognito.connect()
        # The pool's threads compute for milliseconds, and whoever wants the interpreter's lock waits so long for each:
        # with eight of them the event loop came back twice as soon as at a millisecond.
        sys.setswitchinterval(_SWITCH_SECONDS)
        pool_keys = PoolKeys(cognito.keys, clock)
        stack.push_async_callback(pool_keys.aclose)
        access = AccessTokens(options.issuer, options.client_id, pool_keys, SignedOut(redis, clock), clock)
        pool = Pool(
            cognito,
            Limits(redis, keys, clock),
            limits_of(given),
            ChallengeTokens(keys, clock),
            access,
            Logins(cognito),
            clock,
            PasswordRules(given.password_length, given.password_needs),
            given.pace,
            given.fold_mailboxes,
        )
        codes = Codes(pool, base.require_records().idempotency, keys)
        yield Identity(codes, Sessions(pool, codes), access, pool.logins)


def options_of(given: CognitoSettings) -> CognitoOptions:
    """The pool; its region is the part of its id before the underscore."""
    return CognitoOptions(
        region=given.pool.partition("_")[0],
        pool=given.pool,
        client_id=given.client_id,
        endpoint=given.endpoint.rstrip("/") or None,
        srp=given.flow == "srp",
        timeout=given.timeout,
        threads=given.threads,
        breaker_threshold=given.breaker_threshold,
        breaker_cooldown=given.breaker_cooldown,
    )


def limits_of(given: IdentitySettings) -> IdentityLimits:
    """The limits, each counted apart."""
    window = given.window

    def limit(name: str, most: int) -> Limit:
        return Limit(name, most, window)

    return IdentityLimits(
        sends=limit("sends", given.sends),
        sends_by_address=limit("sends-by-address", given.by_address),
        tries_of_code=Limit("tries-of-code", given.tries, 86_400.0),
        tries=limit("tries", given.tries * given.sends),
        tries_by_address=limit("tries-by-address", given.by_address),
        sign_ins=limit("sign-ins", given.sign_ins),
        sign_ins_by_address=limit("sign-ins-by-address", given.by_address),
    )
