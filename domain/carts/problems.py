"""What stands between a cart and a checkout, told by comparing it with the catalogue and the stock of today."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import structlog

from dataloaders.stock import StockLoader
from domain.carts.configuration import Configured, configure
from domain.carts.model import Cart, Line, counts
from domain.carts.offers import Offer, Offers
from domain.carts.operations import Terms, held_in, prices_of, unsellable
from domain.carts.pricing import PriceChange, WrongCurrencyError, changes
from domain.catalog import bundles
from domain.catalog.rules import fold
from kernel.context import RequestContext
from kernel.errors import UpstreamError
from kernel.outcomes import ErrorCode

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Problem:
    """Something about a line. `blocking`: a checkout would refuse. `change`: of a price, where it is that."""

    code: ErrorCode
    message: str
    line_id: str | None
    blocking: bool = True
    change: PriceChange | None = None


async def problems_of(
    ctx: RequestContext, cart: Cart, offers: Offers, stock: StockLoader | None, terms: Terms
) -> tuple[Problem, ...]:
    """Everything that blocks a checkout, line by line. Without an answer about stock nothing is said about stock.

    Raises:
        UpstreamError: the catalogue cannot be known.
    """
    if not cart.lines:
        return ()
    ids = dict.fromkeys(line.offering for line in cart.lines)
    reductions = (reduction for line in cart.lines for reduction in line.reductions)
    known = await offers.load(offers.written(ctx), ids, reductions=reductions)
    pieces = await _pieces(ctx, list(ids), stock)
    check = _Check(cart, known, terms)
    return (*(problem for line in cart.lines for problem in check.line(line)), *check.out_of_stock(pieces))


async def _pieces(ctx: RequestContext, offerings: list[str], stock: StockLoader | None) -> Mapping[str, Decimal]:
    if stock is None:
        return {}
    try:
        return await stock.pieces_of(ctx, offerings)
    except UpstreamError as error:
        log.warning("cart.stock_unknown", detail=error.detail)
        return {}


@dataclass(frozen=True)
class _Check:
    cart: Cart
    known: Mapping[str, Offer]
    terms: Terms

    def line(self, line: Line) -> Iterator[Problem]:
        offer = self.known.get(line.offering)
        why = "This offering is no longer there." if offer is None else self._unsellable(line, offer)
        if offer is None or why is not None:
            yield Problem(ErrorCode.NOT_SELLABLE, why or "", line.id)
            return
        yield from self._choices(line, offer)
        yield from self._prices(line, offer)
        yield from self._bundled(line, offer)

    def _unsellable(self, line: Line, offer: Offer) -> str | None:
        parent = self.cart.line(line.parent) if line.parent else None
        if parent is None:
            return unsellable(offer, self.terms)
        if not self.terms.rules.is_current(offer.offering, self.terms.now):
            return "This offering cannot be bought now."
        bundle = self.known.get(parent.offering)
        inside = bundle is not None and bundle.option(line.offering) is not None
        return None if inside else "This offering is no longer part of that bundle."

    def _choices(self, line: Line, offer: Offer) -> Iterator[Problem]:
        configured = configure(offer.choices, line.configuration)
        if isinstance(configured, Configured):
            for name in configured.missing:
                yield Problem(ErrorCode.CHOICE_MISSING, f"{name} is still to be chosen.", line.id)
        else:
            for fault in configured:
                yield Problem(ErrorCode.CHOICE_INVALID, fault.message, line.id)

    def _prices(self, line: Line, offer: Offer) -> Iterator[Problem]:
        try:
            today = prices_of(line, offer, self.terms)
        except WrongCurrencyError:
            yield Problem(ErrorCode.NOT_SELLABLE, f"This is no longer sold in {self.terms.currency}.", line.id)
            return
        for change in changes(line.prices, today):
            named = change.after or change.before
            message = f"The price changed: {named.name}." if named else "A price changed."
            yield Problem(ErrorCode.PRICE_CHANGED, message, line.id, change=change)

    def _bundled(self, line: Line, offer: Offer) -> Iterator[Problem]:
        for bundled in offer.offering.bundled_product_offering:
            if fold(bundled.lifecycle_status or "") in self.terms.rules.hidden:
                continue
            limits = bundles.limits(bundled)
            held = held_in(self.cart.lines, line.id, bundled.id)
            what = bundled.name or "one of its parts"
            if held < limits.min:
                message = f"This bundle takes {what} at least {limits.min} times; {held} are in."
                yield Problem(ErrorCode.CHOICE_MISSING, message, line.id)
            if held > limits.max:
                message = f"This bundle takes {what} at most {limits.max} times; {held} are in."
                yield Problem(ErrorCode.CHOICE_INVALID, message, line.id)

    def out_of_stock(self, pieces: Mapping[str, Decimal]) -> Iterator[Problem]:
        counted = counts(self.cart.lines)
        wanted: Counter[str] = Counter()
        for line in self.cart.lines:
            wanted[line.offering] += counted[line.id]
        for line in self.cart.lines:
            left = pieces.get(line.offering)
            if left is not None and wanted[line.offering] > left:
                message = "This is out of stock." if left <= 0 else f"Only {left.normalize():f} of these are in stock."
                yield Problem(ErrorCode.OUT_OF_STOCK, message, line.id)
