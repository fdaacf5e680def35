"""The fields of what is reserved for a cart, and the mutations that reserve."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from strawberry import argument

from domain.carts.model import Cart, LineInCart
from domain.carts.outcome import NumberUnavailable, ReservationOutcome
from domain.reservations.model import ResourceKind
from domain.reservations.reservation import Reservation, ReservationState
from kernel.context import RequestContext
from kernel.ids import GlobalId
from kernel.outcomes import Rejected
from resolvers.cart_inputs import line_global_id, local
from resolvers.context import Context, Info
from resolvers.numbers import offered
from schema.inputs import reservations as inputs

# ---------------------------------------------------------------- the root's fields


async def reserve_number(
    info: Info,
    input: Annotated[inputs.ReserveNumberInput, argument(description="What was offered, and for which cart.")],  # noqa: A002
) -> Any:
    return await _reserve(info, ResourceKind.NUMBER, input)


async def reserve_sim(
    info: Info,
    input: Annotated[inputs.ReserveSimInput, argument(description="What was offered, and for which cart.")],  # noqa: A002
) -> Any:
    return await _reserve(info, ResourceKind.SIM, input)


async def _reserve(
    info: Info, kind: ResourceKind, given: inputs.ReserveNumberInput | inputs.ReserveSimInput
) -> ReservationOutcome:
    reservations = info.context.require_reservations()
    try:
        cart_id = local(given.cart_id, "Cart", ("input", "cartId"))
    except Rejected as rejected:
        return ReservationOutcome(None, None, rejected.reasons)
    key = str(given.idempotency_key)
    return await reservations.reserve(info.context.request, kind, key, cart_id, given.offer_token)


async def extend_reservation(
    info: Info,
    input: Annotated[inputs.ReservationInput, argument(description="Which reservation.")],  # noqa: A002
) -> Any:
    return await _change(info, input, info.context.require_reservations().extend)


async def release_reservation(
    info: Info,
    input: Annotated[inputs.ReservationInput, argument(description="Which reservation.")],  # noqa: A002
) -> Any:
    return await _change(info, input, info.context.require_reservations().release)


async def _change(
    info: Info,
    given: inputs.ReservationInput,
    change: Callable[[RequestContext, str, str], Awaitable[ReservationOutcome]],
) -> ReservationOutcome:
    try:
        wanted = local(given.reservation_id, "Reservation", ("input", "reservationId"))
    except Rejected as rejected:
        return ReservationOutcome(None, None, rejected.reasons)
    return await change(info.context.request, str(given.idempotency_key), wanted)


async def load_reservation(context: Context, wanted: str) -> Reservation | None:
    """The caller's reservation with this local id."""
    return await context.require_reservations().find(context.request.principal, wanted)


# ---------------------------------------------------------------- what came of a mutation


async def payload_cart(root: strawberry.Parent[ReservationOutcome], info: Info) -> Any:
    """Only read when it is asked for: holding a number does not wait for the cart system."""
    if root.cart_id is None:
        return None
    return await info.context.require_carts().cart(info.context.request, root.cart_id)


def alternatives(root: strawberry.Parent[NumberUnavailable], info: Info) -> Any:
    return offered(info, list(root.alternatives))


# ---------------------------------------------------------------- a reservation


def reservation_id(root: strawberry.Parent[Reservation]) -> strawberry.ID:
    return strawberry.ID(str(GlobalId("Reservation", root.id)))


def reserved_resource(root: strawberry.Parent[Reservation]) -> str:
    """Of a card its owner sees the whole number once it is theirs, before that what everyone sees."""
    if root.kind is ResourceKind.NUMBER:
        return root.candidate.msisdn
    return root.candidate.value if root.state is ReservationState.ASSIGNED else root.candidate.masked


def reserved_until(root: strawberry.Parent[Reservation]) -> datetime:
    return datetime.fromtimestamp(int(root.expires_at), UTC)


def reserved_line(root: strawberry.Parent[Reservation]) -> strawberry.ID | None:
    return None if root.line_id is None else line_global_id(root.cart_id, root.line_id)


async def cart_reservations(root: strawberry.Parent[Cart], info: Info) -> Any:
    return await info.context.reserved.of(info.context, root.id)


async def line_reservations(root: strawberry.Parent[LineInCart], info: Info) -> Any:
    found = await info.context.reserved.of(info.context, root.cart.id)
    return [each for each in found if each.line_id == root.line.id]
