"""Codes: having them sent, and what they are good for besides signing in.

Every sign-up is a user of its own in the pool, under a name that nobody chose, and the login becomes that user's only
when its code is confirmed (an *alias*, docs/identity.md). So signing up with a login that somebody has is the same call
with the same answer as with any other, and a stranger who signs up with your address stands in nobody's way.
"""

from dataclasses import dataclass

import msgspec
import structlog

from clients.cognito import CognitoRefusedError, Why
from domain.identity.challenges import FROM_POOL, Challenge
from domain.identity.logins import (
    Login,
    check_locale,
    check_login,
    check_new_password,
)
from domain.identity.outcomes import (
    LOCALE,
    LOGIN,
    NEW_PASSWORD,
    OLD_CODE,
    PASSWORD,
    WRONG_CODE,
    ChallengeOutcome,
    Checks,
    Kind,
)
from domain.identity.pool import Pool
from domain.identity.principals import scope_of
from kernel.context import RequestContext
from kernel.keys import SigningKeys
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store.idempotency import Claim, Fresh, Idempotency, InProgress, Mismatch, Replay

log = structlog.get_logger(__name__)

_SIGN_UP = "signUp"
_PURPOSE = "sign-up"
_KEY = ("input", "idempotencyKey")
_WEAK = Rejection(ErrorCode.INVALID, "This password is not taken; choose another.", PASSWORD)
_NOT_DELIVERED = Rejection(ErrorCode.INVALID, "No code can be sent there.", LOGIN)


class _Begun(msgspec.Struct, frozen=True):
    """What is remembered of a sign-up: enough to give the same challenge again, to whoever has the login too."""

    id: str
    until: float


@dataclass(frozen=True)
class Codes:
    """Sends codes, and takes those that confirm a login or reset a password."""

    pool: Pool
    idempotency: Idempotency
    keys: SigningKeys

    # ------------------------------------------------------------ signing up

    async def sign_up(
        self, ctx: RequestContext, key: str, login: str, password: str | None, locale: str | None
    ) -> ChallengeOutcome:
        """A new user, who is sent a code. The same key brings the same challenge, and no second message."""
        try:
            who, language = self._checked(login, password, locale)
        except Rejected as rejected:
            return ChallengeOutcome(errors=rejected.reasons)
        body = msgspec.json.encode([who.value, language])
        begun = await self.idempotency.begin(scope_of(ctx.principal), _SIGN_UP, key, body)
        if isinstance(begun, Replay):
            return self._shown(self._again(key, who, begun.result))
        if not isinstance(begun, Fresh):
            return ChallengeOutcome(errors=(_in_the_way(begun),))
        even = self.pool.evenly()
        try:
            outcome = await self._sign_up(ctx, begun.claim, who, password, language)
            await even()
        except Rejected as rejected:
            await self.idempotency.release(begun.claim)  # a message may be on its way: the next try looks after it
            return ChallengeOutcome(errors=rejected.reasons)
        except BaseException:
            await self.idempotency.release(begun.claim)
            raise
        return outcome

    def _checked(self, login: str, password: str | None, locale: str | None) -> tuple[Login, str | None]:
        checks = Checks()
        who = checks.run(check_login, login, LOGIN)
        if password is not None:
            checks.run(check_new_password, password, self.pool.passwords, PASSWORD)
        language = checks.run(check_locale, locale, LOCALE)
        checks.done()
        return who, language

    async def _sign_up(
        self, ctx: RequestContext, claim: Claim, login: Login, password: str | None, locale: str | None
    ) -> ChallengeOutcome:
        await self.pool.count_send(ctx, login)
        name = self._name(claim.key, login)
        attributes = {login.attribute: login.value, **({"locale": locale} if locale else {})}
        try:
            await self.pool.ask(self.pool.cognito.sign_up(name, password, attributes))
        except CognitoRefusedError as refused:
            if refused.why is not Why.TAKEN:  # the name is this key's alone: an earlier try got through
                raise Rejected(_WEAK if refused.why is Why.WEAK_PASSWORD else _NOT_DELIVERED) from None
        challenge = self.pool.challenges.begin(Kind.SIGN_UP, login, user=name)
        begun = _Begun(challenge.id, challenge.until)
        if not await self.idempotency.finish(claim, msgspec.json.encode(begun)):
            raise Rejected(_in_the_way(InProgress(1.0)))  # we slept, and two challenges are twice the tries
        return self._shown(challenge)

    def _again(self, key: str, login: Login, remembered: bytes) -> Challenge:
        begun = msgspec.json.decode(remembered, type=_Begun)
        return Challenge(Kind.SIGN_UP, begun.id, login, begun.until, user=self._name(key, login))

    def _name(self, key: str, login: Login) -> str:
        """The new user's name in the pool. Derived, so that a repetition finds the user it made."""
        return "u" + self.keys.mac(_PURPOSE, key.encode(), login.value.encode()).hex()[:40]

    async def confirm_sign_up(self, ctx: RequestContext, challenge: Challenge, code: str) -> bool:
        """Confirm a new user's login. False: it was confirmed before, and by whom this does not prove.

        Raises:
            Rejected: the code is wrong or old, or somebody else has confirmed this login.
        """
        await self.pool.count_try(ctx, challenge)
        try:
            await self.pool.ask(self.pool.cognito.confirm_sign_up(challenge.user, code))
        except CognitoRefusedError as refused:
            if refused.why is Why.CREDENTIALS:  # "Current status is CONFIRMED": the reply to the first time was lost
                return False
            raise Rejected(_of_new_user(refused.why)) from None
        return True

    # ------------------------------------------------------------ codes to those who may have signed up

    async def resend(self, ctx: RequestContext, token: str) -> ChallengeOutcome:
        """Another code in the place of the first, which is void."""
        try:
            challenge = self.pool.challenge(token, *FROM_POOL)
            return await self._send(ctx, challenge.kind, challenge.login, challenge.user)
        except Rejected as rejected:
            return ChallengeOutcome(errors=rejected.reasons)

    async def request(self, ctx: RequestContext, kind: Kind, login: str) -> ChallengeOutcome:
        """A code by which to sign in or to reset a password; for a login that nobody has, the same answer."""
        try:
            who = check_login(login, LOGIN)
            return await self._send(ctx, kind, who, "")
        except Rejected as rejected:
            return ChallengeOutcome(errors=rejected.reasons)

    async def _send(self, ctx: RequestContext, kind: Kind, login: Login, user: str) -> ChallengeOutcome:
        await self.pool.count_send(ctx, login)
        even, session = self.pool.evenly(), ""
        try:
            if kind is Kind.SIGN_UP:
                await self.pool.ask(self.pool.cognito.resend_code(user))
            elif kind is Kind.SIGN_IN:
                sent = self.pool.cognito.send_sign_in_code(login.value, login.challenge)
                session = await self.pool.ask(sent)
            else:
                await self.pool.ask(self.pool.cognito.send_reset_code(login.value))
        except CognitoRefusedError as refused:  # nobody, or somebody who cannot have one: the answer does not tell
            log.info("identity.no_code_sent", kind=kind.value, why=refused.why.value)
        await even()
        return self._shown(self.pool.challenges.begin(kind, login, user=user, session=session))

    async def reset_password(self, ctx: RequestContext, token: str, code: str, password: str) -> ChallengeOutcome:
        """A new password for whoever has the code."""
        checks = Checks()
        try:
            checks.run(check_new_password, password, self.pool.passwords, NEW_PASSWORD)
            challenge, right = self.pool.answered(token, code, Kind.RESET, checks)
            await self._reset(ctx, challenge, right, password)
        except Rejected as rejected:
            return ChallengeOutcome(errors=rejected.reasons)
        return ChallengeOutcome()

    async def _reset(self, ctx: RequestContext, challenge: Challenge, code: str, password: str) -> None:
        await self.pool.count_try(ctx, challenge)
        even = self.pool.evenly()
        try:
            await self.pool.ask(self.pool.cognito.reset_password(challenge.login.value, code, password))
        except CognitoRefusedError as refused:
            await even()
            weak = Rejection(_WEAK.code, _WEAK.message, NEW_PASSWORD)
            raise Rejected(weak if refused.why is Why.WEAK_PASSWORD else WRONG_CODE) from None

    def _shown(self, challenge: Challenge) -> ChallengeOutcome:
        return ChallengeOutcome(self.pool.challenges.make(challenge), challenge.login.hint)


def _of_new_user(why: Why) -> Rejection:
    if why is Why.ALIAS_TAKEN:  # told only to who can read the login's mail
        message = "There is an account with this login already; sign in, or reset its password."
        return Rejection(ErrorCode.DUPLICATE, message, LOGIN)
    return OLD_CODE if why is Why.OLD_CODE else WRONG_CODE


def _in_the_way(outcome: Mismatch | InProgress) -> Rejection:
    """Why a key cannot be used now."""
    if isinstance(outcome, Mismatch):
        return Rejection(ErrorCode.IDEMPOTENCY_MISMATCH, "This key was used for another request.", _KEY)
    message, after = "This very request is being carried out.", max(1, round(outcome.retry_after))
    return Rejection(ErrorCode.IN_PROGRESS, message, _KEY, retryable=True, retry_after=after)
