"""Writing to a TM Forum API, where no standard gives an idempotency key or a conditional update.

What a newcomer would get wrong: an answer to a write is only what the server says of it. It may have kept less than it
was sent, and its body may be empty, shortened or an error with status 200. So whoever writes compares the answer with
what was asked, and reads back what the answer does not tell (docs/carts.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from clients.calls import Request
from clients.http import Reply
from clients.lenient import decode_one
from clients.tmf import Collection, Entity, TMFClient, item_path
from kernel.context import Audience
from kernel.errors import UpstreamInvalidError
from kernel.ids import is_local_id

E = TypeVar("E", bound=Entity)

_ACCEPTED = 202
_NOT_FOUND = 404
_GONE = 410

# TM Forum's amounts are JSON numbers; msgspec would write a Decimal as text.
_JSON = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class Written(Generic[E]):
    """What a server answered. `entity` is None where it told nothing readable, or not yet (202)."""

    entity: E | None
    etag: str | None


@dataclass(frozen=True)
class Writer:
    """Writes to one upstream API, each call once. Errors are those of `Calls.write`."""

    client: TMFClient

    async def create(self, collection: Collection[E], audience: Audience, body: Mapping[str, Any]) -> Written[E]:
        """`POST /collection`."""
        request = Request("POST", collection.path, _JSON.encode(body), _content(self.client, patching=False))
        reply = await self.client.calls.write(collection.name, request, audience)
        return self._answer(collection, reply, None)

    async def change(
        self,
        collection: Collection[E],
        audience: Audience,
        local_id: str,
        body: Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> Written[E]:
        """`PATCH /collection/id` as a merge-patch (RFC 7396): an array in `body` replaces the whole array.

        `if_match`: the ETag the entity must still have, where the server gave one; else it refuses with 412.
        """
        headers = dict(_content(self.client, patching=True))
        if if_match is not None:
            headers["if-match"] = if_match
        request = Request("PATCH", item_path(collection, local_id), _JSON.encode(body), headers)
        return self._answer(collection, await self.client.calls.write(collection.name, request, audience), local_id)

    async def remove(self, collection: Collection[E], audience: Audience, local_id: str) -> None:
        """`DELETE /collection/id`; what is gone already is as good."""
        request = Request("DELETE", item_path(collection, local_id))
        await self.client.calls.write(collection.name, request, audience, also=(_NOT_FOUND, _GONE))

    async def read(self, collection: Collection[E], audience: Audience, local_id: str) -> Written[E] | None:
        """The whole entity as it is now, with its ETag; None when the server knows no such id.

        Raises:
            UpstreamError: no usable answer.
        """
        path = item_path(collection, local_id)
        reply = await self.client.calls.get(collection.name, path, audience, also=(_NOT_FOUND, _GONE))
        if reply.status in (_NOT_FOUND, _GONE):
            return None
        found = self._answer(collection, reply, local_id)
        if found.entity is None:
            raise UpstreamInvalidError(self.client.name, detail=f"{path}: no such document in the answer")
        return found

    def _answer(self, collection: Collection[E], reply: Reply, local_id: str | None) -> Written[E]:
        odd = partial(self.client.odd, collection)
        entity: E | None = None
        if reply.status != _ACCEPTED and reply.body:
            try:
                entity = decode_one(reply.body, collection.model, odd)
            except msgspec.MsgspecError as error:
                odd(f"an answer to a write: {error}")
        if entity is not None and (entity.id != local_id if local_id is not None else not is_local_id(entity.id)):
            odd(f"an answer with the id {entity.id[:80]!r}")
            entity = None
        return Written(entity, reply.headers.get("etag"))


def _content(client: TMFClient, *, patching: bool) -> Mapping[str, str]:
    merge = patching and client.options.version == "v5"
    return {"content-type": "application/merge-patch+json" if merge else "application/json"}
