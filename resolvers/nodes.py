"""Finding any object again by its global id."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import strawberry
from strawberry import argument

from engine import projection
from kernel.errors import GatewayError, LimitExceededError
from kernel.ids import GlobalId, global_id_text, parse_global_id
from resolvers.carts import load_line
from resolvers.context import Context, Info
from resolvers.customers import load_account, load_customer, load_product
from resolvers.port_ins import load_port_in
from resolvers.reservations import load_reservation
from resolvers.sessions import load_viewer

MAX_NODES = 100

Load = Callable[[Context, str, frozenset[str]], Awaitable[Any]]

_LOADERS: Mapping[str, Load] = {
    "ProductOffering": lambda ctx, local, fields: ctx.catalog.offering(ctx.request, local, fields),
    "OfferingPrice": lambda ctx, local, fields: ctx.catalog.price(ctx.request, local, fields),
    "ProductSpecification": lambda ctx, local, fields: ctx.catalog.specification(ctx.request, local, fields),
    "Category": lambda ctx, local, _: ctx.catalog.category(ctx.request, local),
    "Cart": lambda ctx, local, _: ctx.require_carts().cart(ctx.request, local),
    "CartLine": lambda ctx, local, _: load_line(ctx, local),
    "Reservation": lambda ctx, local, _: load_reservation(ctx, local),
    "Customer": lambda ctx, local, _: load_customer(ctx, local),
    "BillingAccount": load_account,
    "Product": load_product,
    "PortIn": lambda ctx, local, _: load_port_in(ctx, local),
    "Viewer": lambda ctx, local, _: load_viewer(ctx, local),
}


def global_id(type_name: str) -> Callable[..., strawberry.ID]:
    """A resolver that gives an entity's global id."""

    def resolve(root: strawberry.Parent[Any]) -> strawberry.ID:
        return strawberry.ID(global_id_text(type_name, root.id))

    return resolve


async def node(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="Any object's id.")],  # noqa: A002  (the argument's public name)
) -> Any:
    return await _load(info, parse_global_id(id))


async def nodes(
    info: Info, ids: Annotated[list[strawberry.ID], argument(description="Any objects' ids, at most 100.")]
) -> list[Any]:
    """Each object at its place; what fails fails alone. A broken id refuses the whole list before anything is asked."""
    if len(ids) > MAX_NODES:
        raise LimitExceededError(f"At most {MAX_NODES} ids at a time.")
    return await _each(info, [parse_global_id(each) for each in ids])


async def _each(info: Info, wanted: Sequence[GlobalId]) -> list[Any]:
    found = await asyncio.gather(*(_load(info, each) for each in wanted), return_exceptions=True)
    for outcome in found:
        if isinstance(outcome, BaseException) and not isinstance(outcome, GatewayError):
            raise outcome
    return found


async def _load(info: Info, wanted: GlobalId) -> Any:
    load = _LOADERS.get(wanted.type)
    return None if load is None else await load(info.context, wanted.local, projection(info, wanted.type))
