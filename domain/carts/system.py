"""The operator's cart system as the record of a cart: what it keeps, and putting lines into it.

What a newcomer would get wrong: its answer to a PATCH is a claim. Lines are compared by what they mean (offering,
quantity, choices, nesting), because servers put ids of their own in place of ours, leave attributes out, or drop lines
they do not know.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import msgspec
import structlog

from clients import tmf663
from clients.calls import RefusedError
from clients.parts import Amount, Ref
from clients.tmf import TMFClient
from clients.tmf663 import CARTS, CartItem, CartPrice, Characteristic, Price, Product
from clients.writing import Writer
from domain.carts.configuration import Chosen
from domain.carts.model import Line
from domain.carts.pricing import SeenPrice
from domain.catalog.characteristics import as_text
from domain.catalog.kinds import PriceKind
from kernel.context import Audience
from kernel.errors import UnknownOutcomeError
from kernel.ids import is_local_id

log = structlog.get_logger(__name__)

_PRICE_TYPES = {
    PriceKind.PAY_NOW: "oneTime",
    PriceKind.ON_FIRST_BILL: "oneTimeOnFirstBill",
    PriceKind.RECURRING: "recurring",
    PriceKind.USAGE: "usage",
    PriceKind.CANCELLATION_FEE: "cancellationFee",
}
_MARKED = 5
_MOST = 2**31 - 1  # GraphQL's Int

NewId = Callable[[], str]


class Kept(NamedTuple):
    """What the cart system keeps of one cart, and the ETag it gave for that, where it gives one."""

    items: tuple[CartItem, ...]
    etag: str | None


@dataclass(frozen=True)
class CartSystem:
    """TMF663 of one operator. Everything raises `UpstreamError` for want of a usable answer."""

    client: TMFClient

    async def create(self, audience: Audience, mark: str) -> tuple[str, str | None]:
        """A new, empty cart: its id there and its ETag. After a POST without an answer it is found by its mark.

        Raises:
            UnknownOutcomeError: there may be one, but none can be found.
        """
        body = tmf663.new_cart(mark, self._version)
        for last in (False, True):
            try:
                written = await self._writer.create(CARTS, audience, body)
            except UnknownOutcomeError:
                found = await self.marked(audience, mark)
                if found:
                    return found[0], None
                if last:
                    raise
            else:
                if written.entity is not None:
                    return written.entity.id, written.etag
                found = await self.marked(audience, mark)
                if found:
                    return found[0], None
        raise UnknownOutcomeError(self.client.name, detail="the new cart told no id, and its mark finds none")

    async def marked(self, audience: Audience, mark: str) -> list[str]:
        """The ids of the carts that carry a mark. The server's filter is checked on what came."""
        page = await self.client.page(
            CARTS,
            audience,
            fields=frozenset(),
            offset=0,
            limit=_MARKED,
            filters={tmf663.mark_filter(self._version): mark},
        )
        return sorted(cart.id for cart in page.items if tmf663.is_marked(cart, mark))

    async def read(self, audience: Audience, upstream_id: str) -> Kept | None:
        """What is kept now; None when the cart system knows of no such cart."""
        found = await self._writer.read(CARTS, audience, upstream_id)
        return None if found is None or found.entity is None else Kept(found.entity.cart_item, found.etag)

    async def put(
        self, audience: Audience, upstream_id: str, lines: Sequence[Line], *, etag: str | None = None
    ) -> Kept | None:
        """Make `lines` the cart's lines; what the answer says is kept, None when it says nothing of lines.

        Raises:
            UnknownOutcomeError: nobody knows whether they are.
            RefusedError: they are not; with status 412 because the cart is no longer what `etag` was given for.
        """
        body = tmf663.items_patch(to_items(lines), self._version)
        strong = etag if etag and not etag.startswith("W/") else None  # RFC 9110, 13.1.1: a weak one never matches
        written = await self._writer.change(CARTS, audience, upstream_id, body, if_match=strong)
        told = written.entity
        return None if told is None or (lines and not told.cart_item) else Kept(told.cart_item, written.etag)

    async def remove(self, audience: Audience, upstream_id: str | None, mark: str) -> None:
        """Remove a cart and whatever else carries its mark: a POST that was repeated may have made two."""
        try:
            others = await self.marked(audience, mark)
        except RefusedError:
            others = []  # a server without that filter; its own id has to do
        for each in dict.fromkeys([upstream_id, *others] if upstream_id else others):
            await self._writer.remove(CARTS, audience, each)

    @property
    def _writer(self) -> Writer:
        return Writer(self.client)

    @property
    def _version(self) -> str:
        return self.client.options.version


# ---------------------------------------------------------------- from lines to items


def to_items(lines: Sequence[Line]) -> tuple[CartItem, ...]:
    """Lines as the cart system nests them."""
    children: dict[str | None, list[Line]] = defaultdict(list)
    for line in lines:
        children[line.parent].append(line)

    def items(parent: str | None) -> Iterator[CartItem]:
        for line in children[parent]:
            yield msgspec.structs.replace(_item(line), cart_item=tuple(items(line.id)))

    return tuple(items(None))


def _item(line: Line) -> CartItem:
    chosen = tuple(Characteristic(name=name, value=value) for name, value in line.configuration)
    return CartItem(
        id=line.upstream_id or line.id,
        quantity=line.quantity,
        action=_ACTIONS[line.action.value],
        product_offering=Ref(id=line.offering, name=line.name or None),
        product=Product(product_characteristic=chosen) if chosen else None,
        item_price=tuple(map(_price, line.prices)),
    )


_ACTIONS = {"ADD": "add", "MODIFY": "modify", "DELETE": "delete", "NO_CHANGE": "noChange"}


def _price(seen: SeenPrice) -> CartPrice:
    def amount(value: Decimal | None) -> Amount | None:
        return None if value is None else Amount(unit=seen.currency, value=value)

    period = None
    if seen.period is not None:
        unit = seen.period.value.lower()
        period = unit if seen.every in (None, 1) else f"{seen.every} {unit}s"
    return CartPrice(
        name=seen.name,
        price_type=_PRICE_TYPES[seen.kind],
        recurring_charge_period=period,
        price=Price(duty_free_amount=amount(seen.net), tax_included_amount=amount(seen.gross), tax_rate=seen.tax_rate),
        product_offering_price=Ref(id=seen.id, name=seen.name),
    )


# ---------------------------------------------------------------- from items to lines


def matched(lines: Sequence[Line], items: Sequence[CartItem]) -> tuple[Line, ...] | None:
    """`lines` with the ids the cart system has for them; None when `items` do not mean the same."""
    mine: dict[str | None, list[Line]] = defaultdict(list)
    for line in lines:
        mine[line.parent].append(line)
    theirs: dict[str, str | None] = {}

    def same(parent: str | None, level: Sequence[CartItem]) -> bool:
        left = list(level)
        if len(left) < len(mine[parent]):
            return False
        for line in mine[parent]:
            alike = [item for item in left if _alike(line, item)]
            alike.sort(key=lambda item: item.id not in (line.id, line.upstream_id))
            found = next((item for item in alike if same(line.id, item.cart_item)), None)
            if found is None:
                return False
            left = [item for item in left if item is not found]
            theirs[line.id] = found.id if found.id != line.id else None
        return not any(map(_is_readable, left))

    if not same(None, items):
        return None
    return tuple(
        line if line.upstream_id == theirs[line.id] else msgspec.structs.replace(line, upstream_id=theirs[line.id])
        for line in lines
    )


def adopted(known: Sequence[Line], items: Sequence[CartItem], new_id: NewId) -> tuple[Line, ...]:
    """What the cart system keeps, as lines: what was known of a line stays known wherever one can be recognised."""
    left = list(known)
    told = {(item.id, _offering(item)) for item in _all(items)}

    def is_another(line: Line) -> bool:
        """Whether some item says by its id that it is this line, wherever it stands."""
        ids = (each for each in (line.id, line.upstream_id) if each is not None)
        return any((each, offering) in told for each in ids for offering in (line.offering, None))

    def recognised(item: CartItem) -> Line | None:
        by_id = [line for line in left if item.id is not None and item.id in (line.id, line.upstream_id)]
        offering = _offering(item)
        found = [line for line in by_id if offering in (None, line.offering)] or [
            line for line in left if line.offering == offering and not is_another(line)
        ]
        if not found:
            return None
        best = min(found, key=lambda line: not _alike(line, item))
        # a line may be known as it was and as it was meant to be
        left[:] = [line for line in left if line.id != best.id]
        return best

    def level(items: Iterable[CartItem], parent: str | None) -> Iterator[Line]:
        for item in items:
            line = recognised(item)
            if line is None and not _is_readable(item):
                log.warning("cart.unreadable_item", item=item.id)
                continue
            adopted_line = _line(line, item, parent, new_id)
            yield adopted_line
            yield from level(item.cart_item, adopted_line.id)

    return tuple(level(items, None))


def _offering(item: CartItem) -> str | None:
    return item.product_offering.id if item.product_offering else None


def _is_readable(item: CartItem) -> bool:
    """Whether an item tells what is bought. What does not is none of the shop's lines."""
    return item.product_offering is not None and is_local_id(item.product_offering.id)


def _all(items: Iterable[CartItem]) -> Iterator[CartItem]:
    for item in items:
        yield item
        yield from _all(item.cart_item)


def _line(known: Line | None, item: CartItem, parent: str | None, new_id: NewId) -> Line:
    line_id = known.id if known else new_id()
    offering = item.product_offering
    upstream_id = item.id if item.id is not None and item.id != line_id else None
    base = known or Line(
        id=line_id, offering=offering.id if offering else "", name=(offering.name or "") if offering else ""
    )
    return msgspec.structs.replace(
        base, parent=parent, quantity=_quantity(item), configuration=_chosen(item), upstream_id=upstream_id
    )


def _alike(line: Line, item: CartItem) -> bool:
    """Whether an item means the same as a line, leaving aside what is inside it. Choices in any order."""
    offering, known = _offering(item), item.id in (line.id, line.upstream_id)
    return (
        (offering == line.offering or (offering is None and item.id is not None and known))
        and _quantity(item) == line.quantity
        and sorted(_chosen(item)) == sorted(line.configuration)
    )


def _quantity(item: CartItem) -> int:
    """How many, within what can be shown: nobody owes us a sensible number."""
    return 1 if item.quantity is None else min(max(item.quantity, 0), _MOST)


def _chosen(item: CartItem) -> Chosen:
    chosen = item.product.product_characteristic if item.product else ()
    return tuple((each.name, as_text(each.value)) for each in chosen if each.value is not None)
