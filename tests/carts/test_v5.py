"""TMF663 v5 by settings: the same story with the same cart, and every body we send is by TM Forum's own files."""

import json
from typing import Any

import httpx
import pytest

from sandbox.process import SandboxProcess
from tests.carts.conftest import MakeShop
from tests.carts.operator import Operator
from tests.carts.shopper import Shopper, add, offering
from tests.needs import need_spec
from tests.sandbox.openapi import OpenContract
from tests.sandbox.swagger import Contract

COLOUR = [{"name": "Colour", "value": "Fjord blue"}, {"name": "Storage", "value": "512 GB"}]


class Recording(httpx.AsyncHTTPTransport):
    """Remembers what is sent and sends it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return await super().handle_async_request(request)

    def bodies(self, method: str) -> list[Any]:
        return [json.loads(request.content) for request in self.sent if request.method == method]


async def story(shopper: Shopper) -> list[Any]:
    """A family, a phone in a colour, one more plan, one less, at each step what a shopper is shown."""
    told = [(await shopper.create())["cart"]]
    child = {"offeringId": offering("po-mobile-s"), "quantity": 2}
    told.append(await shopper.update(add("po-family-duo", children=[child]), add("po-kaiyo-k1", configuration=COLOUR)))
    told.append(await shopper.update(add("po-flex-m", quantity=3), add("po-young-m")))
    told.append(await shopper.update({"removeLine": shopper.line("Kaiyo K1")["id"]}))
    told.append(await shopper.read(problems=True))
    while len(shopper.lines) > 0:
        told.append(await shopper.update({"removeLine": shopper.lines[0]["id"]}))
    told.append(await shopper.read())
    return told


def without_ids(told: Any) -> Any:
    if isinstance(told, list):
        return [without_ids(each) for each in told]
    if isinstance(told, dict):
        return {key: without_ids(value) for key, value in told.items() if key not in ("id", "lineId", "guestCartToken")}
    return told


async def test_a_cart_is_the_same_in_v5(shop: MakeShop) -> None:
    async with shop() as older, shop(tmf663_version="v5") as newer:
        assert without_ids(await story(newer)) == without_ids(await story(older))


async def test_a_cart_of_v5_is_kept_with_everything_in_it(shop: MakeShop, sandbox_process: SandboxProcess) -> None:
    async with shop(tmf663_version="v5") as shopper:
        await shopper.create()
        await shopper.update(add("po-kaiyo-k1", quantity=2, configuration=COLOUR))
        (item,) = Operator(sandbox_process.base_url, "v5").items()
        assert (item["@type"], item["quantity"]) == ("CartItem", 2)
        kept = [(each["name"], each["value"]) for each in item["product"]["productCharacteristic"]]
        assert kept == [("Colour", "Fjord blue"), ("Storage", "512 GB")]
        assert [price["price"]["taxIncludedAmount"]["value"] for price in item["itemPrice"]] == [799, 180, 4.99]


@pytest.mark.parametrize("version", ["v4", "v5"])
async def test_every_body_is_by_the_official_file(shop: MakeShop, version: str) -> None:
    contract: Contract | OpenContract
    if version == "v5":
        contract = OpenContract(need_spec("TMF663-ShoppingCart-v5.0.0.yaml"))
        posted, patched = "ShoppingCart_FVO", "ShoppingCart_MVO"
    else:
        contract = Contract(need_spec("TMF663-ShoppingCart-v4.0.0.json"))
        posted, patched = "ShoppingCart_Create", "ShoppingCart_Update"
    recording = Recording()
    async with shop(tmf663_version=version, transports={"tmf663": recording}) as shopper:
        await story(shopper)
        (created,) = recording.bodies("POST")
        assert contract.problems(posted, created) == []
        changes = recording.bodies("PATCH")
        assert len(changes) > 4
        assert [problem for change in changes for problem in contract.problems(patched, change)] == []


@pytest.mark.parametrize(("version", "kind"), [("v4", "application/json"), ("v5", "application/merge-patch+json")])
async def test_a_patch_has_the_media_type_of_its_version(shop: MakeShop, version: str, kind: str) -> None:
    recording = Recording()
    async with shop(tmf663_version=version, transports={"tmf663": recording}) as shopper:
        await shopper.create()
        await shopper.update(add("po-mobile-m"))
        kinds = [request.headers["content-type"] for request in recording.sent]
        assert kinds == ["application/json", kind]


async def test_nobody_is_named_upstream(shop: MakeShop) -> None:
    """What the cart system gets is what is bought; who buys, and how to reach them, stays here."""
    recording = Recording()
    async with shop(transports={"tmf663": recording}) as shopper:
        await shopper.create()
        contact = {"email": "ada@shop.example", "reminderConsent": True}
        await shopper.update(add("po-mobile-m"), {"setContact": contact})
        sent = b"".join(request.content + repr(request.headers.raw).encode() for request in recording.sent)
        assert b"ada@" not in sent
        assert str(shopper.token).encode() not in sent
