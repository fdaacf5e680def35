"""Signing in, by password or by code, staying so, and signing out."""

import re
from dataclasses import dataclass

from clients.cognito import CognitoRefusedError, Why
from domain.identity.challenges import Challenge
from domain.identity.codes import Codes
from domain.identity.logins import Login, check_login, check_password
from domain.identity.outcomes import (
    LOGIN,
    NO_MATCH,
    PASSWORD,
    REFRESH,
    WRONG_CODE,
    Checks,
    Kind,
    SessionOutcome,
    SignOutOutcome,
)
from domain.identity.pool import Pool
from kernel.context import RequestContext
from kernel.errors import UnauthenticatedError
from kernel.outcomes import ErrorCode, Rejected, Rejection

_TOKEN = re.compile(r"[A-Za-z0-9_.=+/-]{1,8192}", re.ASCII)
_NO_TOKEN = Rejection(ErrorCode.INVALID_CREDENTIALS, "This session is over; sign in again.", REFRESH)
_ANOTHER_WAY = Rejection(ErrorCode.FORBIDDEN, "This account needs another way of signing in.")


@dataclass(frozen=True)
class Sessions:
    """Sign-ins at the user pool."""

    pool: Pool
    codes: Codes

    async def confirm_sign_up(self, ctx: RequestContext, token: str, code: str, password: str | None) -> SessionOutcome:
        """Confirm a new user's login, and sign in where the password is given too."""
        checks = Checks()
        try:
            if password is not None:
                checks.run(check_password, password, PASSWORD)
            challenge, right = self.pool.answered(token, code, Kind.SIGN_UP, checks)
            fresh = await self.codes.confirm_sign_up(ctx, challenge, right)
            if password is None:
                return SessionOutcome(errors=() if fresh else (WRONG_CODE,))
            return await self._sign_in(ctx, challenge.login, password)
        except Rejected as rejected:
            return SessionOutcome(errors=rejected.reasons)

    async def sign_in(self, ctx: RequestContext, login: str, password: str) -> SessionOutcome:
        """By password."""
        checks = Checks()
        try:
            who = checks.run(check_login, login, LOGIN)
            checks.run(check_password, password, PASSWORD)
            checks.done()
            return await self._sign_in(ctx, who, password)
        except Rejected as rejected:
            return SessionOutcome(errors=rejected.reasons)

    async def _sign_in(self, ctx: RequestContext, login: Login, password: str) -> SessionOutcome:
        await self.pool.count_sign_in(ctx, login)
        even = self.pool.evenly()
        try:
            tokens = await self.pool.ask(self.pool.cognito.sign_in(login.value, password))
        except CognitoRefusedError as refused:
            await even()
            return SessionOutcome(errors=(_ANOTHER_WAY if refused.why is Why.MORE_WANTED else NO_MATCH,))
        return await self.pool.begun(tokens)

    async def confirm_sign_in(self, ctx: RequestContext, token: str, code: str) -> SessionOutcome:
        """By a one-time code."""
        try:
            challenge, right = self.pool.answered(token, code, Kind.SIGN_IN, Checks())
            await self.pool.count_try(ctx, challenge)
            return await self._confirm(challenge, right)
        except Rejected as rejected:
            return SessionOutcome(errors=rejected.reasons)

    async def _confirm(self, challenge: Challenge, code: str) -> SessionOutcome:
        even, who = self.pool.evenly(), challenge.login
        if not challenge.session:  # nobody was sent a code: as if this one were wrong
            await even()
            return SessionOutcome(errors=(WRONG_CODE,))
        call = self.pool.cognito.answer_sign_in_code(who.value, who.challenge, challenge.session, code)
        try:
            tokens = await self.pool.ask(call)
        except CognitoRefusedError:
            await even()
            return SessionOutcome(errors=(WRONG_CODE,))
        return await self.pool.begun(tokens)

    async def refresh(self, token: str | None) -> SessionOutcome:
        """A new access token."""
        if token is None or not _TOKEN.fullmatch(token):
            return SessionOutcome(errors=(_NO_TOKEN,))
        try:
            tokens = await self.pool.ask(self.pool.cognito.renew(token))
        except CognitoRefusedError:
            return SessionOutcome(errors=(_NO_TOKEN,))
        except Rejected as rejected:
            return SessionOutcome(errors=rejected.reasons)
        return await self.pool.begun(tokens, refresh=token)

    async def sign_out(self, ctx: RequestContext, refresh_token: str | None) -> SignOutOutcome:
        """End the session of the refresh token; without one, all of the user's, which is what an access token can.

        Raises:
            UnauthenticatedError: there is neither of them.
        """
        principal = ctx.principal
        if principal.token is None and refresh_token is None:
            raise UnauthenticatedError(detail="signOut by a guest")
        try:
            await self._end(principal.token or "", refresh_token)
        except Rejected as rejected:
            return SignOutOutcome(signed_out=False, errors=rejected.reasons)
        if principal.id is not None:
            await self.pool.access.sign_out(principal, everywhere=refresh_token is None)
        return SignOutOutcome(signed_out=True)

    async def _end(self, access_token: str, refresh_token: str | None) -> None:
        cognito = self.pool.cognito
        try:
            if refresh_token is None:
                await self.pool.ask(cognito.sign_out_everywhere(access_token))
            elif _TOKEN.fullmatch(refresh_token):
                await self.pool.ask(cognito.sign_out(refresh_token))
        except CognitoRefusedError:
            return  # it is over already
