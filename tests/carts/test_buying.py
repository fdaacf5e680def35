"""A shopper fills a cart, through GraphQL over HTTP, with the upstream calls counted."""

import pytest

from sandbox.control import SandboxControl
from tests.carts.conftest import MakeShop, new_key
from tests.carts.operator import Operator
from tests.carts.shopper import UPDATE, Shopper, add, offering


async def test_a_new_cart_is_empty_and_open_to_who_has_its_token(shop: MakeShop) -> None:
    async with shop() as shopper:
        payload = await shopper.create()
        assert payload["errors"] == []
        assert (payload["cart"]["version"], payload["cart"]["state"], shopper.lines) == (1, "ACTIVE", [])
        assert len(payload["guestCartToken"]) == 43
        assert await shopper.read() is not None


async def test_a_plan_for_a_family_and_a_phone_in_a_colour(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as shopper:
        await shopper.create()
        colour = [{"name": "Colour", "value": "Fjord blue"}, {"name": "Storage", "value": "512 GB"}]
        payload = await shopper.update(
            add("po-family-duo", children=[{"offeringId": add("po-mobile-s")["addLine"]["offeringId"], "quantity": 2}]),
            add("po-kaiyo-k1", configuration=colour),
        )
        assert payload["errors"] == []
        named = [(line["offering"]["name"], line["quantity"], line["included"]) for line in shopper.lines]
        assert named == [("Family Duo", 1, 0), ("Mobile S", 2, 1), ("Mobile M", 1, 1), ("Kaiyo K1", 1, 0)]
        assert shopper.line("Kaiyo K1")["configuration"] == colour
        totals = {(total["kind"], total["period"]): total["gross"]["amount"] for total in shopper.cart["totals"]}
        # Family Duo 34.99 less 5, the second Mobile S 14.99, the phone 799 with 180 for its storage.
        assert totals["RECURRING", "MONTH"] == "44.98"
        assert totals["PAY_NOW", None] == "979.00"


async def test_a_change_is_one_call_of_the_cart_system_once_the_catalogue_is_warm(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        sandbox.reset_calls()
        await shopper.update(add("po-mobile-m", quantity=2))
        assert sandbox.calls()["byResource"] == {"TMF663.shoppingCart": 1}


# ---------------------------------------------------------------- bundles


def named(shopper: Shopper) -> list[str]:
    return [line["offering"]["name"] for line in shopper.lines]


def total(shopper: Shopper, kind: str, period: str | None = None) -> str:
    """The gross of one kind and period."""
    (found,) = [each for each in shopper.cart["totals"] if (each["kind"], each["period"]) == (kind, period)]
    amount: str = found["gross"]["amount"]
    return amount


async def test_a_bundle_in_a_bundle_comes_with_all_that_is_usual_in_it(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        assert (await shopper.update(add("po-family-all-in")))["errors"] == []
        parents = {line["id"]: line["offering"]["name"] for line in shopper.lines}
        nested = [(line["offering"]["name"], parents.get((line["parent"] or {}).get("id"))) for line in shopper.lines]
        assert nested == [
            ("Family All-in", None),
            ("Family Four", "Family All-in"),
            ("Family Duo", "Family Four"),
            ("Mobile M", "Family Duo"),
            ("Mobile S", "Family Duo"),
            ("Kids' cards", "Family Four"),
            ("Young M", "Kids' cards"),
            ("Fibre & TV", "Family All-in"),
            ("Fibre 250", "Fibre & TV"),
            ("TV Basic", "Fibre & TV"),
            ("Lumaro Box", "Family All-in"),
        ]


async def test_what_a_bundle_holds_usually_costs_nothing_on_top(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-all-in"))
        assert [line["included"] for line in shopper.lines] == [0] + [1] * 10
        assert total(shopper, "RECURRING", "MONTH") == "79.99"  # 94.99 less 10 less 5, and of the parts nothing


async def test_the_larger_storage_of_a_phone_in_a_bundle_is_charged(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        larger = [{"name": "Storage", "value": "512 GB"}]
        child = {"offeringId": offering("po-kaiyo-k1"), "configuration": larger}
        await shopper.update(add("po-bundle-kaiyo-k1-mobile-m", children=[child]))
        assert total(shopper, "PAY_NOW") == "229.00"  # 49 of the bundle, 180 of the storage, not 799 of the phone


async def test_a_bundle_that_is_added_twice_charges_twice(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo", quantity=2))
        assert [line["quantity"] for line in shopper.lines] == [2, 1, 1]
        assert total(shopper, "RECURRING", "MONTH") == "59.98"


async def test_a_part_is_added_to_a_bundle_later(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo"), add("po-mobile-xl"))
        bundle = shopper.line("Family Duo")["id"]
        assert (await shopper.update(add("po-mobile-s", parentId=bundle)))["errors"] == []
        assert named(shopper) == ["Family Duo", "Mobile M", "Mobile S", "Mobile S", "Mobile XL"]
        assert [line["included"] for line in shopper.lines] == [0, 1, 1, 0, 0]
        assert shopper.lines[3]["parent"]["id"] == bundle


@pytest.mark.parametrize("quantity", [2, 1000])
async def test_more_than_a_bundle_takes_is_refused_and_nothing_changed(
    shop: MakeShop, operator: Operator, quantity: int
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo"))
        before, kept = shopper.cart, operator.items()
        payload = await shopper.update(
            add("po-mobile-s", parentId=before["lines"]["nodes"][0]["id"], quantity=quantity)
        )
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("CHOICE_INVALID", ["input", "operations", "0", "addLine"])
        assert (payload["cart"], operator.items()) == (before, kept)


async def test_a_child_that_is_no_part_of_the_bundle_is_refused(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        payload = await shopper.update(add("po-family-duo", children=[{"offeringId": offering("po-kaiyo-k1")}]))
        (error,) = payload["errors"]
        path = ["input", "operations", "0", "addLine", "children", "0", "offeringId"]
        assert (error["code"], error["path"], shopper.lines) == ("CHOICE_INVALID", path, [])


async def test_a_bundle_without_what_it_must_hold_has_a_problem(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo"))
        await shopper.update({"removeLine": shopper.line("Mobile S")["id"]})
        assert named(shopper) == ["Family Duo", "Mobile M"]
        await shopper.read(problems=True)
        (problem,) = shopper.cart["problems"]
        assert (problem["code"], problem["blocking"]) == ("CHOICE_MISSING", True)
        assert problem["lineId"] == shopper.line("Family Duo")["id"]


async def test_removing_a_bundle_removes_everything_in_it_and_nothing_else(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-l"), add("po-family-all-in"), add("po-mobile-l"))
        await shopper.update({"removeLine": shopper.line("Family All-in")["id"]})
        assert named(shopper) == ["Mobile L", "Mobile L"]
        assert [item["productOffering"]["id"] for item in operator.items()] == ["po-mobile-l"] * 2


async def test_removing_a_bundle_in_a_bundle_leaves_the_outer_one(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-four"))
        await shopper.update({"removeLine": shopper.line("Kids' cards")["id"]})
        assert named(shopper) == ["Family Four", "Family Duo", "Mobile M", "Mobile S"]
        await shopper.read(problems=True)
        assert shopper.cart["problems"] == []


# ---------------------------------------------------------------- changing lines


async def test_a_quantity_is_changed_and_the_choices_stay(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-kaiyo-k1", configuration=[{"name": "Colour", "value": "Fjord blue"}]))
        before = shopper.lines[0]
        await shopper.update({"updateLine": {"lineId": before["id"], "quantity": 3}})
        assert shopper.lines == [{**before, "quantity": 3}]
        assert total(shopper, "PAY_NOW") == "2397.00"


async def test_choosing_anew_replaces_all_choices_and_their_prices(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        chosen = [{"name": "Colour", "value": "Fjord blue"}, {"name": "Storage", "value": "512 GB"}]
        await shopper.update(add("po-kaiyo-k1", configuration=chosen))
        assert total(shopper, "PAY_NOW") == "979.00"
        smaller = [{"name": "Storage", "value": "128 GB"}]
        await shopper.update({"updateLine": {"lineId": shopper.lines[0]["id"], "configuration": smaller}})
        colour, storage = shopper.lines[0]["configuration"]
        assert (colour["value"], storage["value"]) == ("Midnight black", "128 GB")
        assert total(shopper, "PAY_NOW") == "799.00"


async def test_defaults_are_filled_in(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        expected = [{"name": "SIM type", "value": "eSIM"}, {"name": "Minimum term", "value": "24"}]
        assert shopper.lines[0]["configuration"] == expected


async def test_two_alike_are_two_lines_and_one_of_them_is_changed(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"), add("po-mobile-m"))
        first, second = shopper.lines
        await shopper.update({"updateLine": {"lineId": second["id"], "quantity": 2}})
        assert shopper.lines == [first, {**second, "quantity": 2}]


async def test_one_refused_operation_keeps_all_others_from_being_carried_out(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        before, kept = shopper.cart, operator.items()
        line = shopper.lines[0]["id"]
        payload = await shopper.update(add("po-mobile-s"), {"removeLine": line}, {"removeLine": line})
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "operations", "2", "removeLine"])
        assert (payload["cart"], operator.items()) == (before, kept)


async def test_operations_are_carried_out_in_their_order(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        line = shopper.lines[0]["id"]
        await shopper.update(add("po-mobile-s"), {"removeLine": line}, add("po-mobile-l"))
        assert (named(shopper), shopper.cart["version"]) == (["Mobile S", "Mobile L"], 3)


# ---------------------------------------------------------------- terms of a cart


async def test_a_company_buys_what_is_for_companies_and_nothing_else(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create(segment="B2B")
        assert (shopper.cart["segment"], (await shopper.update(add("po-business-mobile-m")))["errors"]) == ("B2B", [])
        (error,) = (await shopper.update(add("po-mobile-m")))["errors"]
        assert error["code"] == "NOT_SELLABLE"
        assert named(shopper) == ["Business Mobile M"]


async def test_a_consumer_does_not_buy_what_is_for_companies(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        (error,) = (await shopper.update(add("po-business-mobile-m")))["errors"]
        path = ["input", "operations", "0", "addLine", "offeringId"]
        assert (error["code"], error["path"], shopper.lines) == ("NOT_SELLABLE", path, [])


async def test_a_cart_in_another_currency_takes_nothing_that_is_sold_in_euro(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create(currency="USD")
        (error,) = (await shopper.update(add("po-mobile-m")))["errors"]
        assert (error["code"], shopper.lines) == ("NOT_SELLABLE", [])


async def test_what_a_channel_does_not_sell_is_not_bought_there(shop: MakeShop) -> None:
    async with shop(channels="web,shop", cache_fresh=0) as shopper:
        await shopper.create()
        headers = {**shopper.headers, "x-channel": "shop"}
        sent = {"idempotencyKey": new_key(), "cartId": shopper.cart["id"], "expectedVersion": 1}
        answer = await shopper.client.data(UPDATE, headers=headers, input={**sent, "operations": [add("po-flex-m")]})
        assert [error["code"] for error in answer["updateCart"]["errors"]] == ["NOT_SELLABLE"]
        assert (await shopper.update(add("po-flex-m")))["errors"] == []


# ---------------------------------------------------------------- contact

CONTACT = """query($id: ID) { cart(id: $id) {
  contact { email phone reminderConsent address { line1 line2 city postcode country } }
} }"""


async def test_how_a_shopper_can_be_reached_is_kept_by_the_gateway_alone(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop() as shopper:
        await shopper.create()
        sandbox.reset_calls()
        address = {"line1": "Weg 1", "line2": None, "city": "Köln", "postcode": "50667", "country": "DE"}
        contact = {"email": "ada@shop.example", "phone": "+447911123456", "address": address, "reminderConsent": True}
        assert (await shopper.update({"setContact": contact}))["errors"] == []
        assert (sandbox.calls()["total"], shopper.cart["version"]) == (0, 2)
        assert "ada" not in str(operator.carts())
        found = await shopper.client.data(CONTACT, headers=shopper.headers, id=shopper.cart["id"])
        assert found["cart"]["contact"] == contact


async def test_a_new_contact_replaces_the_whole_of_the_old(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update({"setContact": {"email": "ada@shop.example", "reminderConsent": True}})
        await shopper.update({"setContact": {"phone": "+447911123456", "reminderConsent": False}})
        found = await shopper.client.data(CONTACT, headers=shopper.headers, id=shopper.cart["id"])
        expected = {"email": None, "phone": "+447911123456", "reminderConsent": False, "address": None}
        assert found["cart"]["contact"] == expected
