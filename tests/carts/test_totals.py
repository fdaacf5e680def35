"""What a cart comes to, as a shopper is shown it: by kind and period, net and gross, in the currency's own cents."""

from decimal import Decimal
from typing import Any

from tests.carts.conftest import MakeShop
from tests.carts.shopper import Shopper, add
from tests.upstream import Upstream

EVERYTHING = (
    *("po-mobile-m", "po-flex-m", "po-kaiyo-k1", "po-fibre-100", "po-tv-basic", "po-data-plan-m", "po-sim-card"),
    *("po-family-four", "po-bundle-kaiyo-k1-mobile-m", "po-data-day", "po-young-m"),
)


def totals(shopper: Shopper) -> dict[tuple[str, int | None, str | None], tuple[str, str]]:
    return {
        (each["kind"], each["every"], each["period"]): (each["net"]["amount"], each["gross"]["amount"])
        for each in shopper.cart["totals"]
    }


async def test_an_empty_cart_comes_to_nothing(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        assert shopper.cart["totals"] == []


async def test_what_is_paid_at_once_later_and_monthly_is_never_mixed(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-kaiyo-k1"), add("po-mobile-m", quantity=2))
        assert totals(shopper) == {
            ("PAY_NOW", None, None): ("671.43", "799.00"),
            ("ON_FIRST_BILL", None, None): ("4.19", "4.99"),
            ("RECURRING", 1, "MONTH"): ("42.00", "49.98"),
            ("CANCELLATION_FEE", None, None): ("252.00", "299.88"),
        }


async def test_periods_are_never_mixed(shop: MakeShop) -> None:
    """A month and four weeks are not the same."""
    async with shop() as shopper:
        await shopper.create()
        payload = await shopper.update(add("po-mobile-m"), add("po-prepaid-m"))
        assert payload["errors"] == []
        periods = [key for key in totals(shopper) if key[0] == "RECURRING"]
        assert sorted(periods, key=str) == [("RECURRING", 1, "MONTH"), ("RECURRING", 4, "WEEK")]


async def test_usage_has_no_sum(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        assert "USAGE" in {price["kind"] for price in shopper.lines[0]["prices"]}
        assert "USAGE" not in {kind for kind, _, _ in totals(shopper)}


async def test_totals_are_the_sum_of_what_the_lines_show(shop: MakeShop) -> None:
    """To the cent: a shopper with a pocket calculator comes to the same."""
    async with shop() as shopper:
        await shopper.create()
        assert (await shopper.update(*(add(local, quantity=3) for local in EVERYTHING)))["errors"] == []
        lines = {line["id"]: line for line in shopper.lines}

        def times(line: dict[str, Any]) -> int:
            """How many of a line are charged: what a bundle covers is not."""
            around = lines[line["parent"]["id"]] if line["parent"] else None
            outside: int = 1 if around is None else count(around)
            return (int(line["quantity"]) - int(line["included"])) * outside

        def count(line: dict[str, Any]) -> int:
            around = lines[line["parent"]["id"]] if line["parent"] else None
            return int(line["quantity"]) * (1 if around is None else count(around))

        expected: dict[tuple[str, int | None, str | None], Decimal] = {}
        for line in shopper.lines:
            for price in line["prices"]:
                if price["kind"] != "USAGE" and times(line):
                    key = (price["kind"], price["every"], price["period"])
                    expected[key] = expected.get(key, Decimal(0)) + times(line) * Decimal(price["gross"]["amount"])
        assert {key: Decimal(gross) for key, (_, gross) in totals(shopper).items()} == expected


async def test_every_amount_that_is_charged_is_in_whole_cents(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(*(add(local, quantity=3) for local in EVERYTHING))
        amounts = [
            price[side]["amount"]
            for line in shopper.lines
            for price in line["prices"]
            if price["kind"] != "USAGE"
            for side in ("net", "gross", "listGross")
        ]
        amounts += [amount for pair in totals(shopper).values() for amount in pair]
        assert [amount for amount in amounts if len(amount.partition(".")[2]) != 2] == []


async def test_without_a_tax_there_is_no_gross_and_no_guess(shop: MakeShop, upstream: Upstream) -> None:
    price = upstream.get("productOffering", "po-tv-basic")["productOfferingPrice"][0]["id"]
    upstream.patch("productOfferingPrice", price, {"tax": []})
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-tv-basic"), add("po-mobile-m"))
        (monthly,) = [each for each in shopper.cart["totals"] if each["kind"] == "RECURRING"]
        assert monthly["net"] is not None
        assert monthly["gross"] is None


async def test_a_thousand_of_everything_stays_exact(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m", quantity=1000))
        assert totals(shopper)["RECURRING", 1, "MONTH"] == ("21000.00", "24990.00")
