"""Cart systems that keep something else than they were sent, or do not say what they keep; and what others put there.

Whatever happens: the cart says what is true upstream, what was acknowledged is in, and what was refused is not.
"""

from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.carts.conftest import MakeShop, new_key
from tests.carts.operator import Operator
from tests.carts.shopper import Shopper, add, offering

PERSISTENT = {"tmf663_breaker_threshold": 1000}
COLOUR = [{"name": "Colour", "value": "Fjord blue"}, {"name": "Storage", "value": "512 GB"}]


def offerings(items: list[dict[str, Any]]) -> list[Any]:
    """What is kept upstream, with what is inside: [("po-a", 2, [("po-b", 1, [])])]."""
    return [(each["productOffering"]["id"], each["quantity"], offerings(each.get("cartItem") or [])) for each in items]


def shown(shopper: Shopper) -> list[tuple[str, int]]:
    return [(line["offering"]["name"], line["quantity"]) for line in shopper.lines]


async def fill(shopper: Shopper) -> None:
    """A cart at version 2: two plans and a phone in a bundle."""
    await shopper.create()
    payload = await shopper.update(add("po-mobile-m", quantity=2), add("po-bundle-kaiyo-k1-mobile-m"))
    assert payload["errors"] == []


@pytest.mark.parametrize(
    ("habit", "options"),
    [
        ("sparse-write-answers", {}),
        ("item-ids-replaced", {}),
        ("unknown-dropped", {"attributes": ["itemPrice"]}),
        ("unknown-dropped", {"attributes": ["action", "status", "productOffering.name"]}),
        ("prices-computed", {}),
        ("etag-present", {}),
        ("etag-present", {"weak": True}),
        ("etag-present", {"required": True}),
        ("patch-answers-201", {}),
        ("post-answers-200", {}),
        ("null-arrays", {}),
        ("extra-types", {}),
        ("late-apply", {"delayMs": 20}),
    ],
)
async def test_a_cart_is_the_same_whatever_the_cart_system_makes_of_it(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator, habit: str, options: dict[str, Any]
) -> None:
    sandbox.habit(habit, api="TMF663", **options)
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        ids = [line["id"] for line in shopper.lines]
        child = shopper.lines[2]["id"]
        changes = [{"updateLine": {"lineId": child, "configuration": COLOUR}}, add("po-mobile-s")]
        assert (await shopper.update(*changes))["errors"] == []
        told = shopper.cart
        assert (told["version"], told["lines"]["nodes"][2]["configuration"]) == (3, COLOUR)
        assert [line["id"] for line in shopper.lines][:-1] == ids
        assert await shopper.read() == told
        assert offerings(operator.items()) == [
            ("po-mobile-m", 2, []),
            (
                "po-bundle-kaiyo-k1-mobile-m",
                1,
                [("po-kaiyo-k1", 1, []), ("po-mobile-m", 1, []), ("po-sim-card", 1, [])],
            ),
            ("po-mobile-s", 1, []),
        ]


async def test_what_the_cart_system_does_not_keep_is_refused_and_not_shown(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop() as shopper:
        await fill(shopper)
        sandbox.habit("items-dropped", api="TMF663", offerings=["po-mobile-xl"])
        payload = await shopper.update(add("po-mobile-xl"), add("po-mobile-s"))
        assert [error["code"] for error in payload["errors"]] == ["UPSTREAM_UNAVAILABLE"]
        assert [name for name, _ in shown(shopper)][-1] == "Mobile S"  # kept all the same, so it is shown
        assert payload["cart"]["version"] == 3
        assert await shopper.read() == payload["cart"]
        assert len(operator.items()) == 3


async def test_choices_that_the_cart_system_drops_are_not_shown_as_kept(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as shopper:
        await shopper.create()
        sandbox.habit("unknown-dropped", api="TMF663", attributes=["product"])
        payload = await shopper.update(add("po-kaiyo-k1", configuration=COLOUR))
        assert [error["code"] for error in payload["errors"]] == ["UPSTREAM_UNAVAILABLE"]
        assert [line["configuration"] for line in shopper.lines] == [[]]
        assert await shopper.read() == payload["cart"]


# ---------------------------------------------------------------- answers that do not come


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 503}),
        ("status", {"status": 404}),
        ("status", {"status": 412}),
        ("html", {}),
        ("errorBody", {}),
        ("truncated", {}),
        ("reset", {}),
        ("half", {}),
        ("hang", {}),
    ],
)
@pytest.mark.usefixtures("hurry")
async def test_a_change_is_carried_out_though_its_first_answer_is_no_use(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator, kind: str, options: dict[str, Any]
) -> None:
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        sandbox.fault(kind, api="TMF663", times=1, **options)
        payload = await shopper.update(add("po-mobile-s"))
        assert (payload["errors"], payload["cart"]["version"]) == ([], 3)
        assert await shopper.read() == payload["cart"]
        assert offerings(operator.items())[-1] == ("po-mobile-s", 1, [])


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_change_that_the_cart_system_refuses_is_not_in(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator, status: int
) -> None:
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        before = shopper.cart
        sandbox.fault("status", api="TMF663", times=1, status=status)
        payload = await shopper.update(add("po-mobile-s"))
        (error,) = payload["errors"]
        assert (error["code"], error["retryable"], payload["cart"]) == ("UPSTREAM_UNAVAILABLE", False, before)
        assert await shopper.read() == before
        assert len(operator.items()) == 2


@pytest.mark.parametrize("shape", ["detail", "html", "empty", "number"])
async def test_a_refusal_of_any_shape_is_a_refusal(shop: MakeShop, sandbox: SandboxControl, shape: str) -> None:
    sandbox.habit("error-shapes", api="TMF663", shape=shape)
    sandbox.habit("etag-present", api="TMF663", required=True)
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        assert await shopper.read() == shopper.cart


@pytest.mark.usefixtures("hurry")
async def test_a_time_out_after_applying_is_a_success(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        sandbox.habit("late-apply", api="TMF663", delayMs=0, times=1)
        sandbox.reset_calls()
        payload = await shopper.update(add("po-mobile-s"))
        assert (payload["errors"], payload["cart"]["version"]) == ([], 3)
        assert [call["method"] for call in sandbox.calls()["log"] if call["api"] == "TMF663"] == ["PATCH", "GET"]
        assert len(operator.items()) == 3


@pytest.mark.parametrize(
    ("kind", "options"), [("status", {"status": 503}), ("reset", {}), ("html", {}), ("errorBody", {})]
)
async def test_a_change_without_any_answer_is_told_to_be_unknown_and_the_same_key_settles_it(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator, kind: str, options: dict[str, Any]
) -> None:
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        before, key = shopper.cart, new_key()
        sandbox.fault(kind, api="TMF663", **options)
        payload = await shopper.update(add("po-mobile-s"), key=key, version=2)
        (error,) = payload["errors"]
        assert (error["code"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        sandbox.clear_faults()
        assert await shopper.read() == before
        payload = await shopper.update(add("po-mobile-s"), key=key, version=2)
        assert (payload["errors"], payload["cart"]["version"], len(operator.items())) == ([], 3, 3)


async def test_a_change_that_was_in_after_all_is_not_done_twice_under_its_key(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        key = new_key()
        sandbox.fault("half", api="TMF663")  # every answer breaks off, and the writes happen
        (error,) = (await shopper.update(add("po-mobile-s"), key=key, version=2))["errors"]
        assert (error["code"], error["retryable"]) == ("UPSTREAM_UNAVAILABLE", True)
        assert "nothing" not in error["message"]
        (again,) = (await shopper.update(add("po-mobile-s"), key=key, version=2))["errors"]
        assert again == error  # whether it is in is still not known, and must not be denied
        sandbox.clear_faults()
        payload = await shopper.update(add("po-mobile-s"), key=key, version=2)
        assert (payload["errors"], payload["cart"]["version"], len(operator.items())) == ([], 3, 3)


# ---------------------------------------------------------------- writes that come late


async def test_a_write_that_comes_late_is_undone(shop: MakeShop, sandbox: SandboxControl, operator: Operator) -> None:
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        sandbox.habit("applied-later", api="TMF663", times=2)
        payload = await shopper.update(add("po-mobile-xl"))
        (error,) = payload["errors"]
        assert (error["code"], error["retryable"], payload["cart"]["version"]) == ("UPSTREAM_UNAVAILABLE", True, 2)
        assert (await shopper.update(add("po-mobile-s")))["errors"] == []
        acknowledged = shopper.cart
        sandbox.apply_ghosts()
        assert offerings(operator.items())[-1][0] == "po-mobile-xl"
        assert await shopper.read() == acknowledged
        assert offerings(operator.items())[-1][0] == "po-mobile-s"


async def test_a_write_that_comes_late_and_was_repeated_changes_nothing(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    async with shop(**PERSISTENT) as shopper:
        await fill(shopper)
        sandbox.habit("applied-later", api="TMF663", times=1)
        assert (await shopper.update(add("po-mobile-xl")))["errors"] == []
        acknowledged = shopper.cart
        sandbox.apply_ghosts()
        assert await shopper.read() == acknowledged
        assert len(operator.items()) == 3


# ---------------------------------------------------------------- what others do


async def test_a_change_by_somebody_else_shows_with_a_higher_version(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper:
        await fill(shopper)
        first, second = operator.items()
        other = {"id": "x", "action": "add", "quantity": 1, "productOffering": {"id": "po-mobile-l"}}
        operator.put(second, {**first, "quantity": 5}, other)
        ids = {line["id"] for line in shopper.lines}
        await shopper.read()
        assert shopper.cart["version"] == 3
        assert [(name, number) for name, number in shown(shopper) if name.startswith("Mobile")] == [
            ("Mobile M", 1),
            ("Mobile M", 5),
            ("Mobile L", 1),
        ]
        assert ids <= {line["id"] for line in shopper.lines}
        version = shopper.cart
        assert await shopper.read() == version


async def test_a_line_that_somebody_else_added_asks_for_its_price_to_be_accepted(
    shop: MakeShop, operator: Operator
) -> None:
    async with shop() as shopper:
        await shopper.create()
        operator.put({"id": "x", "action": "add", "quantity": 1, "productOffering": {"id": "po-kaiyo-k1"}})
        await shopper.read(problems=True)
        assert {problem["code"] for problem in shopper.cart["problems"]} == {"PRICE_CHANGED"}
        assert (await shopper.update({"acceptPrice": shopper.lines[0]["id"]}))["errors"] == []
        await shopper.read(problems=True)
        assert (shopper.cart["problems"], len(shopper.cart["totals"])) == ([], 2)


@pytest.mark.parametrize("quantity", [0, -3, 1, 10**12])
async def test_whatever_quantity_somebody_else_puts_there_the_cart_can_be_read(
    shop: MakeShop, operator: Operator, quantity: int
) -> None:
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-family-duo", children=[{"offeringId": offering("po-mobile-s"), "quantity": 2}]))
        (bundle,) = operator.items()
        bundle["cartItem"][0]["quantity"] = quantity
        operator.put(bundle)
        cart = await shopper.read(problems=True)
        assert cart is not None
        amounts = [float(total["gross"]["amount"]) for total in cart["totals"]]
        assert min(amounts) >= 0


@pytest.mark.parametrize(
    "odd", [{"id": "x", "quantity": 1}, {"id": "x"}, {"id": "x", "productOffering": {"id": "../admin"}}]
)
async def test_an_item_that_says_not_what_is_bought_is_left_out_once_and_for_all(
    shop: MakeShop, operator: Operator, odd: dict[str, Any]
) -> None:
    async with shop() as shopper:
        await fill(shopper)
        told = shopper.cart
        operator.put(*operator.items(), odd)
        assert await shopper.read() == told
        assert await shopper.read() == told
        assert (await shopper.update(add("po-mobile-s")))["errors"] == []


async def test_a_cart_system_that_does_not_say_what_is_bought_is_read_by_its_ids(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    sandbox.habit("unknown-dropped", api="TMF663", attributes=["productOffering"])
    async with shop() as shopper:
        await fill(shopper)
        assert await shopper.read() == shopper.cart


async def test_a_change_by_somebody_else_is_not_overwritten_where_there_are_etags(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    sandbox.habit("etag-present", api="TMF663")
    async with shop() as shopper:
        await fill(shopper)
        operator.put({"id": "x", "action": "add", "quantity": 7, "productOffering": {"id": "po-mobile-l"}})
        payload = await shopper.update(add("po-mobile-s"))
        (error,) = payload["errors"]
        assert (error["__typename"], error["code"]) == ("VersionConflictError", "VERSION_CONFLICT")
        assert (error["currentVersion"], payload["cart"]["version"]) == (3, 3)
        assert shown(shopper) == [("Mobile L", 7)]
        assert (await shopper.update(add("po-mobile-s")))["errors"] == []
        assert offerings(operator.items()) == [("po-mobile-l", 7, []), ("po-mobile-s", 1, [])]


async def test_what_somebody_else_changed_besides_the_lines_is_no_conflict(
    shop: MakeShop, sandbox: SandboxControl, operator: Operator
) -> None:
    sandbox.habit("etag-present", api="TMF663")
    async with shop() as shopper:
        await fill(shopper)
        operator.patch({"validFor": {"endDateTime": "2030-01-01T00:00:00Z"}})
        payload = await shopper.update(add("po-mobile-s"))
        assert (payload["errors"], payload["cart"]["version"]) == ([], 3)


async def test_a_cart_that_the_cart_system_has_removed_is_over(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper:
        await fill(shopper)
        operator.delete()
        await shopper.read()
        assert (shopper.cart["state"], shopper.cart["version"]) == ("EXPIRED", 3)
        (error,) = (await shopper.update(add("po-mobile-s")))["errors"]
        assert error["code"] == "CART_LOCKED"


async def test_a_change_of_a_cart_that_was_removed_says_so(shop: MakeShop, operator: Operator) -> None:
    async with shop() as shopper:
        await fill(shopper)
        operator.delete()
        payload = await shopper.update(add("po-mobile-s"))
        assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
        assert payload["cart"]["state"] == "EXPIRED"
