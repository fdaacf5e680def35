"""TM Forum's hub: asking an upstream to announce changes to a callback of ours (`POST /hub`, `DELETE /hub/{id}`).

Subscribing twice makes two subscriptions on most servers, so whoever calls this keeps the id. A 409 means that the
server has one like it already.
"""

from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from clients.auth import Authentication
from clients.http import Reply, Sender
from kernel.context import Deadline
from kernel.errors import UpstreamInvalidError, UpstreamUnavailableError
from kernel.ids import is_local_id

_CREATED = (200, 201, 202)
_GONE = (200, 202, 204, 404)
_CONFLICT = 409
_UNAUTHORIZED = 401


class _Created(msgspec.Struct):
    id: str | int


@dataclass(frozen=True)
class Hub:
    """The hub of one upstream API. `timeout`: seconds for one call."""

    name: str
    base_url: str
    sender: Sender
    auth: Authentication
    timeout: float = 5.0

    async def subscribe(self, callback: str, query: str = "") -> str | None:
        """The id of a new subscription; None when the server says that there is one already.

        Raises:
            UpstreamError: the server is down, or will not have it.
        """
        wanted = {"callback": callback, **({"query": query} if query else {})}
        reply = await self._send("POST", f"{self.base_url}/hub", msgspec.json.encode(wanted))
        if reply.status == _CONFLICT:
            return None
        if reply.status not in _CREATED:
            raise UpstreamUnavailableError(self.name, detail=f"POST /hub: {reply.status}")
        try:
            return str(msgspec.json.decode(reply.body, type=_Created).id)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UpstreamInvalidError(self.name, detail=f"POST /hub: {error}") from None

    async def withdraw(self, subscription: str) -> None:
        """End a subscription; one that is gone already is fine.

        Raises:
            UpstreamError: the server is down, or will not do it.
        """
        if not is_local_id(subscription):
            raise UpstreamInvalidError(
                self.name, detail=f"a subscription id that cannot go into a URL: {subscription!r}"
            )
        reply = await self._send("DELETE", f"{self.base_url}/hub/{quote(subscription, safe='')}", None)
        if reply.status not in _GONE:
            raise UpstreamUnavailableError(self.name, detail=f"DELETE /hub/{subscription}: {reply.status}")

    async def _send(self, method: str, url: str, content: bytes | None) -> Reply:
        deadline = Deadline.after(self.timeout)
        for _ in range(2):
            proof = await self.auth.headers(deadline.require(self.name))
            headers = {**proof, "accept": "application/json", "content-type": "application/json"}
            seconds = deadline.require(self.name)
            reply = await self.sender.send(method, url, headers=headers, content=content, seconds=seconds)
            if reply.status != _UNAUTHORIZED or not self.auth.rejected(proof):
                break
        return reply
