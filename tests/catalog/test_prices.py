"""Prices of every kind to the cent, promotions, what a choice adds; and prices that are not as they should be."""

from decimal import Decimal
from typing import Any

from sandbox.control import SandboxControl
from tests.conftest import MakeGateway
from tests.upstream import Document, Seed, Upstream, counts, gid, offering_id

PRICES = """query($id: ID!) { productOffering(id: $id) { prices {
  id name description kind net { amount currency } gross { amount currency } percentage every period unit
  appliesTo { name value } validFor { start end }
  promotions { id name description percentage net { amount currency } gross { amount } validFor { start end } }
} } }"""
ALWAYS = {"start": "2025-01-01T00:00:00Z", "end": None}


async def prices_of(gateway: MakeGateway, local: str, **given: Any) -> list[Document]:
    async with gateway(**given) as client:
        found: list[Document] = (await client.data(PRICES, id=offering_id(local)))["productOffering"]["prices"]
    return found


def price(local: str, name: str, kind: str, net: str, gross: str, **more: Any) -> Document:
    plain = {"percentage": None, "every": None, "period": None, "unit": None, "appliesTo": [], "promotions": []}
    return {
        **plain,
        "id": gid("OfferingPrice", local),
        "name": name,
        "kind": kind,
        "net": {"amount": net, "currency": "EUR"},
        "gross": {"amount": gross, "currency": "EUR"},
        "validFor": ALWAYS,
        **more,
    }


async def test_all_five_kinds_to_the_cent(gateway: MakeGateway, clock: Any) -> None:
    """Monthly, on the first bill, per unit and for leaving early, as the plan has them; usage keeps its four digits."""
    found = await prices_of(gateway, "po-mobile-m", clock=clock)
    half = {
        "id": gid("OfferingPrice", "pop-promo-half-6"),
        "name": "Half price for 6 months",
        "description": "50 % off the monthly charge during the first six months.",
        "percentage": "50.0",
        "net": None,
        "gross": None,
    }
    free = {
        "id": gid("OfferingPrice", "pop-promo-no-activation"),
        "name": "Activation free of charge",
        "description": "We waive the activation price.",
        "percentage": "100.0",
        "net": None,
        "gross": None,
    }
    without = [{key: value for key, value in each.items() if key != "description"} for each in found]
    for each in without:
        for promotion in each["promotions"]:
            del promotion["validFor"]
    assert without == [
        price("pop-mobile-m-monthly", "Mobile M: monthly charge", "RECURRING", "21.00", "24.99",
              every=1, period="MONTH", promotions=[half]),
        price("pop-mobile-m-activation", "Mobile M: activation, on the first bill", "ON_FIRST_BILL", "33.605", "39.99",
              promotions=[free]),
        price("pop-mobile-m-usage-gb", "Mobile M: each GB beyond the included data", "USAGE", "2.5126", "2.99",
              unit="GB"),
        price("pop-mobile-m-usage-minute", "Mobile M: per minute to other countries", "USAGE", "0.1597", "0.19",
              unit="minute"),
        price("pop-mobile-m-cancellation", "Mobile M: fee for leaving before the minimum term ends",
              "CANCELLATION_FEE", "126.00", "149.94"),
    ]  # fmt: skip
    assert found[0]["description"] == "monthly charge – Mobile M"
    device = (await prices_of(gateway, "po-kaiyo-k1"))[0]
    assert (device["kind"], device["net"]["amount"], device["gross"]["amount"]) == ("PAY_NOW", "671.43", "799.00")


async def test_periods(gateway: MakeGateway) -> None:
    """Every four weeks, a week, a day, a year; nothing for what is paid once or by use."""
    found = {}
    for local in ("po-prepaid-m", "po-prepaid-week", "po-data-day", "po-prepaid-year", "po-esim", "po-roaming-ship"):
        first = (await prices_of(gateway, local))[0]
        found[local] = (first["kind"], first["every"], first["period"], first["gross"]["amount"])
    assert found == {
        "po-prepaid-m": ("RECURRING", 4, "WEEK", "12.99"),
        "po-prepaid-week": ("RECURRING", 1, "WEEK", "3.99"),
        "po-data-day": ("RECURRING", 1, "DAY", "4.99"),
        "po-prepaid-year": ("RECURRING", 1, "YEAR", "99.95"),
        "po-esim": ("PAY_NOW", None, None, "4.99"),
        "po-roaming-ship": ("USAGE", None, None, "1.99"),
    }


async def test_every_price_of_the_catalogue_is_net_plus_its_own_tax(gateway: MakeGateway, seed: Seed) -> None:
    """All prices of all offerings: the net as the upstream has it, the gross by the tax rate, rounded half up."""
    document = """query($ids: [ID!]) { productOfferings(first: 100, filter: {ids: $ids}) { nodes {
      id prices { id net { amount } gross { amount } } } } }"""
    ids = [offering_id(each) for each in seed.visible_ids]
    async with gateway() as client:
        nodes = [
            node
            for part in (ids[:100], ids[100:])
            for node in (await client.data(document, ids=part))["productOfferings"]["nodes"]
        ]
    checked = 0
    by_id = {gid("OfferingPrice", local): each for local, each in seed.prices.items()}
    for node, offering in zip(nodes, seed.visible, strict=True):
        active = [r["id"] for r in offering["productOfferingPrice"] if in_force(seed.prices[r["id"]])]
        assert [each["id"] for each in node["prices"]] == [gid("OfferingPrice", each) for each in active]
        for shown in node["prices"]:
            truth = by_id[shown["id"]]
            net = Decimal(str(truth["price"]["value"]))
            gross = net * (1 + Decimal(str(truth["tax"][0]["taxRate"])) / 100)
            assert Decimal(shown["net"]["amount"]) == net
            assert abs(Decimal(shown["gross"]["amount"]) - gross) <= Decimal("0.005")
            checked += 1
    assert checked == 312


def in_force(each: Document) -> bool:
    period = each["validFor"]
    return each["lifecycleStatus"] in ("Active", "Launched") and (
        period["startDateTime"] < "2026-11-23" < period.get("endDateTime", "9999")
    )


async def test_reduced_tax(gateway: MakeGateway) -> None:
    """A price at 7 percent is not taxed at 19."""
    (found,) = await prices_of(gateway, "po-service-reading")
    assert (found["net"]["amount"], found["gross"]["amount"]) == ("9.34", "9.99")


async def test_an_operator_whose_prices_contain_tax(gateway: MakeGateway) -> None:
    """With that setting the stated amount is the gross one, and the net is worked out."""
    found = (await prices_of(gateway, "po-mobile-m", catalog_prices_include_tax=True))[0]
    assert (found["net"]["amount"], found["gross"]["amount"]) == ("17.65", "21.00")


async def test_promotions_in_force(gateway: MakeGateway) -> None:
    """Reductions by percent and by amount with their terms; those that are over are not shown."""
    most = (await prices_of(gateway, "po-mobile-max"))[0]["promotions"]
    assert [each["name"] for each in most] == ["Half price for 6 months"]
    family = (await prices_of(gateway, "po-family-duo"))[0]["promotions"]
    assert family == [
        {
            "id": gid("OfferingPrice", "pop-promo-family-5"),
            "name": "Family discount",
            "description": "€5 less per month for every line in a family bundle.",
            "percentage": None,
            "net": {"amount": "4.20", "currency": "EUR"},
            "gross": {"amount": "5.00"},
            "validFor": ALWAYS,
        }
    ]


async def test_a_promotion_begins_and_ends(gateway: MakeGateway, clock: Any) -> None:
    """Back in Black Week 2023 its reduction is in force, though then the plan was not yet sold."""
    clock.at = 1_700_900_000.0  # 2023-11-25
    async with gateway(clock=clock) as client:
        found = await client.data(
            "query($id: ID!) { node(id: $id) { ... on OfferingPrice { kind promotions { name percentage } } } }",
            id=gid("OfferingPrice", "pop-mobile-max-monthly"),
        )
    assert {"name": "Black Week 2023", "percentage": "15.0"} in found["node"]["promotions"]


async def test_surcharges_name_their_choice(gateway: MakeGateway) -> None:
    """A price for one value of a characteristic says which."""
    found = await prices_of(gateway, "po-kaiyo-k1")
    assert [(each["gross"]["amount"], each["appliesTo"]) for each in found] == [
        ("799.00", []),
        ("60.00", [{"name": "Storage", "value": "256 GB"}]),
        ("180.00", [{"name": "Storage", "value": "512 GB"}]),
        ("4.99", []),
    ]


async def test_odd_prices_cost_only_themselves(gateway: MakeGateway, upstream: Upstream) -> None:
    """No tax, tax by amount, tax in another currency, no amount, percent, unknown types, units of more than one."""
    amount = {"unit": "EUR", "value": 10}
    odd: list[Document] = [
        {"id": "pop-a", "priceType": "recurring", "price": amount},
        {"id": "pop-b", "price": amount, "tax": [{"taxAmount": {"unit": "EUR", "value": 1.9}}]},
        {"id": "pop-c", "price": amount, "tax": [{"taxAmount": {"unit": "USD", "value": 1.9}}]},
        {
            "id": "pop-d",
            "price": amount,
            "tax": [{"taxRate": 10}, {"taxRate": 9}],
            "recurringChargePeriodType": "Annual",
        },
        {"id": "pop-e", "priceType": "One Time", "price": {"unit": "JPY", "value": 1000}, "tax": [{"taxRate": 10}]},
        {"id": "pop-f", "priceType": "recurring", "percentage": 12.5},
        {"id": "pop-g", "priceType": "hocus pocus", "price": amount, "unitOfMeasure": {"amount": 100, "units": "MB"}},
        {"id": "pop-h", "priceType": "usage", "price": amount, "unitOfMeasure": "each"},
        {"id": "pop-i", "priceType": "discount", "price": amount},
        {"id": "pop-j", "priceType": "recurring", "price": amount, "lifecycleStatus": "Retired"},
        {"id": "pop-k", "priceType": "recurring", "price": amount, "validFor": {"endDateTime": "2020-01-01T00:00"}},
        {"id": "pop-l", "priceType": "recurring", "price": "free", "recurringChargePeriodType": "fortnight"},
    ]
    for each in odd:
        upstream.create("productOfferingPrice", {"name": each["id"], **each})
    refs = [{"id": each["id"]} for each in odd] + [{"id": "pop-gone"}]
    upstream.patch("productOffering", "po-esim", {"productOfferingPrice": refs})
    found = await prices_of(gateway, "po-esim")
    shown = [
        (
            each["name"],
            each["kind"],
            each["net"] and each["net"]["amount"],
            each["gross"] and each["gross"]["amount"],
            each["percentage"],
            each["period"],
            each["unit"],
        )
        for each in found
    ]
    assert shown == [
        ("pop-a", "RECURRING", "10.00", None, None, None, None),
        ("pop-b", "PAY_NOW", "10.00", "11.90", None, None, None),
        ("pop-c", "PAY_NOW", "10.00", None, None, None, None),
        ("pop-d", "RECURRING", "10.00", "11.90", None, "YEAR", None),
        ("pop-e", "PAY_NOW", "1000", "1100", None, None, None),
        ("pop-f", "RECURRING", None, None, "12.5", None, None),
        ("pop-g", "USAGE", "10.00", None, None, None, "100 MB"),
        ("pop-h", "USAGE", "10.00", None, None, None, "each"),
        ("pop-l", "RECURRING", None, None, None, None, None),
    ]


async def test_embedded_prices_are_not_read_again(
    gateway: MakeGateway, sandbox: SandboxControl, upstream: Upstream
) -> None:
    """A price that stands in the offering as a value costs no call; a pointer beside it costs one."""
    value = {
        "id": "pop-inside",
        "name": "Inside",
        "priceType": "oneTime",
        "price": {"unit": "EUR", "value": 10},
        "tax": [{"taxRate": 19}],
    }
    upstream.patch("productOffering", "po-esim", {"productOfferingPrice": [value]})
    upstream.patch("productOffering", "po-buds", {"productOfferingPrice": [value, {"id": "pop-buds-once"}]})
    sandbox.reset_calls()
    (alone,) = await prices_of(gateway, "po-esim")
    assert (alone["name"], alone["kind"], alone["gross"]["amount"]) == ("Inside", "PAY_NOW", "11.90")
    assert counts(sandbox) == {"offerings": 1}
    both = await prices_of(gateway, "po-buds")
    assert [each["name"] for each in both] == ["Inside", "Kaiyo Buds: one-time price"]
    assert counts(sandbox) == {"offerings": 2, "prices": 1}
