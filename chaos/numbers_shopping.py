"""Shoppers who race for the same few numbers, over HTTP.

They ask any gateway, lose answers, ask again, check out by any worker, and write everything down.
"""

import asyncio
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from chaos.numbers_history import Claim, NumbersHistory
from kernel.ids import GlobalId, local_id

OFFERS = "{ availableNumbers(count: 50) { msisdn offerToken } }"
CREATE = "mutation($input: CreateCartInput!) { createCart(input: $input) { cart { id } guestCartToken } }"
_SHOWN = "reservation { id state resource expiresAt } errors { code message }"
RESERVE = f"mutation($input: ReserveNumberInput!) {{ done: reserveNumber(input: $input) {{ {_SHOWN} }} }}"
EXTEND = f"mutation($input: ReservationInput!) {{ done: extendReservation(input: $input) {{ {_SHOWN} }} }}"
RELEASE = f"mutation($input: ReservationInput!) {{ done: releaseReservation(input: $input) {{ {_SHOWN} }} }}"
_UNHEARD = "Nobody knows yet"
_TRIES = 8


@dataclass(frozen=True)
class Said:
    """What a gateway said of a reservation. `code` is empty where it did what it was asked; UNKNOWN: nobody knows."""

    code: str
    id: str = ""
    number: str = ""
    state: str = ""
    until: float = 0.0

    @classmethod
    def of(cls, answer: Any) -> "Said":
        payload = (answer or {}).get("done")
        if payload is None:
            return cls("UNKNOWN")
        errors, shown = payload["errors"], payload["reservation"]
        if errors:
            return cls("UNKNOWN" if errors[0]["message"].startswith(_UNHEARD) else errors[0]["code"])
        until = datetime.fromisoformat(shown["expiresAt"]).timestamp()
        local = str(local_id(shown["id"], "Reservation"))
        return cls("", local, shown["resource"].removeprefix("+"), shown["state"], until)


@dataclass
class Shelf:
    """The numbers that shoppers want just now, each with its offer. What is sold for good makes room for another."""

    size: int
    offers: dict[str, str] = field(default_factory=dict)
    spare: dict[str, str] = field(default_factory=dict)
    sold: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)

    @property
    def wants_more(self) -> bool:
        return len(self.offers) < self.size

    def fill(self, offered: list[dict[str, str]]) -> None:
        self.spare |= {each["msisdn"].removeprefix("+"): each["offerToken"] for each in offered}
        self._put_out()

    def sell(self, number: str) -> None:
        self.sold.add(number)
        self.offers.pop(number, None)
        self._put_out()

    def _put_out(self) -> None:
        while self.spare and self.wants_more:
            number, offer = self.spare.popitem()
            if number not in self.sold:
                self.offers.setdefault(number, offer)
                self.ever.add(number)


@dataclass
class Shop:
    """What all shoppers share. `ahead`: by how many seconds the fastest clock is ahead of the slowest."""

    gateways: list[str]
    workers: list[str]
    http: httpx.AsyncClient
    shelf: Shelf
    ahead: float
    hold: float
    patient: bool = False
    """Whether every answer is waited for."""
    history: NumbersHistory = field(default_factory=NumbersHistory)
    counted: Counter[str] = field(default_factory=Counter)


@dataclass
class Shopper:
    """One guest with one cart, who wants one number after the other."""

    shop: Shop
    dice: random.Random
    keeping: float = 0.8
    """The share of assigned numbers that are not given up again."""
    cart: str = ""
    token: str = ""

    async def run(self, until: float) -> None:
        """Shop until that moment of `time.time`, then bring to an end what was begun."""
        while time.time() < until:
            if not self.cart:
                await self.new_cart()
            elif self.shop.shelf.wants_more and self.dice.random() < 0.1:
                await self._look()
            elif self.shop.shelf.offers:
                await self._buy()
            else:
                await self._look()

    async def _buy(self) -> None:
        number = self.dice.choice(list(self.shop.shelf.offers))
        claim = await self.reserve(self.shop.shelf.offers[number])
        if claim is None:
            return
        fate = self.dice.random()
        if fate < 0.06:  # forgotten: its time runs out
            return
        if fate < 0.16:
            await self._pause(0.3)
            await self.give_up_hold(claim)
            return
        if fate < 0.30:
            await self._pause(1.3 * self.shop.hold)  # some come too late
        if fate > 0.8:
            await self.extend(claim)
        await self.check_out(claim)

    async def reserve(self, offer: str) -> Claim | None:
        """Reserve, asking again with the same key until it is decided, or not at all."""
        given = {"idempotencyKey": str(uuid.uuid4()), "cartId": self.cart, "offerToken": offer}
        for _ in range(_TRIES):
            said = Said.of(await self._graphql(RESERVE, {"input": given}))
            if said.state == "HELD":
                claim = Claim(said.number, said.id, time.time(), said.until - self.shop.ahead)
                self.shop.history.claims.append(claim)
                self.shop.counted["reserved"] += 1
                return claim
            if said.code == "NUMBER_UNAVAILABLE":
                self.shop.counted["lost races"] += 1
                await self._pause(0.3)
                return None
            if said.code == "UNKNOWN":
                self.shop.counted["unknown"] += 1
            if not said.code or self.dice.random() < 0.15:  # it is over already; and some never ask again
                return None
            await self._pause(0.4)
        return None

    async def extend(self, claim: Claim) -> None:
        said = Said.of(await self._graphql(EXTEND, {"input": _about(claim)}))
        if said.state == "HELD":
            claim.until = max(claim.until, said.until - self.shop.ahead)
        elif said.code == "RESERVATION_EXPIRED":
            claim.lost_at = time.time()
        elif said.code == "UNKNOWN":
            self.shop.counted["unknown"] += 1

    async def give_up_hold(self, claim: Claim) -> None:
        claim.gave_up_at = time.time()
        await self._graphql(RELEASE, {"input": _about(claim)})

    async def check_out(self, claim: Claim) -> None:
        """Keep it, pay, and make it the shopper's; a step is repeated until an answer says what became of it."""
        frozen = await self.step("freeze", claim)
        if frozen != 200:
            if frozen == 410:
                claim.lost_at = time.time()
            return
        claim.in_checkout_from = time.time()
        await self._pause(0.2)
        if self.dice.random() < 0.07:  # the payment fails
            await self._give_back(claim)
            return
        claim.may_be_assigned = True
        done = await self.step("assign", claim, giving_up=0.02)
        if done is None:  # nobody knows, and the pipeline undoes
            await self._give_back(claim)
            claim.may_be_assigned = False
            return
        claim.may_be_assigned = False
        if done != 200:
            claim.lost_at = time.time()
            return
        claim.assigned_at = time.time()
        self.shop.counted["assigned"] += 1
        if self.dice.random() < self.keeping:
            self.shop.shelf.sell(claim.number)
            return
        await self._pause(1.0)
        await self._give_back(claim)

    async def _give_back(self, claim: Claim) -> None:
        claim.gave_up_at = time.time()
        await self.step("give_back", claim)
        self.shop.counted["given back"] += 1

    async def step(self, step: str, claim: Claim, *, giving_up: float = 0.0) -> int | None:
        """The status that says how it ended; None when it was given up before anybody knew."""
        while True:
            url = f"{self.dice.choice(self.shop.workers)}/{step}/{claim.token}"
            try:
                reply = await self.shop.http.post(url, timeout=self._patience())
            except httpx.HTTPError:
                self.shop.counted["unknown"] += 1
            else:
                if reply.status_code != 503:
                    return reply.status_code
            if self.dice.random() < giving_up:
                return None
            await self._pause(0.5)

    # ---------------------------------------------------------------- asking

    async def offered(self) -> tuple[str, str]:
        """A number that is free, and its offer; a cart is there then."""
        while not self.shop.shelf.offers or not self.cart:
            await self._look()
            await self.new_cart()
        return next(iter(self.shop.shelf.offers.items()))

    async def _look(self) -> None:
        found = await self._graphql(OFFERS, {})
        if found is None:
            await self._pause(0.5)
        else:
            self.shop.shelf.fill(found["availableNumbers"] or [])

    async def new_cart(self) -> None:
        found = await self._graphql(CREATE, {"input": {"idempotencyKey": str(uuid.uuid4())}})
        if found is None or found["createCart"]["cart"] is None:
            await self._pause(0.5)
        else:
            self.cart = found["createCart"]["cart"]["id"]
            self.token = found["createCart"]["guestCartToken"]

    async def _graphql(self, document: str, variables: dict[str, Any]) -> Any:
        """The data of an answer; None where none came, or none was waited for."""
        try:
            reply = await self.shop.http.post(
                f"{self.dice.choice(self.shop.gateways)}/graphql",
                json={"query": document, "variables": variables},
                headers={"accept": "application/graphql-response+json", "x-cart-token": self.token},
                timeout=self._patience(),
            )
            return reply.json().get("data")
        except (httpx.HTTPError, ValueError):
            return None

    def _patience(self) -> float:
        """Seconds that it waits for an answer; some answers are not waited for."""
        if self.shop.patient:
            return 60.0
        return self.dice.uniform(0.005, 0.1) if self.dice.random() < 0.03 else 4.0

    async def _pause(self, longest: float) -> None:
        await asyncio.sleep(self.dice.uniform(0, longest))


def _about(claim: Claim) -> dict[str, str]:
    return {"idempotencyKey": str(uuid.uuid4()), "reservationId": str(GlobalId("Reservation", claim.token))}
