"""Guests and people who are signed in, in the processes of an estate: each request is one call, without HTTP."""

from dataclasses import dataclass

from domain.carts.carts import Carts
from domain.carts.claiming import MergeMode
from domain.carts.model import Cart
from domain.carts.offers import Offers
from domain.carts.operations import AddLine, Operation
from domain.carts.outcome import CartOutcome
from domain.carts.updating import Request
from kernel.context import Deadline, Principal, RequestContext, Segment
from tests.carts.estate import AUDIENCE, Estate


@dataclass
class Person:
    """Somebody by name, or a guest, at one process of an estate; with a cart, once there is one."""

    estate: Estate
    name: str | None = None
    token: str | None = None
    id: str = ""
    process: int = 0

    @property
    def carts(self) -> Carts:
        return self.estate.carts(self.process)

    @property
    def ctx(self) -> RequestContext:
        return RequestContext(AUDIENCE, Deadline.after(3_600), Principal(id=self.name, cart_token=self.token))

    async def create(self, key: str | None = None) -> CartOutcome:
        outcome = await self.carts.create(self.ctx, key or self.key(), Segment.B2C, None)
        if outcome.cart is not None:
            self.id, self.token = outcome.cart.id, outcome.token
        return outcome

    async def add(self, quantity: int, offering: str = "po-mobile-s", *, version: int | None = None) -> CartOutcome:
        """Of the cart as it is, where no version is named."""
        if version is None:
            version = (await self.read_surely()).version
        return await self.change(version, AddLine(("input",), offering, quantity))

    async def change(self, version: int, *operations: Operation) -> CartOutcome:
        offers = Offers(self.estate.processes[self.process].catalog, "en")
        return await self.carts.update(self.ctx, offers, Request(self.key(), self.id, version, operations))

    async def claim(self, guest: "Person", mode: MergeMode = MergeMode.MERGE, *, key: str | None = None) -> CartOutcome:
        return await self.carts.claim(self.ctx, key or self.key(), str(guest.token), mode)

    async def read(self) -> Cart | None:
        return await self.carts.cart(self.ctx, self.id)

    async def read_surely(self) -> Cart:
        found = await self.read()
        assert found is not None
        return found

    def key(self) -> str:
        return f"k-{self.estate.number()}"


def codes(outcome: CartOutcome) -> list[str]:
    return [error.code.value for error in outcome.errors]


def quantities(cart: Cart | None) -> list[int]:
    assert cart is not None
    return [line.quantity for line in cart.lines]
