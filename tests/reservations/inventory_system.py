"""An operator's TMF639 in memory, and TMF685 over it: blind or conditional, and as treacherous as real ones are."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

Json = dict[str, Any]

FATES = ("kept", "kept, no answer", "lost", "late", "409", "unreachable")
"""What can become of a write. `late` is carried out when `apply_late` says so; its client hears nothing."""


@dataclass
class InventorySystemInMemory:
    """Resources by id. `boundary` is awaited before a request has its effect, and before its answer."""

    boundary: Callable[[], Awaitable[None]]
    resources: dict[str, Json] = field(default_factory=dict)
    fates: deque[str] = field(default_factory=deque)
    late: list[httpx.Request] = field(default_factory=list)
    dumb: int = 0
    """So many reads bring no answer."""
    conditional: bool = False
    reservations: dict[str, Json] = field(default_factory=dict)
    """TMF685's, by id."""

    def fill(self, ids: tuple[str, ...]) -> None:
        self.reservations.clear()
        self.resources = {each: {"id": each, "resourceStatus": "available", "revision": 0} for each in ids}
        self.late.clear()
        self.heal()

    def heal(self) -> None:
        """From now on everything is kept and answered; what is late stays late."""
        self.fates.clear()
        self.dumb = 0

    def apply_late(self) -> None:
        waiting, self.late = self.late, []
        for request in waiting:
            self._write(request)

    def forget(self, identifier: str) -> None:
        """It comes back as it was before anybody wanted this resource."""
        self._change(identifier, resourceStatus="available", usageState="idle", relatedParty=[])

    def state(self, identifier: str) -> tuple[str, str | None]:
        """Status and use in one word, and the mark."""
        found = self.resources[identifier]
        marks = [party["id"] for party in found.get("relatedParty", ())]
        used = found.get("usageState") == "active"
        return "assigned" if used else found["resourceStatus"], marks[0] if marks else None

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._serve)

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        await self.boundary()
        if request.method == "GET":
            if self.dumb:
                self.dumb -= 1
                return httpx.Response(503)
            return self._found(request) if _is_pool(request) else self._shown(self.resources[_id(request)])
        fate = self.fates.popleft() if self.fates else "kept"
        if fate == "unreachable":
            raise httpx.ConnectError("nobody is there", request=request)
        if fate == "409":
            return httpx.Response(409, json={"code": "409", "reason": "no"})
        if fate == "late":
            self.late.append(request)
        answer = self._write(request) if fate.startswith("kept") else None
        await self.boundary()
        if fate != "kept" or answer is None:
            raise httpx.ReadTimeout("no answer", request=request)
        return answer

    # ------------------------------------------------------------ reservations

    @property
    def standing(self) -> list[Json]:
        """Those that still can end."""
        return [each for each in self.reservations.values() if each["reservationState"] == "reserved"]

    def _found(self, request: httpx.Request) -> httpx.Response:
        """Those of the party that is asked for."""
        party = request.url.params["relatedParty.id"]
        return httpx.Response(200, json=[e for e in self.reservations.values() if e["relatedParty"]["id"] == party])

    def _reserve(self, body: Json) -> httpx.Response:
        number = _named(body)
        if self.resources[number]["resourceStatus"] != "available":
            return httpx.Response(409, json={})
        made = {**body, "id": f"r{len(self.reservations)}", "reservationState": "reserved"}
        self.reservations[made["id"]] = made
        self._change(number, resourceStatus="reserved", usageState="idle", relatedParty=[body["relatedParty"]])
        return httpx.Response(201, json=made)

    def _end(self, identifier: str, state: str) -> httpx.Response:
        kept = self.reservations[identifier]
        if kept["reservationState"] != "reserved":
            return httpx.Response(409, json={})
        kept["reservationState"] = state
        number, party = _named(kept), kept["relatedParty"]["id"]
        if state == "cancelled" and self.state(number) == ("reserved", party):
            self._change(number, resourceStatus="available", usageState="idle", relatedParty=[])
        return httpx.Response(200, json=kept)

    def _change(self, number: str, **changes: Any) -> None:
        self.resources[number].update(changes)
        self.resources[number]["revision"] += 1

    # ------------------------------------------------------------ writes

    def _write(self, request: httpx.Request) -> httpx.Response:
        if _is_pool(request):
            body = msgspec.json.decode(request.content)
            post = request.method == "POST"
            return self._reserve(body) if post else self._end(_id(request), body["reservationState"])
        kept = self.resources[_id(request)]
        if self.conditional and request.headers.get("if-match") not in (None, _etag(kept)):
            return httpx.Response(412, json={})
        kept.update(msgspec.json.decode(request.content))
        kept["revision"] += 1
        return self._shown(kept)

    def _shown(self, resource: Json) -> httpx.Response:
        return httpx.Response(200, json=resource, headers={"etag": _etag(resource)} if self.conditional else {})


def _id(request: httpx.Request) -> str:
    return request.url.path.rpartition("/")[2]


def _is_pool(request: httpx.Request) -> bool:
    return "resourcePool" in request.url.path


def _named(reservation: Json) -> str:
    """The resource that a reservation is for."""
    return str(reservation["reservationItem"][0]["appliedCapacityAmount"]["resource"][0]["id"])


def _etag(resource: Json) -> str:
    return f'"{resource["revision"]}"'
