"""The parts that a shop may do without. Each is imported where the settings ask for it, and its libraries with it:
SQLAlchemy and cryptography take 21 MB, which a process that shows the catalogue alone does without.
"""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bff.foundation import Foundation

if TYPE_CHECKING:
    from bff.numbers import OpenNumbers
    from bff.porting import OpenPorting
    from domain.carts.carts import Carts
    from domain.carts.reserving import CartReservations
    from domain.identity.identity import Identity
    from domain.pipelines.customers import Customers


async def carts_of(base: Foundation, stack: AsyncExitStack) -> "Carts | None":
    """Carts; None where the operator has no TMF663."""
    if not base.settings.tmf663.url:
        return None
    from bff.carts import open_carts

    return await stack.enter_async_context(open_carts(base))


async def numbers_of(base: Foundation, stack: AsyncExitStack) -> "OpenNumbers | None":
    """Numbers and cards; None where the operator has no TMF639."""
    if not base.settings.tmf639.url:
        return None
    from bff.numbers import open_numbers

    return await stack.enter_async_context(open_numbers(base))


def reservations_of(
    base: Foundation, carts: "Carts | None", numbers: "OpenNumbers | None"
) -> "CartReservations | None":
    """Reservations for carts; None where there are no carts, or nothing can be kept apart."""
    if carts is None or numbers is None or numbers.reservations is None:
        return None
    from domain.carts.reserving import CartReservations

    tokens, search = numbers.numbers.tokens, numbers.numbers.search
    return CartReservations(carts, numbers.reservations, base.require_records().idempotency, tokens, search)


async def porting_of(base: Foundation, stack: AsyncExitStack, carts: "Carts | None") -> "OpenPorting | None":
    """Numbers from elsewhere; None where there is no porting provider."""
    if not base.settings.porting.url:
        return None
    from bff.porting import open_porting

    return await stack.enter_async_context(open_porting(base, carts))


async def identity_of(base: Foundation, stack: AsyncExitStack) -> "Identity | None":
    """Signing up and in; None where there is no user pool."""
    if not base.settings.cognito.pool:
        return None
    from bff.identity import open_identity

    return await stack.enter_async_context(open_identity(base))


async def customers_of(base: Foundation, stack: AsyncExitStack, identity: "Identity | None") -> "Customers | None":
    """Customers; None where the operator has no TMF629."""
    if not base.settings.tmf629.url:
        return None
    from bff.customers import open_customers
    from domain.identity.members import nobody_knows

    login_of = nobody_knows if identity is None else identity.logins.verified
    return await stack.enter_async_context(open_customers(base, login_of))
