"""The user pool as signing up and in use it: asked within the limits, and answering everybody alike.

A login that nobody has must not be told from one that somebody has, neither by words nor by time. So what could tell is
answered at whole multiples of `pace` after it was asked, however long the pool took. What is no secret, such as a
success or a pool that is down, is answered at once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from clients.cognito import CognitoClient, Tokens
from domain.identity.challenges import Challenge, ChallengeTokens
from domain.identity.limits import IdentityLimits, Limits, Try
from domain.identity.logins import Login, PasswordRules, check_code
from domain.identity.outcomes import CHALLENGE, CODE, Checks, Kind, Session, SessionOutcome, not_now
from domain.identity.pace import evenly
from domain.identity.principals import Logins
from domain.identity.tokens import AccessTokens, claims_of
from kernel.clock import Clock
from kernel.context import RequestContext
from kernel.errors import GatewayError, UpstreamError

T = TypeVar("T")


@dataclass(frozen=True)
class Pool:
    """What both halves, codes and sessions, work with. `fold`: count plus-addresses as one mailbox."""

    cognito: CognitoClient
    limits: Limits
    limit: IdentityLimits
    challenges: ChallengeTokens
    access: AccessTokens
    logins: Logins
    clock: Clock
    passwords: PasswordRules
    pace: float
    fold: bool

    def evenly(self) -> Callable[[], Awaitable[None]]:
        """From now on: what to await before an answer, so that it comes at a whole multiple of `pace`."""
        return evenly(self.pace)

    async def ask(self, call: Awaitable[T]) -> T:
        """What the pool answers.

        Raises:
            CognitoRefusedError: it says no.
            Rejected: it cannot be asked.
        """
        try:
            return await call
        except UpstreamError as error:
            raise not_now(error) from None

    async def count_send(self, ctx: RequestContext, login: Login) -> None:
        """Count a message to the login's owner.

        Raises:
            Rejected: there were too many.
        """
        mailbox = login.mailbox(fold=self.fold)
        await self.limits.take(Try(self.limit.sends, mailbox), Try(self.limit.sends_by_address, ctx.address))

    async def count_try(self, ctx: RequestContext, challenge: Challenge) -> None:
        """Count a try to guess a code.

        Raises:
            Rejected: there were too many.
        """
        await self.limits.take(
            Try(self.limit.tries_of_code, challenge.id),
            Try(self.limit.tries, challenge.login.value),
            Try(self.limit.tries_by_address, ctx.address),
        )

    async def count_sign_in(self, ctx: RequestContext, login: Login) -> None:
        """Count a try to sign in by password.

        Raises:
            Rejected: there were too many.
        """
        await self.limits.take(Try(self.limit.sign_ins, login.value), Try(self.limit.sign_ins_by_address, ctx.address))

    def challenge(self, token: str, *kinds: Kind) -> Challenge:
        """The challenge of a token.

        Raises:
            Rejected: it is none of ours, or its time is over.
        """
        return self.challenges.read(token, CHALLENGE, *kinds)

    def answered(self, token: str, code: str, kind: Kind, checks: Checks) -> tuple[Challenge, str]:
        """Challenge and code, after everything that was sent has been looked at.

        Raises:
            Rejected: anything of it cannot be right.
        """
        right = checks.run(check_code, code, CODE)
        challenge = checks.run(self.challenge, token, kind)
        checks.done()
        return challenge, right

    async def begun(self, tokens: Tokens, refresh: str | None = None) -> SessionOutcome:
        """A sign-in that the pool has granted. `refresh`: the token that stays, where it gave no new one."""
        session = Session(tokens.access, tokens.refresh or refresh, self.clock.now() + tokens.seconds)
        try:
            principal = await self.access.principal(tokens.access)
            self.logins.remember(principal.id or "", claims_of(tokens.identity))
        except GatewayError:  # the keys are away; the session is good, and the next request will know whose it is
            return SessionOutcome(session)
        return SessionOutcome(session, principal)
