"""Signed-in users as the shop sees them."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from clients.cognito import CognitoClient, CognitoRefusedError
from kernel.context import Principal
from kernel.errors import UnauthenticatedError

_MOST_LOGINS = 20_000


@dataclass(frozen=True)
class Viewer:
    """Whoever is signed in, as the schema shows them."""

    principal: Principal

    @property
    def id(self) -> str:
        return self.principal.id or ""


def viewer_of(principal: Principal) -> Viewer | None:
    """The viewer that a request has; None for a guest."""
    return None if principal.id is None else Viewer(principal)


def scope_of(principal: Principal) -> str:
    """Within what an idempotency key counts: for guests the key alone."""
    return f"principal:{principal.id}" if principal.id is not None else "guest"


class Logins:
    """By what users sign in. An access token does not tell, so it is asked for, and remembered in this process."""

    def __init__(self, cognito: CognitoClient) -> None:
        self._cognito = cognito
        self._known: OrderedDict[str, str] = OrderedDict()

    async def of(self, principal: Principal) -> str | None:
        """The e-mail address, else the phone number; None where the pool knows neither.

        Raises:
            UnauthenticatedError: the pool has ended this sign-in.
            UpstreamError: it cannot be asked.
        """
        if principal.id is None or principal.token is None:
            return None
        if principal.id in self._known:
            self._known.move_to_end(principal.id)
            return self._known[principal.id]
        try:
            attributes = await self._cognito.attributes(principal.token)
        except CognitoRefusedError as error:
            raise UnauthenticatedError(detail=f"the pool knows better: {error}") from None
        return self.remember(principal.id, attributes)

    def remember(self, user: str, attributes: Mapping[str, object]) -> str | None:
        """Keep what an id token or the pool told."""
        login = attributes.get("email") or attributes.get("phone_number")
        if not isinstance(login, str):
            return None
        self._known[user] = login
        while len(self._known) > _MOST_LOGINS:
            self._known.popitem(last=False)
        return login
