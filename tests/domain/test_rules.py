"""Who may see and buy what: the operator's words, whatever way they are written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.tmf620 import BundledOffering, BundledOption, ProductOffering, ProductOfferingPrice, Ref, TimePeriod
from domain.catalog.bundles import limits
from domain.catalog.kinds import PriceKind
from domain.catalog.rules import ShopRules, fold, folded
from kernel.context import Audience, Segment

RULES = ShopRules()
NOW = datetime(2026, 11, 23, tzinfo=UTC)
GUEST, COMPANY = Audience("en", "web"), Audience("en", "web", frozenset({Segment.B2B}))


def offering(**given: Any) -> ProductOffering:
    return ProductOffering(id="x", **{"lifecycle_status": "Active", **given})


def refs(*ids: str) -> tuple[Ref, ...]:
    return tuple(Ref(id=each) for each in ids)


@pytest.mark.parametrize("text", ["In Design", "inDesign", "in_design", "IN-DESIGN", " in design "])
def test_words_are_folded(text: str) -> None:
    """Case, spaces and punctuation make no other word."""
    assert fold(text) == "indesign"
    assert folded((text, "In design")) == {"indesign"}


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """Whatever is folded stays as it is, but for letters that fold into several."""
    assert fold(fold(fold(text))) == fold(fold(text))


@pytest.mark.parametrize(
    ("status", "visible", "sellable"),
    [
        ("Active", True, True),
        ("LAUNCHED", True, True),
        ("launched", True, True),
        ("Retired", True, False),
        ("Obsolete", True, False),
        ("something", True, False),
        ("", True, False),
        (None, True, False),
        ("In study", False, False),
        ("inTest", False, False),
        ("Rejected", False, False),
    ],
)
def test_statuses(status: str | None, visible: bool, sellable: bool) -> None:
    """Drafts are hidden; only active and launched can be bought; an unknown word is shown and not sold."""
    found = offering(lifecycle_status=status)
    assert (RULES.visible(found, GUEST), RULES.is_sellable(found, GUEST, NOW)) == (visible, sellable)


@pytest.mark.parametrize(
    ("start", "end", "sellable"),
    [
        (None, None, True),
        ("2026-11-23T00:00:00Z", None, True),
        ("2026-11-23T00:00:01Z", None, False),
        ("2026-11-23", "2026-11-24", True),
        (None, "2026-11-23T00:00:00Z", False),
        (None, "2026-11-23T01:00:00+00:30", True),
        ("2026-11-23T01:00:00+01:00", None, True),
        ("whenever", "never", True),
    ],
)
def test_validity_is_half_open(start: str | None, end: str | None, sellable: bool) -> None:
    """It begins with the first moment and is over at the last; what cannot be read does not limit."""
    period = TimePeriod(start_date_time=start, end_date_time=end)
    assert RULES.is_sellable(offering(valid_for=period), GUEST, NOW) is sellable


@pytest.mark.parametrize(
    ("channels", "sellable"),
    [
        ((), True),
        (refs("web"), True),
        (refs("WEB "), True),
        ((Ref(id="17", name="Web"),), True),
        (refs("shop", "web"), True),
        (refs("shop"), False),
        (refs("webshop"), False),
    ],
)
def test_channels(channels: tuple[Ref, ...], sellable: bool) -> None:
    """By id or by name; none named means all."""
    assert RULES.is_sellable(offering(channel=channels), GUEST, NOW) is sellable


def test_the_flag() -> None:
    """Not sellable is not sellable, whatever else holds."""
    assert not RULES.is_sellable(offering(is_sellable=False), GUEST, NOW)


@pytest.mark.parametrize(
    ("named", "segments"),
    [
        ((), set(Segment)),
        (refs("b2c"), {Segment.B2C}),
        ((Ref(id="9", name="Business"),), {Segment.B2B}),
        (refs("residential", "enterprise"), set(Segment)),
        (refs("gold"), set(Segment)),
        (refs("gold", "b2b"), {Segment.B2B}),
    ],
)
def test_segments(named: tuple[Ref, ...], segments: set[Segment]) -> None:
    """By id or name; words that no setting knows are as good as none."""
    found = offering(market_segment=named)
    assert RULES.segments_of(found) == segments
    assert RULES.visible(found, COMPANY) is (Segment.B2B in segments)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"price_type": "oneTime"}, PriceKind.PAY_NOW),
        ({"price_type": "one time"}, PriceKind.PAY_NOW),
        ({"price_type": "nonRecurring"}, PriceKind.PAY_NOW),
        ({"price_type": "one-time on first bill"}, PriceKind.ON_FIRST_BILL),
        ({"price_type": "RECURRING"}, PriceKind.RECURRING),
        ({"price_type": "usage"}, PriceKind.USAGE),
        ({"price_type": "Cancellation Fee"}, PriceKind.CANCELLATION_FEE),
        ({"price_type": "?", "recurring_charge_period_type": "month"}, PriceKind.RECURRING),
        ({"unit_of_measure": "GB"}, PriceKind.USAGE),
        ({}, PriceKind.PAY_NOW),
    ],
)
def test_kinds_of_price(given: dict[str, Any], kind: PriceKind) -> None:
    """By its type, else by what it carries."""
    assert RULES.kind_of(ProductOfferingPrice(id="p", **given)) is kind


def test_prices_in_force() -> None:
    """Of no status or a sellable one, and valid now."""
    yesterday = (NOW - timedelta(days=1)).isoformat()
    over = TimePeriod(end_date_time=yesterday)
    found = {
        name: RULES.price_applies(ProductOfferingPrice(id="p", lifecycle_status=status, valid_for=period), NOW)
        for name, status, period in (
            ("none", None, None),
            ("active", "active", None),
            ("retired", "Retired", None),
            ("draft", "In test", None),
            ("over", "Active", over),
        )
    }
    assert found == {"none": True, "active": True, "retired": False, "draft": False, "over": False}


WORDS = st.sampled_from([None, "", "Active", "active", "Retired", "In test", "discount", "Promotion", "recurring"])
MOMENTS = st.none() | st.just("never") | st.integers(-3, 3).map(lambda days: (NOW + timedelta(days=days)).isoformat())
PERIODS = st.none() | st.builds(TimePeriod, start_date_time=MOMENTS, end_date_time=MOMENTS)


@given(st.lists(st.tuples(WORDS, WORDS, PERIODS, st.integers(-4, 4)), min_size=1, max_size=20))
def test_charged_is_what_is_in_force_and_no_discount(asked: list[tuple[Any, Any, Any, int]]) -> None:
    """Though for most of them it is only remembered."""
    rules = ShopRules()
    for status, kind, period, days in asked:
        price = ProductOfferingPrice(id="p", lifecycle_status=status, price_type=kind, valid_for=period)
        now = NOW + timedelta(days=days)
        assert rules.is_charged(price, now) == (rules.price_applies(price, now) and not rules.is_discount(price))


# ---------------------------------------------------------------- bundles

NUMBERS = st.none() | st.integers(-3, 9)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_limits_are_always_consistent(lower: int | None, upper: int | None, default: int | None) -> None:
    """Whatever a server says: 0 ≤ min ≤ default ≤ max, and what it says consistently is kept."""
    option = BundledOption(
        number_rel_offer_lower_limit=lower, number_rel_offer_upper_limit=upper, number_rel_offer_default=default
    )
    found = limits(BundledOffering(id="x", bundled_product_offering_option=option))
    assert 0 <= found.min <= found.default <= found.max
    if lower is not None and upper is not None and default is not None and 0 <= lower <= default <= upper:
        assert found == (lower, upper, default)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (None, (1, 1, 1)),
        ((None, None, None), (1, 1, 1)),
        ((0, None, None), (0, 1, 0)),
        ((None, 5, None), (1, 5, 1)),
        ((None, None, 0), (0, 1, 0)),
        ((None, None, 4), (1, 4, 4)),
        ((2, None, None), (2, 2, 2)),
        ((3, 1, 2), (3, 3, 3)),
    ],
)
def test_limits_left_out(option: tuple[int | None, ...] | None, expected: tuple[int, int, int]) -> None:
    """(lower, upper, default) as told, and what comes of it."""
    told = None
    if option is not None:
        lower, upper, default = option
        told = BundledOption(
            number_rel_offer_lower_limit=lower, number_rel_offer_upper_limit=upper, number_rel_offer_default=default
        )
    found = limits(BundledOffering(id="x", bundled_product_offering_option=told))
    assert (found.min, found.max, found.default) == expected
