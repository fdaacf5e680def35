"""Exact amounts."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money, minor_units, written_out

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "XXX"])
AMOUNTS = st.decimals(-(10**12), 10**12, allow_nan=False, places=6) | st.decimals(
    -(10**12), 10**12, allow_nan=False, places=2
)
RATES = st.decimals(0, 100, allow_nan=False, places=2)


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XYZ", 2)])
def test_minor_units(currency: str, digits: int) -> None:
    """Each currency has the minor unit of ISO 4217; one that is not known has two digits."""
    assert minor_units(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "digits", "rounded"),
    [
        ("1.005", "EUR", None, "1.01"),
        ("-1.005", "EUR", None, "-1.01"),
        ("1.004", "EUR", None, "1.00"),
        ("1.5", "JPY", None, "2"),
        ("1.0005", "KWD", None, "1.001"),
        ("0.01249", "EUR", 4, "0.0125"),
        ("1", "EUR", None, "1.00"),
    ],
)
def test_rounded(amount: str, currency: str, digits: int | None, rounded: str) -> None:
    """Halves go up, away from zero, at the currency's minor unit or at the digits asked for."""
    assert str(Money(Decimal(amount), currency).rounded(digits=digits).amount) == rounded


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("21", "EUR", "21.00"),
        ("2E+1", "EUR", "20.00"),
        ("16.8", "EUR", "16.80"),
        ("0.0125", "EUR", "0.0125"),
        ("500", "JPY", "500"),
        ("1.25", "JPY", "1.25"),
        ("0", "KWD", "0.000"),
        ("16.800000000000000710542735760100185871124267578125", "EUR", "16.80"),
        ("0.1000000000000000055511151231257827", "EUR", "0.10"),
        ("1E-400", "EUR", "0.00"),
    ],
)
def test_written_out(amount: str, currency: str, written: str) -> None:
    """An amount shows at least its minor unit and keeps finer digits, but not those of a float written out."""
    money = written_out(Decimal(amount), currency)
    assert (str(money.amount), money.currency) == (written, currency)


@pytest.mark.parametrize(
    ("net", "rate", "gross"),
    [("16.80", "19", "19.99"), ("10", "0", "10.00"), ("0.0125", "19", "0.0149"), ("8.40", "7.7", "9.05")],
)
def test_with_tax(net: str, rate: str, gross: str) -> None:
    """Tax is put on top in percent and rounded half up, to the minor unit or to the price's own digits."""
    assert str(Money(Decimal(net), "EUR").with_tax(Decimal(rate)).amount) == gross


@pytest.mark.parametrize(("gross", "rate", "net"), [("19.99", "19", "16.80"), ("10.00", "0", "10.00")])
def test_without_tax(gross: str, rate: str, net: str) -> None:
    """Tax is taken out of an amount that includes it."""
    assert str(Money(Decimal(gross), "EUR").without_tax(Decimal(rate)).amount) == net


@given(AMOUNTS, CURRENCIES)
def test_writing_out_changes_no_amount(amount: Decimal, currency: str) -> None:
    """Up to twelve digits after the point, an amount written out is exactly the amount, and so is it once more."""
    once = written_out(amount, currency)
    assert once.amount == amount
    assert -int(once.amount.as_tuple().exponent) >= minor_units(currency)
    assert str(written_out(*once).amount) == str(once.amount)


@given(AMOUNTS, RATES, CURRENCIES)
def test_tax_is_exact(amount: Decimal, rate: Decimal, currency: str) -> None:
    """Tax is that of exact arithmetic, rounded once."""
    own = -int(amount.as_tuple().exponent)
    with localcontext(prec=100):
        exact = amount * (100 + rate) / 100
        expected = exact.quantize(Decimal(1).scaleb(-max(own, minor_units(currency))), ROUND_HALF_UP)
    assert Money(amount, currency).with_tax(rate).amount == expected


@given(st.decimals(0, 10**9, allow_nan=False, places=2), st.sampled_from(["7", "7.7", "19", "21"]))
def test_tax_comes_off_again(amount: Decimal, rate: str) -> None:
    """What tax was put on comes back when it is taken off, at rates that exist."""
    money = Money(amount, "EUR")
    assert money.with_tax(Decimal(rate)).without_tax(Decimal(rate)).amount == amount
