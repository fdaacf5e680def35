"""Every way an upstream can go wrong: only the fields concerned are lost, with a typed code, and no inner detail."""

import asyncio
from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.client import Answer, Client
from tests.conftest import MakeGateway
from tests.hurry import hurried
from tests.processes import PATIENCE
from tests.upstream import Upstream, counts, offering_id

PAGE = """{ productOfferings(first: 5) { totalCount nodes {
    id name categories { name } prices { name net { amount } } specification { name }
} } }"""
UNAVAILABLE, TIMEOUT, INVALID = "UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_INVALID"
FAULTS = [
    pytest.param("delay", {"delayMs": 60_000}, TIMEOUT, id="delay"),
    pytest.param("hang", {}, TIMEOUT, id="hang"),
    pytest.param("status", {"status": 500}, UNAVAILABLE, id="500"),
    pytest.param("status", {"status": 503, "headers": {"Retry-After": "60"}}, UNAVAILABLE, id="503"),
    pytest.param("status", {"status": 429}, UNAVAILABLE, id="429"),
    pytest.param("status", {"status": 403}, INVALID, id="403"),
    pytest.param("reset", {}, UNAVAILABLE, id="reset"),
    pytest.param("off", {}, UNAVAILABLE, id="off"),
    pytest.param("html", {}, UNAVAILABLE, id="html"),
    pytest.param("html", {"status": 200}, INVALID, id="html-200"),
    pytest.param("errorBody", {}, INVALID, id="errorBody"),
    pytest.param("big", {}, INVALID, id="big"),
    pytest.param("half", {}, UNAVAILABLE, id="half"),
    pytest.param("truncated", {}, INVALID, id="truncated"),
]
SMALL = {"tmf620_attempts": 1, "tmf620_max_bytes": 1_000_000}
SECRETS = ("sandbox", "127.0.0.1", "tmf", "pop-", "po-", "ps-", "gateway</", "Traceback", "httpx", "fields=")


async def ask(client: Client, document: str, **variables: Any) -> Answer:
    """The answer, which must come: a request that hangs fails here instead of holding up the suite."""
    async with asyncio.timeout(PATIENCE):
        answer = await client.query(document, **variables)
    if "errors" in answer.body:
        shown = str(answer.body["errors"])
        assert [word for word in SECRETS if word in shown] == []
        assert all(error["extensions"]["errorId"] for error in answer.body["errors"])
    return answer


@pytest.fixture
async def healthy(gateway: MakeGateway) -> Any:
    """The page as it is on a good day."""
    async with gateway() as client:
        return (await client.data(PAGE))["productOfferings"]


@pytest.mark.parametrize(("kind", "options", "code"), FAULTS)
async def test_offerings_lost(
    gateway: MakeGateway, sandbox: SandboxControl, kind: str, options: dict[str, Any], code: str
) -> None:
    """Without offerings there is no page, but an answer: null, one error with the code and the path."""
    sandbox.fault(kind, api="TMF620", resource="productOffering", **options)
    async with gateway(**SMALL) as client, hurried(sandbox):
        answer = await ask(client, PAGE)
        single = await ask(
            client,
            "query($id: ID!) { productOffering(id: $id) { name } categories { name } }",
            id=offering_id("po-esim"),
        )
    assert (answer.status, answer.data) == (200, {"productOfferings": None})
    assert (answer.codes, answer.paths) == ([code], [["productOfferings"]])
    assert single.data["productOffering"] is None
    assert len(single.data["categories"]) == 5
    assert (single.codes, single.paths) == ([code], [["productOffering"]])


@pytest.mark.parametrize(
    ("resource", "field"), [("productOfferingPrice", "prices"), ("productSpecification", "specification")]
)
@pytest.mark.parametrize(("kind", "options", "code"), FAULTS)
async def test_one_field_lost(
    gateway: MakeGateway,
    sandbox: SandboxControl,
    healthy: Any,
    resource: str,
    field: str,
    kind: str,
    options: dict[str, Any],
    code: str,
) -> None:
    """With prices or specifications down, that field is null in each offering; all else is intact."""
    sandbox.fault(kind, api="TMF620", resource=resource, **options)
    async with gateway(**SMALL) as client, hurried(sandbox):
        answer = await ask(client, PAGE)
    nodes = answer.data["productOfferings"]["nodes"]
    assert [node[field] for node in nodes] == [None] * 5
    assert [{**node, field: good[field]} for node, good in zip(nodes, healthy["nodes"], strict=True)] == healthy[
        "nodes"
    ]
    assert answer.codes == [code] * 5
    assert sorted(answer.paths) == [["productOfferings", "nodes", place, field] for place in range(5)]


async def test_categories_lost(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Without the tree, names still come from the references; parents are null, and a filter by category cannot be."""
    sandbox.fault("status", api="TMF620", resource="category", status=500)
    document = "{ productOfferings(first: 1) { nodes { categories { name parent { name } } } } categories { name } }"
    async with gateway(**SMALL) as client:
        answer = await ask(client, document)
    assert answer.data == {
        "productOfferings": {"nodes": [{"categories": [{"name": "Plans with contract", "parent": None}]}]},
        "categories": None,
    }
    assert sorted(answer.paths, key=len) == [
        ["categories"],
        ["productOfferings", "nodes", 0, "categories", 0, "parent"],
    ]
    assert answer.codes == [UNAVAILABLE, UNAVAILABLE]


async def test_choices_and_prices_lost_separately(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Prices down: characteristics stay and only what they add is null. Specifications down: no characteristics."""
    document = """query($id: ID!) { productOffering(id: $id) {
      characteristics { name values { priceImpact { amount } } } bundledOfferings { id }
    } }"""
    sandbox.fault("status", api="TMF620", resource="productOfferingPrice", status=500)
    async with gateway(**SMALL) as client:
        without_prices = await ask(client, document, id=offering_id("po-kaiyo-k1"))
    sandbox.clear_faults()
    sandbox.fault("status", api="TMF620", resource="productSpecification", status=500)
    async with gateway(**SMALL) as client:
        without_specifications = await ask(client, document, id=offering_id("po-kaiyo-k1"))
    shown = without_prices.data["productOffering"]["characteristics"]
    assert [(each["name"], len(each["values"])) for each in shown] == [
        ("Colour", 4),
        ("Storage", 3),
        ("Display", 1),
        ("Weight", 1),
    ]
    assert set(without_prices.codes) == {UNAVAILABLE}
    assert {path[-1] for path in without_prices.paths} == {"priceImpact"}
    assert without_specifications.data == {"productOffering": {"characteristics": None, "bundledOfferings": []}}
    assert without_specifications.paths == [["productOffering", "characteristics"]]


async def test_an_order_by_price_needs_the_prices(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Rather no page than one in a wrong order."""
    sandbox.fault("off", api="TMF620", resource="productOfferingPrice")
    async with gateway(**SMALL) as client:
        answer = await ask(client, "{ productOfferings(sort: PRICE_ASC) { nodes { name } } }")
    assert (answer.data, answer.codes) == ({"productOfferings": None}, [UNAVAILABLE])


async def test_slow_is_not_dead(gateway: MakeGateway, sandbox: SandboxControl, healthy: Any) -> None:
    """An upstream that takes its time but answers in time costs nothing but that time."""
    sandbox.fault("delay", api="TMF620", delayMs=50)
    async with gateway() as client:
        assert (await client.data(PAGE))["productOfferings"] == healthy


async def test_a_stumble_is_tried_again(gateway: MakeGateway, sandbox: SandboxControl, healthy: Any) -> None:
    """Two failures in a row are made good by the third try."""
    sandbox.fault("status", api="TMF620", resource="productOffering", status=503, times=1)
    sandbox.fault("reset", api="TMF620", resource="productOffering", times=1)
    sandbox.reset_calls()
    async with gateway(tmf620_attempts=3) as client:
        assert (await client.data(PAGE))["productOfferings"] == healthy
    assert counts(sandbox) == {"offerings": 3, "prices": 1, "specifications": 1}


async def test_half_of_the_prices(gateway: MakeGateway, sandbox: SandboxControl, upstream: Upstream) -> None:
    """Elements that cannot be read cost only themselves."""
    upstream.patch("productOfferingPrice", "pop-esim-once", {"price": {"unit": "EUR", "value": "a lot"}, "tax": "?"})
    async with gateway() as client:
        found = await client.data(
            "query($id: ID!) { productOffering(id: $id) { prices { name kind net { amount } } } }",
            id=offering_id("po-esim"),
        )
    assert found["productOffering"]["prices"] == [{"name": "eSIM: one-time price", "kind": "PAY_NOW", "net": None}]


async def test_a_request_that_has_no_time_left(
    gateway: MakeGateway, sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole request is bounded too, however patient the settings are with each upstream."""
    monkeypatch.setattr("bff.edge.http._GRACE", 60)  # the time that passes here at once must not use it up
    sandbox.fault("hang", api="TMF620", resource="productSpecification")
    async with gateway(request_timeout=10, tmf620_timeout=60) as client, hurried(sandbox, seconds=10):
        answer = await ask(client, PAGE)
    assert set(answer.codes) == {TIMEOUT}
    assert [node["specification"] for node in answer.data["productOfferings"]["nodes"]] == [None] * 5
    assert answer.data["productOfferings"]["nodes"][0]["prices"][0]["net"] == {"amount": "21.00"}


# ---------------------------------------------------------------- the breaker


async def test_dead_prices_do_not_stop_offerings(gateway: MakeGateway, sandbox: SandboxControl, clock: Any) -> None:
    """After three failures prices are left alone for a while, and /readyz says so; offerings go on being read."""
    document = "query($id: ID!) { productOffering(id: $id) { name prices { name } } }"
    ids = [offering_id(f"po-{each}") for each in ("esim", "buds", "speaker", "powerbank", "tourist", "senior")]
    sandbox.fault("status", api="TMF620", resource="productOfferingPrice", status=500)
    settings = {"tmf620_breaker_threshold": 3, "tmf620_breaker_cooldown": 5, "tmf620_attempts": 1}
    async with gateway(clock=clock, **settings) as client:
        for each in ids:
            answer = await ask(client, document, id=each)
            assert (answer.data["productOffering"]["name"] is not None, answer.codes) == (True, [UNAVAILABLE])
        assert counts(sandbox) == {"offerings": 6, "prices": 3}
        circuits = (await client.http.get("/readyz")).json()["circuits"]
        assert circuits == {"tmf620.productOffering": "closed", "tmf620.productOfferingPrice": "open"}
        sandbox.clear_faults()
        assert (await ask(client, document, id=ids[0])).codes == [UNAVAILABLE]
        clock.advance(5)
        assert (await ask(client, document, id=ids[0])).codes == []
        assert counts(sandbox) == {"offerings": 6, "prices": 4}
        circuits = (await client.http.get("/readyz")).json()["circuits"]
    assert circuits["tmf620.productOfferingPrice"] == "closed"


# ---------------------------------------------------------------- a warm cache

LONG = """{ productOfferings(first: 20) { nodes {
    name sellable categories { name parent { name } } prices { name gross { amount } promotions { name } }
    specification { name } characteristics { name } bundledOfferings { offering { name } }
} } categories { name children { name } } }"""


@pytest.mark.parametrize(("kind", "options", "code"), [each for each in FAULTS if each.id not in ("503", "429", "403")])
async def test_ten_minutes_of_dead_upstream(
    gateway: MakeGateway,
    sandbox: SandboxControl,
    upstream: Upstream,
    clock: Any,
    kind: str,
    options: dict[str, Any],
    code: str,
) -> None:
    """What was read once is answered whole through ten minutes and more of any fault; afterwards it is read anew."""
    async with gateway(clock=clock, cache_patience=5, **SMALL) as client, hurried(sandbox):
        warm = await client.data(LONG)
        sandbox.fault(kind, api="TMF620", **options)
        for _ in range(12):
            clock.advance(60)
            assert (await ask(client, LONG)).body == {"data": warm}
        new = await ask(client, "query($id: ID!) { productOffering(id: $id) { name } }", id=offering_id("po-senior"))
        assert (new.data, new.codes) in (
            ({"productOffering": None}, [code]),
            ({"productOffering": None}, [UNAVAILABLE]),  # its circuit has opened meanwhile
        )
        sandbox.clear_faults()
        upstream.patch("productOffering", "po-mobile-m", {"name": "Mobile M again"})
        clock.advance(60)
        after = await client.data(LONG)
    assert after["productOfferings"]["nodes"][0]["name"] == "Mobile M again"
    assert after["productOfferings"]["nodes"][1:3] == warm["productOfferings"]["nodes"][1:3]
