"""What comes of a mutation about signing up or in, or about customers and their lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar, cast

import structlog

from domain.identity.model import Membership
from domain.identity.principals import Viewer
from kernel.context import Principal
from kernel.errors import UpstreamError
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection

log = structlog.get_logger(__name__)

T = TypeVar("T")

RESEND_AFTER = 30
_RETRY_AFTER = 5

LOGIN: Path = ("input", "login")
PASSWORD: Path = ("input", "password")
NEW_PASSWORD: Path = ("input", "newPassword")
CODE: Path = ("input", "code")
CHALLENGE: Path = ("input", "challengeToken")
REFRESH: Path = ("input", "refreshToken")
LOCALE: Path = ("input", "locale")
MSISDN: Path = ("input", "msisdn")

WRONG_CODE = Rejection(ErrorCode.OTP_INVALID, "The code is wrong.", CODE)
OLD_CODE = Rejection(ErrorCode.OTP_EXPIRED, "The code's time is over; ask for another.", CODE)
NO_MATCH = Rejection(ErrorCode.INVALID_CREDENTIALS, "Login and password do not belong together.")


class Kind(Enum):
    """What the code is for."""

    SIGN_UP = "signUp"
    SIGN_IN = "signIn"
    RESET = "reset"
    LINK = "link"


@dataclass(frozen=True)
class ChallengeOutcome:
    """A code was asked for. `hint`: where it goes, as far as that may be told."""

    token: str | None = field(default=None, repr=False)
    hint: str | None = None
    errors: Sequence[Rejection] = ()

    @property
    def resend_after(self) -> int | None:
        return RESEND_AFTER if self.token else None


@dataclass(frozen=True)
class Session:
    """A sign-in. `expires_at`: of the access token, in seconds since the epoch. Tokens that a cookie keeps are None."""

    access: str | None = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_at: float


@dataclass(frozen=True)
class SessionOutcome:
    """A session, or why there is none. `principal` is whom the rest of the request is made by."""

    session: Session | None = None
    principal: Principal | None = None
    errors: Sequence[Rejection] = ()

    @property
    def viewer(self) -> Viewer | None:
        return None if self.principal is None else Viewer(self.principal)


@dataclass(frozen=True)
class SignOutOutcome:
    """Whether the session is over."""

    signed_out: bool
    errors: Sequence[Rejection] = ()


@dataclass(frozen=True)
class LinkOutcome:
    """What came of it: a code may be on its way, or the line is joined (`product_id`), or neither."""

    token: str | None = field(default=None, repr=False)
    membership: Membership | None = None
    product_id: str | None = None
    errors: Sequence[Rejection] = ()


@dataclass(frozen=True)
class CustomerOutcome:
    """The customer as it is after a mutation, and what was refused."""

    membership: Membership | None
    errors: Sequence[Rejection] = ()


def not_now(error: UpstreamError) -> Rejected:
    """The user pool cannot be asked; the log has why."""
    log.warning("identity.pool_unavailable", code=error.code, detail=error.detail)
    message = "Signing in is not possible just now."
    return Rejected(Rejection(ErrorCode.UPSTREAM_UNAVAILABLE, message, retryable=True, retry_after=_RETRY_AFTER))


class Checks:
    """Looks at everything that was sent before anything is said of it."""

    def __init__(self) -> None:
        self._reasons: list[Rejection] = []

    def run(self, check: Callable[..., T], *given: object) -> T:
        """What a check makes of it. Not to be used before `done`, because there is nothing where it was rejected."""
        try:
            return check(*given)
        except Rejected as rejected:
            self._reasons += rejected.reasons
            return cast(T, None)

    def done(self) -> None:
        """Go on.

        Raises:
            Rejected: any check did, with all reasons.
        """
        if self._reasons:
            raise Rejected(*self._reasons)
