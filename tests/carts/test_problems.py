"""What stands between a cart and a checkout, as the catalogue and the stock change under it."""

from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.carts.conftest import MakeShop
from tests.carts.operator import Operator
from tests.carts.shopper import PROBLEMS, READ, Shopper, add
from tests.upstream import Upstream


async def problems(shopper: Shopper) -> list[dict[str, Any]]:
    cart = await shopper.read(problems=True)
    assert cart is not None
    found: list[dict[str, Any]] = cart["problems"]
    return found


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [problem["code"] for problem in found]


async def test_a_price_that_changed_shows_before_and_after_until_it_is_accepted(
    shop: MakeShop, upstream: Upstream
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m", quantity=2), add("po-mobile-s"))
        assert await problems(shopper) == []
        price = upstream.get("productOffering", "po-mobile-m")["productOfferingPrice"][0]["id"]
        upstream.patch("productOfferingPrice", price, {"price": {"unit": "EUR", "value": 30.0}})
        async with shop() as later:
            again = shopper.at(later)
            (problem,) = await problems(again)
            line = again.line("Mobile M")
            assert (problem["code"], problem["lineId"], problem["blocking"]) == ("PRICE_CHANGED", line["id"], True)
            assert problem["change"] == {"before": {"amount": "24.99"}, "after": {"amount": "35.70"}}
            assert line["prices"][0]["gross"]["amount"] == "24.99"  # never silently
            assert (await again.update({"acceptPrice": line["id"]}))["errors"] == []
            assert await problems(again) == []
            assert again.line("Mobile M")["prices"][0]["gross"]["amount"] == "35.70"
            (monthly,) = [total for total in again.cart["totals"] if total["kind"] == "RECURRING"]
            assert monthly["gross"]["amount"] == "86.39"  # 2 * 35.70 and 14.99


async def test_a_reduction_that_ends_is_a_price_that_changed(shop: MakeShop, upstream: Upstream) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-kids"))
        price = upstream.get("productOffering", "po-family-kids")["productOfferingPrice"][0]["id"]
        (reduction,) = upstream.get("productOfferingPrice", price)["popRelationship"]
        upstream.patch("productOfferingPrice", reduction["id"], {"lifecycleStatus": "Retired"})
        async with shop() as later:
            (problem,) = await problems(shopper.at(later))
            assert (problem["code"], problem["change"]["after"]) == ("PRICE_CHANGED", {"amount": "9.99"})


async def test_a_price_that_came_on_top_and_one_that_is_gone(shop: MakeShop, upstream: Upstream) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-kaiyo-k1"))
        known = upstream.get("productOffering", "po-kaiyo-k1")["productOfferingPrice"]
        other = upstream.get("productOffering", "po-mobile-s")["productOfferingPrice"][0]
        shipping = next(price for price in known if "shipping" in price["id"])
        left = [price for price in known if price != shipping]
        upstream.patch("productOffering", "po-kaiyo-k1", {"productOfferingPrice": [*left, other]})
        async with shop() as later:
            gone, new = await problems(shopper.at(later))
            assert gone["change"] == {"before": {"amount": "4.99"}, "after": None}
            assert new["change"] == {"before": None, "after": {"amount": "14.99"}}


@pytest.mark.parametrize(
    "change",
    [
        {"lifecycleStatus": "Retired"},
        {"lifecycleStatus": "In design"},
        {"isSellable": False},
        {"validFor": {"endDateTime": "2020-01-01T00:00:00Z"}},
        {"marketSegment": [{"id": "b2b", "name": "business"}]},
    ],
)
async def test_what_can_no_longer_be_bought(shop: MakeShop, upstream: Upstream, change: dict[str, Any]) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        upstream.patch("productOffering", "po-mobile-m", change)
        async with shop() as later:
            again = shopper.at(later)
            assert codes(await problems(again)) == ["NOT_SELLABLE"]
            assert (await again.update({"removeLine": again.lines[0]["id"]}))["errors"] == []
            assert await problems(again) == []


async def test_an_offering_that_was_deleted_leaves_the_rest_of_the_cart(shop: MakeShop, upstream: Upstream) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"), add("po-mobile-s"))
        upstream.delete("productOffering", "po-mobile-m")
        async with shop() as later:
            again = shopper.at(later)
            assert codes(await problems(again)) == ["NOT_SELLABLE"]
            first, second = again.lines
            assert (first["offering"], second["offering"]["name"]) == (None, "Mobile S")
            assert (await again.update({"removeLine": first["id"]}))["errors"] == []


@pytest.mark.parametrize("change", [{"lifecycleStatus": "Retired"}, {"lifecycleStatus": "Obsolete"}])
async def test_a_part_that_is_retired_blocks_its_bundle(
    shop: MakeShop, upstream: Upstream, change: dict[str, Any]
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo"))
        upstream.patch("productOffering", "po-mobile-s", change)
        async with shop() as later:
            again = shopper.at(later)
            (problem,) = await problems(again)
            assert (problem["code"], problem["lineId"]) == ("NOT_SELLABLE", again.line("Mobile S")["id"])


async def test_a_part_that_is_retired_is_not_added_to_a_bundle(shop: MakeShop, upstream: Upstream) -> None:
    upstream.patch("productOffering", "po-mobile-s", {"lifecycleStatus": "Retired"})
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo"))
        (error,) = (await shopper.update(add("po-mobile-s", parentId=shopper.lines[0]["id"])))["errors"]
        path = ["input", "operations", "0", "addLine", "offeringId"]
        assert (error["code"], error["path"]) == ("NOT_SELLABLE", path)


async def test_a_part_that_its_bundle_no_longer_has(shop: MakeShop, upstream: Upstream) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo"))
        parts = upstream.get("productOffering", "po-family-duo")["bundledProductOffering"]
        upstream.patch("productOffering", "po-family-duo", {"bundledProductOffering": parts[:1]})
        async with shop() as later:
            assert codes(await problems(shopper.at(later))) == ["NOT_SELLABLE"]


async def test_what_must_be_chosen_is_a_problem_until_it_is(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-fibre-100"))
        (problem,) = await problems(shopper)
        assert (problem["code"], problem["lineId"]) == ("CHOICE_MISSING", shopper.lines[0]["id"])
        assert "Installation address" in problem["message"]
        address = [{"name": "Installation address", "value": "Weg 1, 53111 Bonn"}]
        await shopper.update({"updateLine": {"lineId": shopper.lines[0]["id"], "configuration": address}})
        assert await problems(shopper) == []


async def test_a_choice_that_is_no_longer_offered(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-kaiyo-k1"))
        (item,) = operator.items()
        item["product"]["productCharacteristic"][0]["value"] = "Ultraviolet"
        operator.put(item)
        assert "CHOICE_INVALID" in codes(await problems(shopper))


# ---------------------------------------------------------------- stock


@pytest.mark.parametrize(
    ("local", "quantity", "expected"),
    [
        ("po-veldt-note-9", 1, ["OUT_OF_STOCK"]),
        ("po-kaiyo-j7-used", 1, []),
        ("po-kaiyo-j7-used", 2, ["OUT_OF_STOCK"]),
        ("po-mobile-m", 1000, []),
    ],
)
async def test_more_than_there_is_in_stock(shop: MakeShop, local: str, quantity: int, expected: list[str]) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add(local, quantity=quantity))
        assert codes(await problems(shopper)) == expected


async def test_two_lines_share_the_stock(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-kaiyo-j7-used"), add("po-kaiyo-j7-used"))
        assert codes(await problems(shopper)) == ["OUT_OF_STOCK"] * 2


async def test_without_the_stock_system_everything_else_is_still_told(shop: MakeShop, sandbox: SandboxControl) -> None:
    sandbox.fault("status", api="TMF687", status=503)
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-fibre-100"), add("po-veldt-note-9"))
        assert codes(await problems(shopper)) == ["CHOICE_MISSING"]
        assert len(shopper.lines) == 2


async def test_an_operator_without_a_stock_system_says_nothing_of_stock(shop: MakeShop) -> None:
    async with shop(tmf687_url="") as shopper:
        await shopper.create()
        await shopper.update(add("po-veldt-note-9"))
        assert await problems(shopper) == []


# ---------------------------------------------------------------- when the catalogue is away


async def test_without_the_catalogue_the_cart_is_there_and_its_problems_are_not(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m", quantity=2))
        told = shopper.cart
        sandbox.fault("status", api="TMF620", status=503)
        async with shop(tmf620_attempts=1) as later:
            for language in ("en", "de"):
                headers = {**shopper.headers, "accept-language": language}
                answer = await later.client.query(READ, headers=headers, id=told["id"])
                cart = answer.data["cart"]
                assert cart["problems"] is None
                assert (cart["version"], cart["totals"]) == (told["version"], told["totals"])
                (line,) = cart["lines"]["nodes"]
                assert (line["offering"], line["quantity"], line["prices"]) == (
                    None,
                    2,
                    told["lines"]["nodes"][0]["prices"],
                )
                assert set(answer.codes) == {"UPSTREAM_UNAVAILABLE"}
                assert ["cart", "problems"] in answer.paths


async def test_a_change_that_needs_the_catalogue_says_retry(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop() as shopper:
        await shopper.create()
        sandbox.fault("status", api="TMF620", status=503)
        (error,) = (await shopper.update(add("po-mobile-m")))["errors"]
        assert (error["code"], error["retryable"], operator.items()) == ("UPSTREAM_UNAVAILABLE", True, [])


async def test_a_change_warns_of_what_it_leaves_behind(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        document = """mutation($input: UpdateCartInput!) {
          updateCart(input: $input) { errors { code } warnings { code blocking } } }"""
        sent = {"cartId": shopper.cart["id"], "expectedVersion": 1, "operations": [add("po-fibre-100")]}
        given = {"idempotencyKey": "0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d", **sent}
        payload = (await shopper.client.data(document, headers=shopper.headers, input=given))["updateCart"]
        assert payload == {"errors": [], "warnings": [{"code": "CHOICE_MISSING", "blocking": True}]}


async def test_problems_of_an_empty_cart_ask_nobody(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as shopper:
        await shopper.create()
        sandbox.reset_calls()
        document = f"query($id: ID) {{ cart(id: $id) {{ {PROBLEMS} }} }}"
        found = await shopper.client.data(document, headers=shopper.headers, id=shopper.cart["id"])
        assert (found["cart"]["problems"], sandbox.calls()["byResource"]) == ([], {"TMF663.shoppingCart": 1})
