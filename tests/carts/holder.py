"""A shopper who chooses numbers, for tests."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.carts.shopper import Shopper
from tests.client import Answer

RESERVATION = "reservation { id kind state resource expiresAt lineId }"
WHY = """errors { __typename code message path retryable
  ... on NumberUnavailableError { alternatives { msisdn tier offerToken } } }"""
CART = "cart { id version reservations { id state resource lineId } }"
NUMBERS = """query($count: Int, $search: NumberSearch) {
  availableNumbers(count: $count, search: $search) { msisdn tier offerToken }
}"""
SIMS = "query($kind: SimKind!) { availableSims(kind: $kind, count: 5) { maskedIccid offerToken } }"


def _mutation(name: str, kind: str, fields: str) -> str:
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {fields} }} }}"


@dataclass
class Holder:
    """A shopper with a cart, at one process of the estate."""

    shopper: Shopper

    @property
    def cart_id(self) -> str:
        return str(self.shopper.cart["id"])

    async def numbers(self, count: int = 5, **search: Any) -> list[dict[str, Any]]:
        found = await self.shopper.client.data(NUMBERS, count=count, search=search or None)
        return list(found["availableNumbers"])

    async def sims(self, kind: str = "ESIM") -> list[dict[str, Any]]:
        return list((await self.shopper.client.data(SIMS, kind=kind))["availableSims"])

    async def reserve(self, offer: str, *, key: str | None = None, sim: bool = False, **given: Any) -> dict[str, Any]:
        """`reserveNumber`, or `reserveSim`; its payload."""
        name, kind = ("reserveSim", "ReserveSimInput") if sim else ("reserveNumber", "ReserveNumberInput")
        sent = {"cartId": self.cart_id, "offerToken": offer, **given}
        return await self._do(name, kind, key, sent)

    async def extend(self, reservation: str, *, key: str | None = None) -> dict[str, Any]:
        return await self._do("extendReservation", "ReservationInput", key, {"reservationId": reservation})

    async def release(self, reservation: str, *, key: str | None = None) -> dict[str, Any]:
        return await self._do("releaseReservation", "ReservationInput", key, {"reservationId": reservation})

    async def reserved(self) -> list[dict[str, Any]]:
        """What the cart shows."""
        document = f"query($id: ID) {{ cart(id: $id) {{ {CART.removeprefix('cart {').removesuffix('}')} }} }}"
        found = await self.shopper.client.data(document, headers=self.shopper.headers, id=self.cart_id)
        return list(found["cart"]["reservations"])

    async def node(self, reservation: str) -> dict[str, Any] | None:
        document = "query($id: ID!) { node(id: $id) { ... on Reservation { id state resource } } }"
        found = await self.shopper.client.data(document, headers=self.shopper.headers, id=reservation)
        return found["node"]  # type: ignore[no-any-return]

    async def ask(self, name: str, kind: str, fields: str, sent: dict[str, Any]) -> Answer:
        return await self.shopper.client.query(_mutation(name, kind, fields), headers=self.shopper.headers, input=sent)

    async def _do(self, name: str, kind: str, key: str | None, sent: dict[str, Any]) -> dict[str, Any]:
        answer = await self.ask(
            name, kind, f"{RESERVATION} {WHY}", {"idempotencyKey": key or str(uuid.uuid4()), **sent}
        )
        assert "errors" not in answer.body, answer.body["errors"]
        return answer.data[name]  # type: ignore[no-any-return]


async def at_once(count: int, make: Any) -> list[Any]:
    """`count` requests at the same time."""
    return list(await asyncio.gather(*(make(place) for place in range(count))))


@asynccontextmanager
async def asleep_in(monkeypatch: pytest.MonkeyPatch, where: type, name: str) -> AsyncIterator[asyncio.Event]:
    """Inside, whoever comes to this method falls asleep in front of it, as the event tells; afterwards they wake up."""
    asleep, awake, does = asyncio.Event(), asyncio.Event(), getattr(where, name)

    async def slowly(*given: Any, **more: Any) -> Any:
        asleep.set()
        await awake.wait()
        return await does(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(where, name, slowly)
        yield asleep
    awake.set()
