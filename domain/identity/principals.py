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


@dataclass(frozen=True)
class _Login:
    value: str
    verified: bool


class Logins:
    """By what users sign in. An access token does not tell, so it is asked for, and remembered in this process."""

    def __init__(self, cognito: CognitoClient) -> None:
        self._cognito = cognito
        self._known: OrderedDict[str, _Login] = OrderedDict()

    async def of(self, principal: Principal) -> str | None:
        """The e-mail address, else the phone number; None where the pool knows neither.

        Raises:
            UnauthenticatedError: the pool has ended this sign-in.
            UpstreamError: it cannot be asked.
        """
        found = await self._of(principal)
        return None if found is None else found.value

    async def verified(self, principal: Principal) -> str | None:
        """The same, if the user has shown that it is theirs; raises as `of`.

        Whoever has an access token can write another address into the pool, past us: then it is not verified.
        """
        found = await self._of(principal)
        return found.value if found is not None and found.verified else None

    async def _of(self, principal: Principal) -> "_Login | None":
        if principal.id is None or principal.token is None:
            return None
        if principal.id in self._known:
            self._known.move_to_end(principal.id)
            return self._known[principal.id]
        try:
            attributes = await self._cognito.attributes(principal.token)
        except CognitoRefusedError as error:
            raise UnauthenticatedError(detail=f"the pool knows better: {error}") from None
        self.remember(principal.id, attributes)
        return self._known.get(principal.id)

    def remember(self, user: str, attributes: Mapping[str, object]) -> str | None:
        """Keep what an id token or the pool told."""
        name = "email" if attributes.get("email") else "phone_number"
        login = attributes.get(name)
        if not isinstance(login, str):
            return None
        self._known[user] = _Login(login, attributes.get(f"{name}_verified") in (True, "true"))
        while len(self._known) > _MOST_LOGINS:
            self._known.popitem(last=False)
        return login
