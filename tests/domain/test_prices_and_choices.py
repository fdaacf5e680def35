"""The arithmetic of prices, choices and their impact, search words, the tree of categories; no I/O anywhere."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.tmf620 import (
    Amount,
    Category,
    CharacteristicUse,
    CharacteristicValue,
    ProductOffering,
    ProductOfferingPrice,
    ProductSpecification,
    Quantity,
    Ref,
    SpecCharacteristic,
    Tax,
)
from domain.catalog import prices, search
from domain.catalog.categories import CategoryTree
from domain.catalog.characteristics import applies_to, as_text, choices, impacts
from domain.catalog.kinds import Period
from kernel.money import Money


def price(value: str | None = "100", unit: str = "EUR", **more: Any) -> ProductOfferingPrice:
    amount = None if value is None else Amount(unit=unit, value=Decimal(value))
    return ProductOfferingPrice(id="p", price=amount, **more)


def taxes(*rates: str | None) -> tuple[Tax, ...]:
    return tuple(Tax(tax_rate=None if rate is None else Decimal(rate)) for rate in rates)


def euros(text: str) -> Money:
    return Money(Decimal(text), "EUR")


@pytest.mark.parametrize(
    ("each", "includes_tax", "net", "gross"),
    [
        (price("21", tax=taxes("19")), False, "21.00", "24.99"),
        (price("24.99", tax=taxes("19.0")), True, "21.00", "24.99"),
        (price("0.1597", tax=taxes("19")), False, "0.1597", "0.19"),
        (price("100", tax=taxes("10", "9")), False, "100.00", "119.00"),
        (price("100", tax=taxes("10", None)), False, "100.00", None),
        (price("100", tax=taxes("10", None)), True, None, "100.00"),
        (price("100"), False, "100.00", None),
        (price("100"), True, None, "100.00"),
        (price("100", tax=taxes("0")), False, "100.00", "100.00"),
        (price("-5", tax=taxes("19")), False, "-5.00", "-5.95"),
        (price(None, tax=taxes("19")), False, None, None),
        (price("10", tax=(Tax(tax_amount=Amount(unit="EUR", value=Decimal("1.9"))),)), False, "10.00", "11.90"),
        (price("10", tax=(Tax(tax_amount=Amount(unit="USD", value=Decimal("1.9"))),)), False, "10.00", None),
    ],
)
def test_net_and_gross(each: ProductOfferingPrice, includes_tax: bool, net: str | None, gross: str | None) -> None:
    """Either way round, exactly; unknown where the tax is not told."""
    assert prices.net(each, includes_tax=includes_tax) == (net and euros(net))
    assert prices.gross(each, includes_tax=includes_tax) == (gross and euros(gross))
    shown = prices.shown(each, includes_tax=includes_tax)
    assert shown == (euros(gross or net or "0") if gross or net else None)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("month", Period.MONTH),
        (" Monthly ", Period.MONTH),
        ("WEEKS", Period.WEEK),
        ("day", Period.DAY),
        ("annually", Period.YEAR),
        ("fortnight", None),
        ("", None),
        (None, None),
    ],
)
def test_periods(text: str | None, period: Period | None) -> None:
    """Operators' words for a period; one that nobody knows is none."""
    each = price(recurring_charge_period_type=text)
    assert prices.period(each) is period
    assert prices.every(each) == (1 if text else None)
    assert prices.every(price(recurring_charge_period_type="week", recurring_charge_period_length=4)) == 4


@pytest.mark.parametrize(
    ("text", "length", "monthly"),
    [
        ("month", 1, "12"),
        ("month", 3, "4"),
        ("day", 1, "360"),
        ("week", 4, "13"),
        ("year", 1, "1"),
        ("fortnight", 1, "12"),
        (None, None, "12"),
    ],
)
def test_what_it_comes_to_in_a_month(text: str | None, length: int | None, monthly: str) -> None:
    """Periods of different length compare."""
    each = price(recurring_charge_period_type=text, recurring_charge_period_length=length)
    assert round(prices.monthly(each, euros("12")), 9) == Decimal(monthly)


@pytest.mark.parametrize(
    ("measure", "unit"),
    [
        (None, None),
        ("GB", "GB"),
        ("", None),
        (Quantity(amount=Decimal("1.0"), units="GB"), "GB"),
        (Quantity(units="GB"), "GB"),
        (Quantity(amount=Decimal("100.0"), units="MB"), "100 MB"),
        (Quantity(amount=Decimal("0.5"), units="GB"), "0.5 GB"),
        (Quantity(amount=Decimal(60)), "60"),
    ],
)
def test_units(measure: Any, unit: str | None) -> None:
    """`GB`, or `100 MB` where the amount is not one."""
    assert prices.unit(price(unit_of_measure=measure)) == unit


# ---------------------------------------------------------------- choices


def use(name: str, *values: Any, **more: Any) -> CharacteristicUse:
    listed = tuple(CharacteristicValue(value=value) for value in values)
    return CharacteristicUse(name=name, product_spec_characteristic_value=listed, **more)


def spec(name: str, *values: Any, **more: Any) -> SpecCharacteristic:
    listed = tuple(CharacteristicValue(value=value) for value in values)
    return SpecCharacteristic(name=name, product_spec_characteristic_value=listed, **more)


def test_an_offering_narrows_its_specification() -> None:
    """Its values and cardinalities where it names any, the specification's otherwise; its own names at the end."""
    specification = ProductSpecification(
        id="s",
        product_spec_characteristic=(
            spec("colour", "red", "blue", min_cardinality=1, max_cardinality=1, configurable=True),
            spec("size", 1, 2),
        ),
    )
    offering = ProductOffering(
        id="o", prod_spec_char_value_use=(use("own", True), use("colour", "blue", max_cardinality=0), use("size"))
    )
    found = choices(offering, specification)
    assert [(each.name, [o.value for o in each.values], each.min, each.max, each.required) for each in found] == [
        ("colour", ["blue"], 1, 0, True),
        ("size", ["1", "2"], None, None, False),
        ("own", ["true"], None, None, False),
    ]
    assert [each.configurable for each in found] == [True, False, True]
    assert choices(offering, None)[0].name == "own"
    assert choices(ProductOffering(id="o"), None) == ()


def test_a_range_is_no_value() -> None:
    """From, to and unit; one open end is fine."""
    spread = CharacteristicValue(value_from=Decimal("0.5"), unit_of_measure="GB")
    specification = ProductSpecification(
        id="s", product_spec_characteristic=(SpecCharacteristic(name="d", product_spec_characteristic_value=(spread,)),)
    )
    (found,) = choices(ProductOffering(id="o"), specification)
    assert (found.range_from, found.range_to, found.unit, found.values) == ("0.5", None, "GB", ())


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (5, "5"), (Decimal("2.50"), "2.50"), ("x", "x"), (0, "0")]
)
def test_values_as_text(value: Any, text: str) -> None:
    """JSON's spelling for booleans, digits for numbers."""
    assert as_text(value) == text


def test_impact_is_what_just_this_choice_brings() -> None:
    """A price for two choices together is none of one, nor is one that is always charged."""
    offering = ProductOffering(id="o", prod_spec_char_value_use=(use("size", "L", 5),))
    (size,) = choices(offering, None)
    always, for_large, for_five = price(), price(prod_spec_char_value_use=(use("size", "L"),)), price("5")
    for_both = price(prod_spec_char_value_use=(use("size", "L"), use("colour", "red")))
    for_five = price(prod_spec_char_value_use=(use("size", 5),))
    known = [always, for_large, for_both, for_five]
    assert [impacts(known, option) for option in size.values] == [[for_large], [for_five]]
    assert applies_to(for_both) == (("size", "L"), ("colour", "red"))
    assert applies_to(price(prod_spec_char_value_use=(use("size", None),))) == ()


# ---------------------------------------------------------------- words and shelves


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Größe-XL", ("grosse", "xl")),
        ("Türkiye, 7 days!", ("turkiye", "7", "days")),
        ("e_SIM", ("e", "sim")),
        ("ﬁbre", ("fibre",)),
        ("", ()),
        ("—…", ()),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    """Folded, without accents, without punctuation."""
    assert search.words(text) == words


@given(st.text(max_size=60))
def test_every_text_finds_itself(text: str) -> None:
    """Whatever an offering is called, asking for just that finds it by name."""
    assert search.rank(ProductOffering(id="o", name=text), search.words(text)) == 0


def test_ranks() -> None:
    """All words in the name before some elsewhere; all must be there, each as a word's beginning."""
    offering = ProductOffering(
        id="o", name="Fibre 250", description="Fast line", category=(Ref(id="c", name="Home internet"), Ref(id="d"))
    )
    ranks = {
        text: search.rank(offering, search.words(text))
        for text in ("fib", "250 fibre", "fibre home", "line", "ibre", "fibre slow", "")
    }
    assert ranks == {"fib": 0, "250 fibre": 0, "fibre home": 1, "line": 1, "ibre": None, "fibre slow": None, "": 0}


LINKS = st.lists(st.tuples(st.integers(0, 6), st.none() | st.integers(0, 7), st.lists(st.integers(0, 7), max_size=3)))


@given(LINKS)
def test_any_tangle_of_categories_is_a_tree_or_ends(links: list[tuple[int, int | None, list[int]]]) -> None:
    """Parents and children that contradict each other, are missing or go round: each walk ends, links agree."""
    tree = CategoryTree.of(
        Category(
            id=str(own),
            parent_id=None if parent is None else str(parent),
            sub_category=tuple(Ref(id=str(child)) for child in children),
        )
        for own, parent, children in links
    )
    for category in tree.by_id:
        below = tree.with_descendants(category)
        assert category in below
        assert below <= set(tree.by_id)
        for child in tree.children(category):
            found = tree.parent(child.id)
            assert found is not None
            assert found.id == category
    roots = {each.id for each in tree.roots()}
    assert roots == {each for each in tree.by_id if tree.parent(each) is None}
    assert tree.with_descendants("nowhere") == {"nowhere"}
