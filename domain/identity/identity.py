"""Everything about who is asking, in one hand."""

from dataclasses import dataclass

from domain.identity.codes import Codes
from domain.identity.principals import Logins
from domain.identity.sessions import Sessions
from domain.identity.tokens import AccessTokens


@dataclass(frozen=True)
class Identity:
    """What a process has of it: codes, sessions, whose access tokens they are, and by what their owners sign in."""

    codes: Codes
    sessions: Sessions
    access: AccessTokens
    logins: Logins
