"""How the gateway proves itself to an upstream: not at all, by an API key, or by OAuth 2.0 client credentials."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from clients.http import Sender
from kernel.clock import Clock
from kernel.errors import UpstreamInvalidError, UpstreamTimeoutError, UpstreamUnavailableError

_RENEW_BEFORE_SECONDS = 30.0
_LIFE_UNTOLD_SECONDS = 300.0
_FETCH_SECONDS = 10.0
_HTTP_OK = 200


class Authentication(Protocol):
    """`headers` for the next request; `rejected` is told which met a 401, and says whether new ones may help."""

    async def headers(self, seconds: float) -> Mapping[str, str]: ...

    def rejected(self, sent: Mapping[str, str]) -> bool: ...


@dataclass(frozen=True)
class StaticHeaders:
    """No authentication, or a fixed header such as an API key."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def headers(self, seconds: float) -> Mapping[str, str]:  # noqa: ARG002
        return self.values

    def rejected(self, sent: Mapping[str, str]) -> bool:  # noqa: ARG002
        return False


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float | None = None


class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749, section 4.4), the secret sent as HTTP form fields (2.3.1).

    The token is kept until shortly before it expires. However many calls wait for it, it is fetched once, and all of
    them share the outcome: with the endpoint down, a queue of calls that each try again would outlast every deadline.
    """

    def __init__(
        self,
        sender: Sender,
        clock: Clock,
        *,
        upstream: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        scope: str = "",
    ) -> None:
        self._sender, self._clock, self._upstream, self._url = sender, clock, upstream, token_url
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self._form = urlencode(form | ({"scope": scope} if scope else {})).encode()
        self._token = ""
        self._good_until = 0.0
        self._flight: asyncio.Task[None] | None = None

    async def headers(self, seconds: float) -> Mapping[str, str]:
        """The bearer header.

        Raises:
            UpstreamTimeoutError: no token within `seconds`.
            UpstreamUnavailableError: the token endpoint refused or is down.
            UpstreamInvalidError: it answered with something that is not a token.
        """
        if self._clock.monotonic() >= self._good_until:
            if self._flight is None:
                self._flight = asyncio.create_task(self._fetch())
                self._flight.add_done_callback(self._landed)
            try:
                async with asyncio.timeout(seconds):
                    await asyncio.shield(self._flight)  # whoever gives up leaves it to the others
            except TimeoutError:
                raise UpstreamTimeoutError(self._upstream, detail=f"no token within {seconds:.2f} s") from None
        return {"authorization": f"Bearer {self._token}"}

    def rejected(self, sent: Mapping[str, str]) -> bool:
        """Fetch a new token next time, unless that was done since: many calls may meet the 401 of one token."""
        if sent == {"authorization": f"Bearer {self._token}"}:
            self._good_until = 0.0
        return True

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flight = None
        if not flight.cancelled():
            flight.exception()  # seen, even when nobody waits any more

    async def _fetch(self) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        reply = await self._sender.send("POST", self._url, headers=headers, content=self._form, seconds=_FETCH_SECONDS)
        if reply.status != _HTTP_OK:
            raise UpstreamUnavailableError(self._upstream, detail=f"token endpoint answered {reply.status}")
        try:
            token = msgspec.json.decode(reply.body, type=_Token, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UpstreamInvalidError(self._upstream, detail=f"token endpoint: {error}") from None
        if not (token.access_token.isascii() and token.access_token.isprintable() and token.access_token):
            raise UpstreamInvalidError(self._upstream, detail="token endpoint: a token that fits no header")
        life = _LIFE_UNTOLD_SECONDS if token.expires_in is None else token.expires_in
        self._token = token.access_token
        self._good_until = self._clock.monotonic() + max(life - _RENEW_BEFORE_SECONDS, 1.0)
