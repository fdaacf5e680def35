"""What shoppers should not send, and what attackers do: typed errors at the right place, and nothing changed."""

import base64
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from sandbox.control import SandboxControl
from tests.carts.conftest import MakeShop, new_key
from tests.carts.operator import Operator
from tests.carts.shopper import UPDATE, Shopper, add, offering
from tests.upstream import Upstream, gid

CARD = "4111 1111 1111 1111"
OPERATION = ["input", "operations", "0"]


@pytest.fixture
async def shopper(shop: MakeShop, sandbox: SandboxControl, tmp_path: Path) -> AsyncIterator[Shopper]:
    """A cart with a plan and a bundle; in the end it must be as it was, here, in SQL and in the cart system."""
    async with shop() as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"), add("po-family-duo"))
        before, rows = shopper.cart, in_sql(tmp_path)
        sandbox.reset_calls()
        yield shopper
        calls = sandbox.calls()["log"]
        assert [call for call in calls if call["api"] == "TMF663" and call["method"] != "GET"] == []
        assert in_sql(tmp_path) == rows
        assert await shopper.read() == before


def stored(folder: Path) -> bytes:
    """Everything that the database's files hold."""
    return b"".join(file.read_bytes() for file in folder.glob("bff.db*"))


def in_sql(folder: Path) -> list[Any]:
    with sqlite3.connect(folder / "bff.db") as connection:
        return connection.execute("SELECT id, version, lines, contact, intent FROM carts").fetchall()


async def refusal(shopper: Shopper, *operations: dict[str, Any], **more: Any) -> tuple[str, list[str]]:
    """Code and path of the one error with which a change is refused."""
    payload = await shopper.update(*operations, **more)
    (error,) = payload["errors"]
    return error["code"], error["path"]


@pytest.mark.parametrize("quantity", [0, -1, 2**31 - 1])
async def test_a_quantity_that_is_none(shopper: Shopper, quantity: int) -> None:
    line, bundle = shopper.lines[0]["id"], shopper.lines[1]["id"]
    child = {"offeringId": offering("po-mobile-s"), "quantity": quantity}
    assert await refusal(shopper, add("po-mobile-s", quantity=quantity)) == (
        "INVALID",
        [*OPERATION, "addLine", "quantity"],
    )
    assert await refusal(shopper, {"updateLine": {"lineId": line, "quantity": quantity}}) == (
        "INVALID",
        [*OPERATION, "updateLine", "quantity"],
    )
    assert await refusal(shopper, add("po-mobile-s", quantity=quantity, parentId=bundle)) == (
        "INVALID",
        [*OPERATION, "addLine", "quantity"],
    )
    assert await refusal(shopper, add("po-family-duo", children=[child])) == (
        "INVALID",
        [*OPERATION, "addLine", "children", "0", "quantity"],
    )


@pytest.mark.parametrize("quantity", [2**31, 1e40, 1.5, "2"])
async def test_what_is_no_number_is_a_bad_request(shopper: Shopper, quantity: Any) -> None:
    answer = await shopper.ask_update(add("po-mobile-s", quantity=quantity))
    assert (answer.data, answer.codes) == (None, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    ("local", "code"),
    [
        ("po-nothing", "NOT_FOUND"),
        ("po-mobile-2026", "NOT_FOUND"),  # a draft is nobody's business
        ("po-classic-s", "NOT_SELLABLE"),
        ("po-talk-99", "NOT_SELLABLE"),
        ("po-business-mobile-m", "NOT_SELLABLE"),
        ("po-mobile-6g", "NOT_SELLABLE"),  # not yet
    ],
)
async def test_an_offering_that_cannot_be_bought(shopper: Shopper, local: str, code: str) -> None:
    assert await refusal(shopper, add(local)) == (code, [*OPERATION, "addLine", "offeringId"])


@pytest.mark.parametrize("text", ["", "x", "🙂", "../../admin", CARD, "<b>", gid("Category", "c"), gid("Cart", "c")])
async def test_an_id_that_is_none(shopper: Shopper, sandbox: SandboxControl, text: str) -> None:
    for operation, place in (
        ({"addLine": {"offeringId": text}}, ["addLine", "offeringId"]),
        (add("po-mobile-s", parentId=text), ["addLine", "parentId"]),
        ({"updateLine": {"lineId": text, "quantity": 1}}, ["updateLine", "lineId"]),
        ({"removeLine": text}, ["removeLine"]),
        ({"acceptPrice": text}, ["acceptPrice"]),
    ):
        payload = await shopper.update(operation)
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("INVALID", [*OPERATION, *place])
        assert "4111" not in error["message"]
    assert sandbox.calls()["total"] == 0


async def test_a_cart_id_that_is_none(shopper: Shopper) -> None:
    for text in ("", "x", gid("CartLine", "c~l"), "🙂" * 300):
        assert await refusal(shopper, add("po-mobile-s"), cartId=text, version=2) == ("INVALID", ["input", "cartId"])


async def test_a_line_that_is_not_there(shopper: Shopper) -> None:
    gone = gid("CartLine", f"{_local(shopper)}~l0000000000000000")
    for operation, place in (
        (add("po-mobile-s", parentId=gone), ["addLine", "parentId"]),
        ({"updateLine": {"lineId": gone, "quantity": 1}}, ["updateLine", "lineId"]),
        ({"removeLine": gone}, ["removeLine"]),
        ({"acceptPrice": gone}, ["acceptPrice"]),
    ):
        assert await refusal(shopper, operation) == ("NOT_FOUND", [*OPERATION, *place])


def _local(shopper: Shopper) -> str:
    return base64.urlsafe_b64decode(shopper.cart["id"] + "==").decode().partition(":")[2]


async def test_a_plan_is_no_bundle(shopper: Shopper) -> None:
    code, path = await refusal(shopper, add("po-mobile-s", parentId=shopper.lines[0]["id"]))
    assert (code, path) == ("CHOICE_INVALID", [*OPERATION, "addLine", "offeringId"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Flavour", "Vanilla"),
        ("", ""),
        ("SIM type", "Nano"),
        ("SIM type", ""),
        ("SIM type", "<script>alert(1)</script>"),
        ("Minimum term", "-24"),
        ("Data per month", "500"),  # the plan's own, not to be chosen
        ("Phone number", "\u202e+4915112345678"),
        ("Phone number", "+49151\x00"),
        ("Phone number", "1" * 201),
        ("Phone number", "x" * 50_000),
    ],
)
async def test_a_choice_that_is_none(shopper: Shopper, name: str, value: str) -> None:
    good, chosen = {"name": "SIM type", "value": "eSIM"}, {"name": name, "value": value}
    given = [chosen] if name == "SIM type" else [good, chosen]
    at = str(len(given) - 1)
    assert await refusal(shopper, add("po-mobile-m", configuration=given)) == (
        "CHOICE_INVALID",
        [*OPERATION, "addLine", "configuration", at],
    )
    change = {"lineId": shopper.lines[0]["id"], "configuration": given}
    assert await refusal(shopper, {"updateLine": change}) == (
        "CHOICE_INVALID",
        [*OPERATION, "updateLine", "configuration", at],
    )


async def test_one_thing_cannot_be_chosen_twice(shopper: Shopper) -> None:
    both = [{"name": "SIM type", "value": "eSIM"}, {"name": "SIM type", "value": "SIM card"}]
    code, path = await refusal(shopper, add("po-mobile-m", configuration=both))
    assert (code, path) == ("CHOICE_INVALID", [*OPERATION, "addLine", "configuration", "1"])


BAD_TEXTS = ("<b>Weg</b> 1", "Weg\x00 1", "Weg\n1", "Weg \u202e1", "Weg\u200b 1", "x" * 101, f"Weg {CARD}")


@pytest.mark.parametrize("place", ["line1", "line2", "city"])
async def test_an_address_that_is_none(shopper: Shopper, place: str) -> None:
    for text in BAD_TEXTS:
        address = {"line1": "Weg 1", "city": "Bonn", "postcode": "53111", "country": "DE", place: text}
        code, path = await refusal(shopper, {"setContact": {"reminderConsent": False, "address": address}})
        assert (code, path) == ("INVALID", [*OPERATION, "setContact", "address", place])


async def test_half_a_character_is_no_json(shopper: Shopper) -> None:
    sent = {"query": UPDATE, "variables": {"input": _input(shopper, {"removeLine": "\ud800"})}}
    headers = {"content-type": "application/json", **shopper.headers}
    reply = await shopper.client.http.post("/graphql", content=json.dumps(sent), headers=headers)
    assert reply.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def _input(shopper: Shopper, operation: dict[str, Any]) -> dict[str, Any]:
    version = shopper.cart["version"]
    asked = {"cartId": shopper.cart["id"], "expectedVersion": version, "operations": [operation]}
    return {"idempotencyKey": new_key(), **asked}


async def test_every_fault_of_a_contact_is_named(shopper: Shopper) -> None:
    address = {"line1": "", "city": " ", "postcode": "x" * 21, "country": "Germany"}
    contact = {"reminderConsent": True, "email": "ada", "phone": "+4912", "address": address}
    answer = await shopper.ask_update({"setContact": {**contact, "phone": "+49123456"}})
    found = {(error["code"], *error["path"][4:]) for error in answer.data["updateCart"]["errors"]}
    assert found == {
        ("INVALID", "email"),
        ("INVALID", "phone"),
        ("INVALID", "address", "line1"),
        ("INVALID", "address", "city"),
        ("INVALID", "address", "postcode"),
        ("INVALID", "address", "country"),
    }


async def test_nothing_at_all_and_too_much_at_once(shopper: Shopper, sandbox: SandboxControl) -> None:
    at = ["input", "operations"]
    assert await refusal(shopper) == ("INVALID", at)
    assert await refusal(shopper, *[{"removeLine": "x"}] * 51) == ("INVALID", at)
    assert sandbox.calls()["total"] == 0


async def test_an_operation_is_one_operation(shopper: Shopper) -> None:
    for operation in ({}, {**add("po-mobile-s"), "removeLine": shopper.lines[0]["id"]}, {"removeLine": None}):
        assert (await shopper.ask_update(operation)).codes == ["BAD_REQUEST"]


async def test_more_lines_than_a_cart_can_hold(shopper: Shopper, sandbox: SandboxControl) -> None:
    """10,000 lines in one request do not even fit; as many as do fit ask nothing of anybody."""
    unknown = [{"offeringId": offering(f"x{number}")} for number in range(1_400)]
    assert await refusal(shopper, add("po-family-duo", children=unknown)) == ("INVALID", ["input", "operations"])
    assert sandbox.calls()["total"] == 0
    answer = await shopper.ask_update(add("po-family-duo", children=unknown * 7))
    assert answer.status == 413


async def test_more_lines_than_a_cart_can_hold_by_bundles_alone(shopper: Shopper) -> None:
    assert await refusal(shopper, *[add("po-family-all-in")] * 20) == ("INVALID", ["input", "operations"])


@pytest.mark.parametrize("depth", [20, 150, 600, 1000])
async def test_lines_within_lines_without_end(shopper: Shopper, depth: int) -> None:
    """Whatever is nested too deeply is refused, and not by running out of stack."""
    line = f'{{"offeringId": "{offering("po-family-duo")}"'
    nested = line + f', "children": [{line}' * depth + "}]" * depth + "}"
    marked = json.dumps({"query": UPDATE, "variables": {"input": _input(shopper, {"addLine": "here"})}})
    content = marked.replace('"here"', nested)
    sent = {"content-type": "application/json", **shopper.headers}
    body = (await shopper.client.http.post("/graphql", content=content, headers=sent)).json()
    if "errors" in body:
        assert body["errors"][0]["extensions"]["code"] in ("BAD_REQUEST", "LIMIT_EXCEEDED")
    else:
        assert body["data"]["updateCart"]["errors"][0]["code"] in ("CHOICE_INVALID", "INVALID")


async def test_more_choices_than_anything_has(shopper: Shopper, sandbox: SandboxControl) -> None:
    many = [{"name": "x", "value": "y"}] * 1_000
    at = ["input", "operations"]
    assert await refusal(shopper, add("po-mobile-s", configuration=many)) == ("INVALID", at)
    change = {"lineId": shopper.lines[0]["id"], "configuration": many}
    assert await refusal(shopper, {"updateLine": change}) == ("INVALID", at)
    assert sandbox.calls()["total"] == 0


async def test_a_bundle_that_holds_itself(shopper: Shopper, upstream: Upstream) -> None:
    itself = {"id": "po-family-kids", "name": "Kids' cards"}
    upstream.patch("productOffering", "po-family-kids", {"bundledProductOffering": [itself]})
    code, _ = await refusal(shopper, add("po-family-four"))
    assert code == "NOT_SELLABLE"


# ---------------------------------------------------------------- card numbers

SECRET = CARD.replace(" ", "")
WRITTEN = (SECRET, CARD, "4111-1111-1111-1111", "４１１１１１１１１１１１１１１１")


def _with_card(text: str) -> list[dict[str, Any]]:
    def contact(**more: Any) -> dict[str, Any]:
        return {"setContact": {"reminderConsent": False, **more}}

    def address(**more: str) -> dict[str, Any]:
        return contact(address={"line1": "Weg 1", "city": "Bonn", "postcode": "53111", "country": "DE", **more})

    return [
        contact(email=f"{text}@shop.example"),
        address(line1=f"Weg 1 {text}"),
        address(line2=text),
        address(city=text),
        address(postcode=text),
        address(country=text),
        add("po-fibre-100", configuration=[{"name": "Installation address", "value": f"Weg 1, {text}"}]),
        add("po-mobile-m", configuration=[{"name": "SIM type", "value": text}]),
        add("po-mobile-m", configuration=[{"name": text, "value": "1"}]),
    ]


@pytest.mark.parametrize("text", WRITTEN)
async def test_a_card_number_is_refused_and_kept_nowhere(
    shop: MakeShop, operator: Operator, tmp_path: Path, text: str
) -> None:
    async with shop() as shopper:
        await shopper.create()
        with capture_logs() as logs:
            for operation in _with_card(text):
                payload = await shopper.update(operation)
                (error,) = payload["errors"]
                assert error["code"] in ("INVALID", "CHOICE_INVALID")
                assert text not in str(payload)
        assert shopper.cart["version"] == 1
        assert text not in str(logs)
        assert text.encode() not in stored(tmp_path)
        assert text not in str(operator.carts())


async def test_a_number_that_only_looks_like_a_card_is_taken(shop: MakeShop) -> None:
    async with shop() as shopper:
        await shopper.create()
        value = "Weg 1, 53111 Bonn, 4111 1111 1111 1112"
        given = [{"name": "Installation address", "value": value}]
        assert (await shopper.update(add("po-fibre-100", configuration=given)))["errors"] == []
