"""How the gateway proves itself to an upstream: not at all, by an API key, or by OAuth 2.0 client credentials."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from clients.http import Sender
from kernel.clock import Clock
from kernel.errors import UpstreamInvalidError, UpstreamUnavailableError

_RENEW_BEFORE_SECONDS = 30.0
_HTTP_OK = 200


class Authentication(Protocol):
    """`headers` for the next request; `rejected` is told of a 401 and says whether asking once more makes sense."""

    async def headers(self, seconds: float) -> Mapping[str, str]: ...

    def rejected(self) -> bool: ...


@dataclass(frozen=True)
class StaticHeaders:
    """No authentication, or a fixed header such as an API key."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def headers(self, seconds: float) -> Mapping[str, str]:  # noqa: ARG002
        return self.values

    def rejected(self) -> bool:
        return False


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 300.0


class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749, section 4.4), the secret sent as HTTP form fields (2.3.1).

    The token is kept until shortly before it expires; however many calls wait for it, it is fetched once.
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
        self._lock = asyncio.Lock()

    async def headers(self, seconds: float) -> Mapping[str, str]:
        """The bearer header.

        Raises:
            UpstreamUnavailableError: the token endpoint refused or is down.
            UpstreamInvalidError: it answered with something that is not a token.
        """
        async with self._lock:
            if self._clock.monotonic() >= self._good_until:
                await self._fetch(seconds)
        return {"authorization": f"Bearer {self._token}"}

    def rejected(self) -> bool:
        self._good_until = 0.0
        return True

    async def _fetch(self, seconds: float) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        reply = await self._sender.send("POST", self._url, headers=headers, content=self._form, seconds=seconds)
        if reply.status != _HTTP_OK:
            raise UpstreamUnavailableError(self._upstream, detail=f"token endpoint answered {reply.status}")
        try:
            token = msgspec.json.decode(reply.body, type=_Token)
        except msgspec.MsgspecError as error:
            raise UpstreamInvalidError(self._upstream, detail=f"token endpoint: {error}") from None
        self._token = token.access_token
        self._good_until = self._clock.monotonic() + max(token.expires_in - _RENEW_BEFORE_SECONDS, 1.0)
