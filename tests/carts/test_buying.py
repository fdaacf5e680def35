"""A shopper fills a cart, through GraphQL over HTTP, with the upstream calls counted."""

from sandbox.control import SandboxControl
from tests.carts.conftest import MakeShop
from tests.carts.shopper import add


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
