"""What a configuration costs and what a cart comes to: by hand, over the seeded catalogue, and for any prices."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.tmf620 import (
    Amount,
    CharacteristicUse,
    CharacteristicValue,
    ProductOfferingPrice,
    Quantity,
    Tax,
)
from domain.carts.configuration import Chosen
from domain.carts.pricing import PriceChange, SeenPrice, Total, WrongCurrencyError, changes, prices_for, totals
from domain.catalog import prices as catalog_prices
from domain.catalog.kinds import Period, PriceKind
from domain.catalog.rules import ShopRules
from tests.carts.seeded import offering_ids, prices_of, reductions_of

RULES = ShopRules()
INCLUSIVE = replace(RULES, prices_include_tax=True)


def price(value: str | None = "100", *rates: str, currency: str = "EUR", **more: Any) -> ProductOfferingPrice:
    amount = None if value is None else Amount(unit=currency, value=Decimal(value))
    taxes = tuple(Tax(tax_rate=Decimal(rate)) for rate in rates)
    return ProductOfferingPrice(**({"id": "p", "name": "Price", "price": amount, "tax": taxes} | more))


def percent(off: str, name: str | None = "Sale") -> ProductOfferingPrice:
    return ProductOfferingPrice(id="r", name=name, price_type="discount", percentage=Decimal(off))


def minus(off: str, currency: str = "EUR", name: str = "Voucher") -> ProductOfferingPrice:
    return price(off, currency=currency, id="r", name=name, price_type="discount")


def use(name: str, *values: Any) -> CharacteristicUse:
    listed = tuple(CharacteristicValue(value=value) for value in values)
    return CharacteristicUse(name=name, product_spec_characteristic_value=listed)


def seen(
    each: ProductOfferingPrice, *reductions: ProductOfferingPrice, rules: ShopRules = RULES, currency: str = "EUR"
) -> SeenPrice:
    (found,) = prices_for([each], {each.id: reductions}, (), currency=currency, rules=rules)
    return found


def ids(prices: Sequence[ProductOfferingPrice], chosen: Chosen = ()) -> list[str]:
    return [each.id for each in prices_for(prices, {}, chosen, currency="EUR", rules=RULES)]


def written(*amounts: Decimal | None) -> tuple[str | None, ...]:
    return tuple(None if amount is None else str(amount) for amount in amounts)


# ---------------------------------------------------------------- which prices count


@pytest.mark.parametrize(
    ("uses", "chosen", "counts"),
    [
        ((), (), True),
        ((use("Storage", "256 GB"),), (), False),
        ((use("Storage", "256 GB"),), (("Storage", "256 GB"),), True),
        ((use("Storage", "256 GB"),), (("Storage", "128 GB"),), False),
        ((use("Storage", "256 GB"),), (("Colour", "256 GB"),), False),
        ((use("Storage", "256 GB", "512 GB"),), (("Storage", "512 GB"),), True),
        ((use("Hours", 4),), (("Hours", "4"),), True),
        ((use("Mesh", True),), (("Mesh", "true"),), True),
        ((use("A", "1"), use("B", "2")), (("A", "1"),), False),
        ((use("A", "1"), use("B", "2")), (("A", "1"), ("B", "2")), True),
        ((use("A", "1"),), (("A", "0"), ("A", "1")), True),
        ((use("A"),), (), True),
        ((use("A", None),), (), True),
        ((use("A", "1"), use("B")), (("A", "1"),), True),
    ],
)
def test_which_prices_count(uses: tuple[CharacteristicUse, ...], chosen: Chosen, counts: bool) -> None:
    """Every characteristic named with values must be met, by any of them; what says nothing limits nothing."""
    assert ids([price(prod_spec_char_value_use=uses)], chosen) == ["p"] * counts


@pytest.mark.parametrize(
    ("seats", "counts"), [("9", False), ("10", True), ("49", True), ("50", False), ("many", False)]
)
def test_a_price_for_a_range(seats: str, counts: bool) -> None:
    """A number between the ends brings the price; a text does not."""
    tier = CharacteristicValue(value_from=10, value_to=49)
    each = price(prod_spec_char_value_use=(CharacteristicUse(name="Seats", product_spec_characteristic_value=(tier,)),))
    assert ids([each], (("Seats", seats),)) == ["p"] * counts


def test_prices_come_in_the_offerings_order() -> None:
    assert ids([price(id="b"), price(id="a"), price(id="c")]) == ["b", "a", "c"]


def test_what_has_no_amount_or_is_a_discount_is_no_price() -> None:
    """A percentage alone says nothing to pay; a discount reduces other prices."""
    bare = ProductOfferingPrice(id="bare", price_type="recurring", percentage=Decimal(5))
    assert ids([bare, price(id="empty", value=None), minus("5")]) == []


def test_another_currency_is_left_out() -> None:
    assert ids([price(id="usd", currency="USD"), price(id="eur")]) == ["eur"]


def test_no_price_in_the_carts_currency() -> None:
    """Nothing to pay would be wrong, so it is an error."""
    with pytest.raises(WrongCurrencyError):
        ids([price(currency="USD"), price(currency="CHF")])


def test_prices_in_other_currencies_that_do_not_count() -> None:
    """Only what would be charged can be in the wrong currency."""
    assert ids([price(currency="USD", prod_spec_char_value_use=(use("A", "1"),))]) == []


def test_an_offering_without_prices() -> None:
    assert ids([]) == []


def test_a_price_is_seen_as_a_whole() -> None:
    """All that the catalogue tells of it."""
    each = price(
        "0.1597", "19", name="Minutes", price_type="usage", unit_of_measure=Quantity(amount=Decimal(1), units="minute")
    )
    assert seen(each) == SeenPrice(
        id="p",
        name="Minutes",
        kind=PriceKind.USAGE,
        currency="EUR",
        net=Decimal("0.1597"),
        gross=Decimal("0.19"),
        list_net=Decimal("0.1597"),
        list_gross=Decimal("0.19"),
        tax_rate=Decimal(19),
        every=None,
        period=None,
        unit="minute",
    )
    recurring = seen(price(recurring_charge_period_type="weeks", recurring_charge_period_length=4, name=None))
    assert (recurring.kind, recurring.every, recurring.period, recurring.name) == (
        PriceKind.RECURRING,
        4,
        Period.WEEK,
        "",
    )


# ---------------------------------------------------------------- reductions


@pytest.mark.parametrize(
    ("each", "reductions", "net", "gross"),
    [
        (price("21", "19"), (), "21.00", "24.99"),
        (price("21", "19"), (percent("50"),), "10.50", "12.50"),
        (price("21", "19"), (minus("4.2"),), "16.80", "19.99"),
        (price("21", "19"), (percent("50"), minus("4.2")), "6.30", "7.50"),
        (price("21", "19"), (percent("10"), percent("10")), "16.80", "19.99"),
        (price("21", "19"), (percent("100"),), "0.00", "0.00"),
        (price("21", "19"), (percent("60"), percent("60")), "0.00", "0.00"),
        (price("21", "19"), (minus("22"),), "0.00", "0.00"),
        (price("21", "19"), (minus("5", "USD"),), "21.00", "24.99"),
        (price("21", "19"), (percent("-10"),), "18.90", "22.49"),
        (price("21", "19"), (minus("-4.2"),), "16.80", "19.99"),
        (price("21"), (percent("50"),), "10.50", None),
        (price("0.1597", "19"), (percent("50"),), "0.08", "0.10"),
        (price("9.99", "19"), (percent("33.3"),), "6.66", "7.93"),
        (price("0.01", "19"), (percent("50"),), "0.01", "0.01"),
        (price("-5", "19"), (percent("50"),), "-5.00", "-5.95"),
        (price("0", "19"), (percent("50"),), "0.00", "0.00"),
        (price("21", "10", "9"), (percent("50"),), "10.50", "12.50"),
    ],
)
def test_reductions(
    each: ProductOfferingPrice, reductions: tuple[ProductOfferingPrice, ...], net: str, gross: str | None
) -> None:
    """Each is taken from the list price; the rest is rounded once and taxed at the price's own rate."""
    found = seen(each, *reductions)
    assert written(found.net, found.gross) == (net, gross)


@pytest.mark.parametrize(
    ("each", "reductions", "net", "gross"),
    [
        (price("24.99", "19"), (percent("50"),), "10.50", "12.50"),
        (price("24.99", "19"), (minus("5"),), "16.80", "19.99"),
        (price("24.99"), (minus("5"),), None, "19.99"),
        (price("24.99", "19"), (percent("100"),), "0.00", "0.00"),
    ],
)
def test_reductions_where_prices_include_tax(
    each: ProductOfferingPrice, reductions: tuple[ProductOfferingPrice, ...], net: str | None, gross: str
) -> None:
    """An amount off includes tax as well."""
    found = seen(each, *reductions, rules=INCLUSIVE)
    assert written(found.net, found.gross) == (net, gross)


def test_the_list_price_stays_known() -> None:
    found = seen(price("21", "19"), percent("50", "Half price"), minus("1"), percent("1", None))
    assert written(found.list_net, found.list_gross) == ("21.00", "24.99")
    assert found.reductions == ("Half price", "Voucher")


@pytest.mark.parametrize(
    "nothing", [percent("0"), minus("0"), minus("5", "USD"), ProductOfferingPrice(id="r", name="x")]
)
def test_a_reduction_of_nothing_is_not_told(nothing: ProductOfferingPrice) -> None:
    assert seen(price(), nothing).reductions == ()


def test_nothing_is_taken_off_what_costs_nothing() -> None:
    assert seen(price("0"), percent("50")).reductions == ()


def test_a_reduction_for_a_choice() -> None:
    """It is taken only where that choice was made."""
    sale = msgspec.structs.replace(percent("50"), prod_spec_char_value_use=(use("Colour", "red"),))
    for colour, net in (("red", "50.00"), ("blue", "100.00")):
        (found,) = prices_for([price()], {"p": [sale]}, (("Colour", colour),), currency="EUR", rules=RULES)
        assert written(found.net) == (net,)


def test_a_tax_told_as_an_amount_shrinks_with_the_price() -> None:
    taxes = (Tax(tax_amount=Amount(unit="EUR", value=Decimal("1.90"))),)
    assert written(seen(price("10", tax=taxes)).gross, seen(price("10", tax=taxes), percent("50")).gross) == (
        "11.90",
        "5.95",
    )


@pytest.mark.parametrize(("currency", "net", "gross"), [("JPY", "333", "366"), ("KWD", "333.000", "366.300")])
def test_other_minor_units(currency: str, net: str, gross: str) -> None:
    """Yen have no smaller unit, Kuwaiti dinars have three digits."""
    found = seen(price("666", "10", currency=currency), percent("50"), currency=currency)
    assert written(found.net, found.gross) == (net, gross)


def test_a_reduction_never_shows_as_a_rise() -> None:
    """0.0451 a minute is 0.0537 with tax; 0.045 rounded to its own three digits would be 0.054."""
    a_minute = msgspec.structs.replace(price("0.0451", "19"), price_type="usage")
    assert written(seen(a_minute, minus("0.0001")).gross) == ("0.0536",)


@pytest.mark.parametrize("rate", ["-19", "-100", "-150"])
@pytest.mark.parametrize("rules", [RULES, INCLUSIVE])
def test_a_tax_below_zero_is_not_told(rate: str, rules: ShopRules) -> None:
    """Nonsense of an upstream's: the amount stands, the other side is unknown."""
    found = seen(price("10", rate), rules=rules)
    assert {found.net, found.gross} == {Decimal(10), None}


def test_numbers_of_an_insane_upstream() -> None:
    """The largest amount, rate and percentage that the models let through are still exact."""
    each = price("999999999999999.12", "999999999999999")
    found = seen(each, percent("1"))
    assert written(found.net) == ("989999999999999.13",)
    (total,) = totals([(10**6, [found])] * 1000)
    assert total.gross is not None
    assert found.gross is not None
    assert Fraction(total.gross) == Fraction(found.gross) * 10**9
    assert written(seen(each, percent("999999999999999")).gross) == ("0.00",)


# ---------------------------------------------------------------- seeded prices


def bought(local_id: str, chosen: Chosen = ()) -> dict[str, tuple[str | None, ...]]:
    found = prices_for(prices_of(local_id), reductions_of(local_id), chosen, currency="EUR", rules=RULES)
    stem = "pop-" + local_id.removeprefix("po-") + "-"
    return {each.id.removeprefix(stem): written(each.list_net, each.list_gross, each.net, each.gross) for each in found}


def test_a_seeded_family_bundle() -> None:
    """5 € off a month, no activation."""
    assert bought("po-family-duo") == {
        "monthly": ("29.40", "34.99", "25.20", "29.99"),
        "activation": ("33.61", "39.99", "0.00", "0.00"),
    }


def test_two_seeded_reductions_together() -> None:
    """Half of 42.01 and 4.20 more; each from the list price."""
    assert bought("po-family-four")["monthly"] == ("42.01", "49.99", "16.81", "20.00")


@pytest.mark.parametrize(("storage", "extra"), [("128 GB", {}), ("256 GB", {"storage-256gb": ("50.42", "60.00") * 2})])
def test_a_seeded_device_with_more_storage(storage: str, extra: dict[str, tuple[str, ...]]) -> None:
    """The surcharge counts with its storage only."""
    found = bought("po-kaiyo-k1", (("Colour", "Midnight black"), ("Storage", storage)))
    assert found == {
        "once": ("671.43", "799.00", "587.40", "699.01"),
        **extra,
        "shipping": ("4.19", "4.99", "4.19", "4.99"),
    }


def test_a_seeded_business_plan() -> None:
    """A quarter off 24.90, rounded half up: 18.675 is 18.68."""
    found = bought("po-business-mobile-m")
    assert found["monthly"] == ("24.90", "29.63", "18.68", "22.23")
    assert found["activation"] == ("25.00", "29.75", "0.00", "0.00")


def test_totals_of_a_seeded_cart() -> None:
    """Two devices and three plans: what is due now, on the first bill, a month, and when leaving early."""
    device = prices_for(prices_of("po-kaiyo-k1"), {}, (("Storage", "256 GB"),), currency="EUR", rules=RULES)
    plan = prices_for(prices_of("po-mobile-m"), reductions_of("po-mobile-m"), (), currency="EUR", rules=RULES)
    assert [(t.kind, t.every, t.period, *written(t.net, t.gross)) for t in totals([(2, device), (3, plan)])] == [
        (PriceKind.PAY_NOW, None, None, "1443.70", "1718.00"),
        (PriceKind.ON_FIRST_BILL, None, None, "8.38", "9.98"),
        (PriceKind.RECURRING, 1, Period.MONTH, "31.50", "37.50"),
        (PriceKind.CANCELLATION_FEE, None, None, "378.00", "449.82"),
    ]


@pytest.mark.parametrize("local_id", offering_ids())
def test_list_prices_are_what_the_catalogue_shows(local_id: str) -> None:
    """In whole cents, but for usage. The cart does not do the catalogue's arithmetic a second way."""
    known = {each.id: each for each in prices_of(local_id)}
    for found in prices_for(prices_of(local_id), reductions_of(local_id), (), currency="EUR", rules=RULES):
        net = catalog_prices.net(known[found.id], includes_tax=False)
        gross = catalog_prices.gross(known[found.id], includes_tax=False)
        assert net is not None
        assert gross is not None
        if found.kind is not PriceKind.USAGE:
            net, gross = net.rounded(), gross.rounded()
        assert (found.list_net, found.list_gross) == (net.amount, gross.amount)


# ---------------------------------------------------------------- totals


def line(net: str | None = "1", gross: str | None = "1", **more: Any) -> SeenPrice:
    amounts = [None if each is None else Decimal(each) for each in (net, gross)]
    shape = {"id": "p", "name": "", "kind": PriceKind.PAY_NOW, "currency": "EUR", "tax_rate": None, "unit": None}
    terms = {"net": amounts[0], "gross": amounts[1], "list_net": amounts[0], "list_gross": amounts[1]}
    return SeenPrice(**(shape | terms | {"every": None, "period": None} | more))


def test_nothing_comes_to_nothing() -> None:
    assert totals([]) == totals([(1, [])]) == totals([(0, [line()])]) == ()


def test_kinds_and_periods_are_apart() -> None:
    """In the order of the kinds, then of the periods."""
    monthly = {"kind": PriceKind.RECURRING, "every": 1, "period": Period.MONTH}
    lines = [
        line("1", id="fee", kind=PriceKind.CANCELLATION_FEE),
        line("2", id="year", **(monthly | {"period": Period.YEAR})),
        line("3", id="quarter", **(monthly | {"every": 3})),
        line("4", id="month", **monthly),
        line("5", id="now"),
        line("6", id="odd", **(monthly | {"period": None})),
        line("7", id="again", **monthly),
    ]
    assert [(t.kind.name, t.every, t.period and t.period.name, str(t.net)) for t in totals([(1, lines)])] == [
        ("PAY_NOW", None, None, "5.00"),
        ("RECURRING", 1, None, "6.00"),
        ("RECURRING", 1, "MONTH", "11.00"),
        ("RECURRING", 3, "MONTH", "3.00"),
        ("RECURRING", 1, "YEAR", "2.00"),
        ("CANCELLATION_FEE", None, None, "1.00"),
    ]


def test_usage_has_no_sum() -> None:
    """What a minute costs is not added to what another minute costs."""
    assert totals([(5, [line(kind=PriceKind.USAGE)])]) == ()


def test_one_unknown_tax_makes_the_gross_unknown() -> None:
    """Net is still the sum, and so is the other kind's gross."""
    found = totals([(1, [line("1", "2"), line("1", None), line("1", "2", kind=PriceKind.ON_FIRST_BILL)])])
    assert [written(each.net, each.gross) for each in found] == [("2.00", None), ("1.00", "2.00")]
    assert written(*(each.net for each in totals([(1, [line(None, "2")])]))) == (None,)


def test_a_total_is_rounded_once() -> None:
    """Three times 0.335 is 1.005, half up 1.01; rounded before, it would be 1.02."""
    assert totals([(3, [line("0.335", "0.334")])]) == (
        Total(PriceKind.PAY_NOW, None, None, "EUR", Decimal("1.01"), Decimal("1.00")),
    )


def test_currencies_do_not_mix() -> None:
    """Not even of kinds that would stand apart."""
    with pytest.raises(WrongCurrencyError):
        totals([(1, [line()]), (1, [line(currency="USD", kind=PriceKind.USAGE)])])


# ---------------------------------------------------------------- changes


def test_the_same_price_is_no_change() -> None:
    """Not with another name, unit, reduction or list price, nor with more zeros."""
    now = line("1.0", name="new", unit="GB", reductions=("Sale",), list_net=Decimal(5), tax_rate=Decimal(7))
    assert changes([line("1")], [now]) == ()
    assert changes([], []) == ()


@pytest.mark.parametrize(
    "now",
    [
        line("2"),
        line("1", "2"),
        line("1", None),
        line(kind=PriceKind.ON_FIRST_BILL),
        line(every=1, period=Period.MONTH),
        line(currency="USD"),
    ],
)
def test_a_change(now: SeenPrice) -> None:
    """An amount, a kind, a period."""
    assert changes([line("1")], [now]) == (PriceChange(line("1"), now),)


def test_prices_that_went_and_came() -> None:
    """By id, whatever their order; the new ones last."""
    a, b, c, d = (line(id=each) for each in "abcd")
    assert changes([a, b, c], [d, c, a]) == (PriceChange(b, None), PriceChange(None, d))


# ---------------------------------------------------------------- any prices

AMOUNTS = st.decimals(0, 10**6, places=2) | st.decimals(0, 10, places=4) | st.decimals(-100, 0, places=2)
RATES = st.decimals(0, 30, places=1)
REDUCTIONS = st.lists(
    st.decimals(0, 120, places=1).map(lambda off: percent(str(off)))
    | st.decimals(0, 50, places=3).map(lambda off: minus(str(off))),
    max_size=3,
)
EITHER = st.sampled_from([RULES, INCLUSIVE])
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])
UNIT_PRICES = st.none() | st.decimals(-(10**9), 10**9, places=4)
SEEN = st.builds(
    lambda net, gross, kind, term: msgspec.structs.replace(
        line(kind=kind, every=term[0], period=term[1]), net=net, gross=gross
    ),
    UNIT_PRICES,
    UNIT_PRICES,
    st.sampled_from(PriceKind),
    st.sampled_from([(None, None), (1, Period.MONTH), (3, Period.MONTH), (1, None), (1, Period.YEAR)]),
)
QUANTITIES = st.integers(1, 10**6)
LINES = st.lists(st.tuples(QUANTITIES, st.lists(SEEN, max_size=4)), max_size=4)


@given(AMOUNTS, st.none() | RATES, REDUCTIONS, EITHER)
def test_a_reduction_never_makes_a_price_rise(
    amount: Decimal, rate: Decimal | None, reductions: list[ProductOfferingPrice], rules: ShopRules
) -> None:
    """Net and gross are at most the list's, never fall below zero by it, and are unknown only where the list's are."""
    found = seen(price(str(amount), *(() if rate is None else (str(rate),))), *reductions, rules=rules)
    for now, before in ((found.net, found.list_net), (found.gross, found.list_gross)):
        assert (now is None) == (before is None)
        if now is not None and before is not None:
            assert isinstance(now, Decimal)
            assert min(before, Decimal(0)) <= now <= before


@given(AMOUNTS, RATES, REDUCTIONS, EITHER)
def test_gross_is_at_least_net(
    amount: Decimal, rate: Decimal, reductions: list[ProductOfferingPrice], rules: ShopRules
) -> None:
    """For what costs something, at any rate that exists."""
    found = seen(price(str(abs(amount)), str(rate)), *reductions, rules=rules)
    assert found.net is not None
    assert found.gross is not None
    assert found.gross >= found.net


@given(AMOUNTS, RATES, REDUCTIONS, EITHER)
def test_all_off_leaves_nothing(
    amount: Decimal, rate: Decimal, reductions: list[ProductOfferingPrice], rules: ShopRules
) -> None:
    """Whatever else is taken off."""
    found = seen(price(str(abs(amount)), str(rate)), *reductions, percent("100"), rules=rules)
    assert (found.net, found.gross) == (0, 0)


@given(st.decimals(0, 10**6, places=2), RATES, st.decimals(0, 100, places=2), CURRENCIES)
def test_a_percentage_is_that_of_exact_arithmetic(amount: Decimal, rate: Decimal, off: Decimal, currency: str) -> None:
    """Net from the exact share, gross from that net, both as fine as the price is written; then in whole cents."""
    minor = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    own = max(minor, -int(amount.normalize().as_tuple().exponent))
    found = seen(price(str(amount), str(rate), currency=currency), percent(str(off)), currency=currency)

    def rounded(exact: Fraction, digits: int) -> Fraction:
        return Fraction(int(exact * 10**digits + Fraction(1, 2)), 10**digits)

    net = rounded(Fraction(amount) * (1 - Fraction(off) / 100), own)
    assert found.net is not None
    assert found.gross is not None
    assert Fraction(found.net) == rounded(net, minor)
    assert Fraction(found.gross) == rounded(rounded(net * (1 + Fraction(rate) / 100), own), minor)


@given(LINES)
def test_totals_are_the_exact_sums_rounded(lines: list[tuple[int, list[SeenPrice]]]) -> None:
    """Against fractions: every kind and period but usage, once, in order."""
    found = totals(lines)
    groups = {(p.kind, p.every, p.period) for _, prices in lines for p in prices} - {
        (PriceKind.USAGE, every, period) for every in (None, 1, 3) for period in (None, *Period)
    }
    assert {(t.kind, t.every, t.period) for t in found} == groups
    assert len(found) == len(groups)
    kinds = list(PriceKind)
    assert all(kinds.index(a.kind) <= kinds.index(b.kind) for a, b in pairwise(found))
    for total in found:
        for side in ("net", "gross"):
            parts = [
                (quantity, getattr(p, side))
                for quantity, prices in lines
                for p in prices
                if (p.kind, p.every, p.period) == (total.kind, total.every, total.period)
            ]
            value = getattr(total, side)
            if any(amount is None for _, amount in parts):
                assert value is None
                continue
            exact = sum((quantity * Fraction(amount) for quantity, amount in parts), Fraction(0))
            cents = abs(exact) * 100 + Fraction(1, 2)
            assert type(value) is Decimal
            assert abs(Fraction(value)) * 100 == cents.numerator // cents.denominator
            assert value.as_tuple().exponent == -2
            assert value == 0 or (value > 0) == (exact > 0)


@given(LINES, st.data())
def test_splitting_a_line_changes_no_total(lines: list[tuple[int, list[SeenPrice]]], data: st.DataObject) -> None:
    """Five of one are two and three of it, to the last cent."""
    split = []
    for quantity, prices in lines:
        first = data.draw(st.integers(0, quantity))
        split += [(first, prices), (quantity - first, prices)]
    assert totals(split) == totals(lines)


@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_prices_does_not_matter(lines: list[tuple[int, list[SeenPrice]]], random: Any) -> None:
    mixed = [(quantity, random.sample(prices, len(prices))) for quantity, prices in lines]
    random.shuffle(mixed)
    assert totals(mixed) == totals(lines)


@given(st.lists(SEEN, max_size=4), QUANTITIES)
def test_a_quantity_is_as_many_lines_of_one(prices: list[SeenPrice], quantity: int) -> None:
    """Scaling the quantity scales the exact sum: amounts in whole cents show it without rounding."""
    cents = [
        msgspec.structs.replace(
            each,
            net=each.net and each.net.quantize(Decimal("0.01"), ROUND_HALF_UP),
            gross=each.gross and each.gross.quantize(Decimal("0.01"), ROUND_HALF_UP),
        )
        for each in prices
    ]
    once, often = totals([(1, cents)]), totals([(quantity, cents)])
    assert [(t.net and t.net * quantity, t.gross and t.gross * quantity) for t in once] == [
        (t.net, t.gross) for t in often
    ]


@given(SEEN, REDUCTIONS, AMOUNTS, RATES)
def test_what_was_seen_comes_back_from_json(
    each: SeenPrice, reductions: list[ProductOfferingPrice], amount: Decimal, rate: Decimal
) -> None:
    """To the digit, so that nothing seen looks changed."""
    for known in (each, seen(price(str(amount), str(rate)), *reductions)):
        again = msgspec.json.decode(msgspec.json.encode(known), type=SeenPrice)
        assert again == known
        assert str(again) == str(known)
        assert changes([known], [again]) == ()


@given(st.lists(SEEN, max_size=4), st.lists(SEEN, max_size=4))
def test_changes_tell_exactly_what_differs(before: list[SeenPrice], after: list[SeenPrice]) -> None:
    """Applied to what was seen, they give what is."""
    seen_ones = {str(n): msgspec.structs.replace(each, id=str(n)) for n, each in enumerate(before)}
    today = {str(n + 1): msgspec.structs.replace(each, id=str(n + 1)) for n, each in enumerate(after)}
    state = dict(seen_ones)
    for change in changes(list(seen_ones.values()), list(today.values())):
        assert change.before != change.after
        if change.before is not None:
            del state[change.before.id]
        if change.after is not None:
            state[change.after.id] = change.after
    assert state == today
