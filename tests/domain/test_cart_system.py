"""Lines and the items a cart system keeps of them: whatever it does with order and ids, lines are recognised."""

import copy
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.lenient import decode_one
from clients.tmf620 import Ref
from clients.tmf663 import CartItem, Characteristic, ShoppingCart, items_patch
from clients.writing import _JSON
from domain.carts.model import Cart, CartState, Line
from domain.carts.pricing import SeenPrice
from domain.carts.system import adopted, matched, to_items
from domain.catalog.kinds import Period, PriceKind
from kernel.context import Segment

PRICE = SeenPrice(
    id="p1", name="monthly", kind=PriceKind.RECURRING, currency="EUR", net=Decimal("21.00"), gross=Decimal("24.99"),
    list_net=Decimal("21.00"), list_gross=Decimal("24.99"), tax_rate=Decimal(19), every=1, period=Period.MONTH,
    unit=None,
)  # fmt: skip
OFFERINGS = ("po-a", "po-b", "po-c")
CHOSEN = st.lists(
    st.tuples(st.sampled_from(("Colour", "Storage", "x")), st.sampled_from(("red", "512 GB", "5", "true", "ä"))),
    max_size=3,
    unique=True,
).map(tuple)


@st.composite
def carts(draw: st.DrawFn) -> tuple[Line, ...]:
    """Up to nine lines, up to three levels deep, few offerings and choices, so that many are alike."""
    number = itertools.count(1)
    lines: list[Line] = []

    def fill(parent: str | None, depth: int) -> None:
        for _ in range(draw(st.integers(0, 3 if depth == 0 else 2))):
            if len(lines) >= 9:
                return
            quantity = draw(st.integers(1, 3))
            line = Line(
                id=f"l{next(number)}",
                offering=draw(st.sampled_from(OFFERINGS)),
                quantity=quantity,
                parent=parent,
                configuration=draw(CHOSEN),
                prices=draw(st.sampled_from(((), (PRICE,)))),
                included=draw(st.integers(0, quantity)),
            )
            lines.append(line)
            if depth < 2:
                fill(line.id, depth + 1)

    fill(None, 0)
    return tuple(lines)


@dataclass
class Server:
    """A cart system that shuffles, names and describes as it likes, and keeps what was meant."""

    order: random.Random
    new_ids: bool = False
    reorder: bool = False
    no_ids: bool = False

    def keep(self, items: Sequence[CartItem]) -> tuple[CartItem, ...]:
        kept = [self._item(item) for item in items]
        if self.reorder:
            self.order.shuffle(kept)
        return tuple(kept)

    def _item(self, item: CartItem) -> CartItem:
        new_id = None if self.no_ids else f"s{self.order.randrange(10**9)}" if self.new_ids else item.id
        product = item.product
        if product is not None and self.reorder:
            chosen = list(product.product_characteristic)
            self.order.shuffle(chosen)
            product = msgspec.structs.replace(product, product_characteristic=tuple(chosen))
        inside = self.keep(item.cart_item)
        return msgspec.structs.replace(item, id=new_id, product=product, cart_item=inside, item_price=())


def never() -> str:
    raise AssertionError("no line is new here")


def meant(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(msgspec.structs.replace(line, upstream_id=None) for line in lines)


@given(carts())
def test_what_is_kept_as_it_was_sent_gives_back_the_lines(lines: tuple[Line, ...]) -> None:
    assert matched(lines, to_items(lines)) == lines
    assert adopted(lines, to_items(lines), never) == lines


@given(carts(), st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_lines_are_recognised_whatever_the_order_and_the_ids(
    lines: tuple[Line, ...], order: random.Random, new_ids: bool, reorder: bool
) -> None:
    kept = Server(order, new_ids, reorder).keep(to_items(lines))
    found = matched(lines, kept)
    assert found is not None
    assert meant(found) == lines


@given(carts(), st.randoms(use_true_random=False))
def test_the_ids_a_cart_system_gives_are_those_that_go_back_to_it(
    lines: tuple[Line, ...], order: random.Random
) -> None:
    kept = Server(order, new_ids=True).keep(to_items(lines))
    found = matched(lines, kept)
    assert found is not None

    def ids(items: Sequence[CartItem]) -> list[str | None]:
        return [each for item in items for each in (item.id, *ids(item.cart_item))]

    assert sorted(map(str, ids(to_items(found)))) == sorted(map(str, ids(kept)))
    assert matched(found, kept) == found


@given(carts(), carts())
def test_other_lines_are_not_taken_for_these(lines: tuple[Line, ...], others: tuple[Line, ...]) -> None:
    def chosen(item: CartItem) -> Sequence[Characteristic]:
        return item.product.product_characteristic if item.product else ()

    def shape(items: Sequence[CartItem]) -> list[object]:
        return sorted(
            (
                str(item.product_offering and item.product_offering.id), item.quantity or 0,
                sorted((each.name, each.value) for each in chosen(item)),
                shape(item.cart_item),
            )
            for item in items
        )  # fmt: skip

    same = shape(to_items(lines)) == shape(to_items(others))
    assert (matched(lines, to_items(others)) is not None) == same


@given(carts(), st.randoms(use_true_random=False))
def test_of_a_line_that_is_kept_under_its_id_everything_stays_known(
    lines: tuple[Line, ...], order: random.Random
) -> None:
    """Whatever somebody else put before, between and behind: also one that looks just like it."""
    stranger = CartItem(
        id="stranger", quantity=1, product_offering=to_items(lines)[0].product_offering if lines else None
    )
    if stranger.product_offering is None:
        return
    items = list(to_items(lines))
    items.insert(order.randrange(len(items) + 1), stranger)
    found = adopted(lines, items, lambda: "new")
    known = {line.id: line for line in found}
    assert [known[line.id] for line in lines] == list(lines)
    assert known["new"].prices == ()


@given(carts(), st.randoms(use_true_random=False))
def test_lines_are_recognised_without_any_ids(lines: tuple[Line, ...], order: random.Random) -> None:
    """The known prices of a line come back with it, as far as it cannot be mistaken for one that looks the same."""
    kept = Server(order, no_ids=True).keep(to_items(lines))
    assert meant(matched(lines, kept) or ()) == lines
    found = adopted(lines, kept, never)
    assert sorted(line.id for line in found) == sorted(line.id for line in lines)


ODD = (
    CartItem(id="odd"),
    CartItem(),
    CartItem(id="odd", product_offering=Ref(id="../admin")),
    CartItem(id="l1"),
    CartItem(id="l1", quantity=-3),
    CartItem(id="o", quantity=10**12, product_offering=Ref(id="po-a")),
    CartItem(id="o", cart_item=(CartItem(id="l2", product_offering=Ref(id="po-b")),)),
)


@given(carts(), st.lists(st.sampled_from(ODD), max_size=3))
def test_adopting_is_a_fixed_point(lines: tuple[Line, ...], odd: list[CartItem]) -> None:
    """What was adopted matches what it was adopted from, whatever it is: the next read has nothing to do."""
    numbers = itertools.count(1)
    items = (*to_items(lines), *map(copy.copy, odd))
    found = adopted(lines, items, lambda: f"n{next(numbers)}")
    assert matched(found, items) == found


@pytest.mark.parametrize("version", ["v4", "v5"])
@settings(max_examples=50)
@given(lines=carts())
def test_lines_survive_the_way_over_the_wire(version: str, lines: tuple[Line, ...]) -> None:
    body = _JSON.encode({"id": "c1", **items_patch(to_items(lines), version)})
    told = decode_one(body, ShoppingCart, pytest.fail)
    assert matched(lines, told.cart_item) == lines


def test_a_value_that_comes_back_as_another_type_is_the_same_choice() -> None:
    line = Line(id="l1", offering="po-a", configuration=(("Term", "24"), ("eSIM", "true"), ("Share", "0.5")))
    values = '[{"name":"Term","value":24},{"name":"eSIM","value":true},{"name":"Share","value":0.5}]'
    item = (
        f'{{"id":"l1","quantity":1,"productOffering":{{"id":"po-a"}},"product":{{"productCharacteristic":{values}}}}}'
    )
    told = decode_one(f'{{"id":"c1","cartItem":[{item}]}}'.encode(), ShoppingCart, pytest.fail)
    assert matched((line,), told.cart_item) == (line,)


@given(carts())
def test_totals_never_fall_below_nothing(lines: tuple[Line, ...]) -> None:
    """Whatever quantities somebody else put there beside what a bundle includes."""
    odd = tuple(msgspec.structs.replace(line, quantity=(line.quantity + 1) % 3) for line in lines)
    cart = Cart("c", 1, CartState.ACTIVE, Segment.B2C, "EUR", odd, 0.0, 0.0)
    assert all(total.gross is not None and total.gross >= 0 for total in cart.totals())
