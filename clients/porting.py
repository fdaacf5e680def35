"""The porting provider: whether a number can come to us, and how far one is on its way. There is no Open API for it.

What a newcomer would get wrong: an answer may repeat what it was asked, authorisation code and number included, and the
usual errors keep the beginning of an answer, or the URL, for the log. So every error leaves here without either.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from clients.calls import RefusedError, Request
from clients.lenient import decode_one
from clients.tmf import Collection, Entity, TMFClient, item_path
from kernel.context import Audience
from kernel.errors import UpstreamError, UpstreamInvalidError
from kernel.ids import is_local_id

UPSTREAM = "porting"
_SOME = 20

T = TypeVar("T")


class ProviderPortIn(Entity, frozen=True):
    """A port-in as the provider has it. `state` and `reason` are its own words; `externalId` is our reference."""

    external_id: str | None = None
    state: str | None = None
    reason: str | None = None
    scheduled_at: str | None = None


class ProviderPortability(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is told of a number. `requires` names what the network it comes from wants to be told."""

    portable: bool
    donor: str | None = None
    earliest: str | None = None
    requires: tuple[str, ...] = ()
    reason: str | None = None


PORT_INS = Collection(UPSTREAM, "portIn", ProviderPortIn)
_FIELDS = frozenset({"externalId", "state", "reason", "scheduledAt"})


@dataclass(frozen=True)
class Wish:
    """What is asked for, or corrected: what is None is not sent. `wanted_at` is RFC 3339 text.

    Account number and authorisation code are the donor's proof of who asks. They are sent and kept nowhere.
    """

    donor: str | None = None
    wanted_at: str | None = None
    account_number: str | None = field(default=None, repr=False)
    authorisation_code: str | None = field(default=None, repr=False)

    def body(self) -> dict[str, str]:
        named = {
            "donor": self.donor,
            "wantedAt": self.wanted_at,
            "accountNumber": self.account_number,
            "authorisationCode": self.authorisation_code,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True)
class PortingProvider:
    """Everything raises `UpstreamError` for want of a usable answer; writes as `Calls.write` says."""

    client: TMFClient
    audience: Audience

    async def portability(self, digits: str) -> ProviderPortability:
        """Whether a number can be ported; `digits` without `+`."""
        path = f"portability?msisdn={digits}"
        reply = await _quietly(
            lambda: self.client.calls.get(f"{UPSTREAM}.portability", path, self.audience, also=()), "portability"
        )
        try:
            return decode_one(reply.body, ProviderPortability, lambda _: None)
        except msgspec.MsgspecError:
            raise UpstreamInvalidError(UPSTREAM, detail="portability: not readable") from None

    async def get(self, provider_id: str) -> ProviderPortIn | None:
        """A port-in by the provider's id; None when it knows of none."""
        return await _quietly(
            lambda: self.client.get(PORT_INS, self.audience, provider_id, _FIELDS), "reading a port-in"
        )

    async def by_reference(self, reference: str) -> ProviderPortIn | None:
        """The port-in that was asked for under our reference; None when there certainly is none.

        Raises:
            UpstreamInvalidError: the provider does not filter, so that nobody can tell.
        """
        page = await _quietly(
            lambda: self.client.page(
                PORT_INS, self.audience, fields=_FIELDS, offset=0, limit=_SOME, filters={"externalId": reference}
            ),
            "looking for a port-in",
        )
        found = next((each for each in page.items if each.external_id == reference), None)
        if found is None and page.received:
            raise UpstreamInvalidError(UPSTREAM, detail="looking for a port-in: others came")
        return found

    async def ask(self, reference: str, digits: str, wish: Wish) -> ProviderPortIn | None:
        """Ask for a number to come to us; None where the answer does not tell."""
        return await self._write("POST", PORT_INS.path, {"externalId": reference, "msisdn": digits, **wish.body()})

    async def correct(self, provider_id: str, wish: Wish) -> ProviderPortIn | None:
        """Ask again for a rejected one, with other data; None where the answer does not tell."""
        return await self._write("PATCH", item_path(PORT_INS, provider_id), wish.body())

    async def cancel(self, provider_id: str, word: str) -> ProviderPortIn | None:
        """Have it end; `word` is the provider's for a cancelled one. None where the answer does not tell."""
        return await self._write("PATCH", item_path(PORT_INS, provider_id), {"state": word})

    async def _write(self, method: str, path: str, body: Mapping[str, Any]) -> ProviderPortIn | None:
        request = Request(method, path, msgspec.json.encode(body), {"content-type": "application/json"})
        reply = await _quietly(
            lambda: self.client.calls.write(PORT_INS.name, request, self.audience), f"{method} of a port-in"
        )
        try:
            told = decode_one(reply.body, ProviderPortIn, lambda _: None)
        except msgspec.MsgspecError:
            return None
        return told if is_local_id(told.id) else None


async def _quietly(call: Callable[[], Coroutine[Any, Any, T]], what: str) -> T:
    """The call, its errors without a word of what was sent or answered."""
    try:
        return await call()
    except UpstreamError as error:
        raise quiet(error, what) from None


def quiet(error: UpstreamError, what: str) -> UpstreamError:
    """The same error, telling the log only what was tried and what kind of failure it was."""
    status = f" {error.status}" if isinstance(error, RefusedError) else ""
    error.detail = f"{error.upstream}: {what}: {type(error).__name__}{status}"
    error.__cause__ = error.__context__ = None
    return error
