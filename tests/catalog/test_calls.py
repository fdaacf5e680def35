"""What a page costs upstream: calls counted by the sandbox, and the attributes they ask for."""

import asyncio
from decimal import Decimal
from functools import partial

import pytest

from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from tests.conftest import MakeGateway
from tests.upstream import Upstream, counts, gid, offering_id, queries

PAGE = """{ productOfferings(first: 20) { nodes {
    name categories { name } prices { name kind net { amount } gross { amount } } specification { name brand }
} } }"""
THREE = {"offerings": 1, "prices": 1, "specifications": 1}
ALWAYS = {"channel", "id", "isSellable", "lifecycleStatus", "marketSegment", "name", "validFor"}


@pytest.fixture
def gateway(gateway: MakeGateway) -> MakeGateway:
    """Without whole answers: each question is asked of what is beneath them."""
    return partial(gateway, answers_memory_mb=0)


def asked_fields(sandbox: SandboxControl, resource: str) -> list[set[str]]:
    """The `fields=` of each call to a resource."""
    return [
        set(part.removeprefix("fields=").replace("%2C", ",").split(","))
        for query in queries(sandbox, resource)
        for part in query.split("&")
        if part.startswith("fields=")
    ]


async def test_a_cold_page_costs_three_calls_and_a_warm_one_none(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """A page of 20 with categories, prices and specifications: one call to each collection, then none at all."""
    async with gateway() as client:
        cold = await client.data(PAGE)
        assert counts(sandbox) == THREE
        sandbox.reset_calls()
        assert await client.data(PAGE) == cold
        assert counts(sandbox) == {}
    nodes = cold["productOfferings"]["nodes"]
    assert len(nodes) == 20
    assert all(node["prices"] and node["specification"]["name"] and node["categories"][0]["name"] for node in nodes)


@pytest.mark.parametrize(
    "settings",
    [
        {"cache_fresh": 0, "cache_stale_while_revalidate": 0, "cache_missing": 0},
        {"cache_memory_mb": 0},
        {"cache_memory_mb": 0, "cache_fresh": 0, "cache_stale_while_revalidate": 0, "answers_memory_mb": 24},
    ],
    ids=["never fresh", "no memory", "no memory but for whole answers, which nothing is fresh enough for"],
)
async def test_where_nothing_is_kept_each_page_costs_the_same_calls(
    gateway: MakeGateway, sandbox: SandboxControl, upstream: Upstream, settings: dict[str, int]
) -> None:
    """Asked anew each time, and nothing twice in one answer, however long that takes; what has changed is shown."""
    async with gateway(**settings) as client:
        first = await client.data(PAGE)
        assert counts(sandbox) == THREE
        for _ in range(2):
            sandbox.reset_calls()
            assert await client.data(PAGE) == first
            assert counts(sandbox) == THREE
        shown = first["productOfferings"]["nodes"][3]["name"]
        (changed,) = [each for each in upstream.all("productOffering", fields="name") if each["name"] == shown]
        upstream.patch("productOffering", changed["id"], {"name": "Renamed"})
        again = await client.data(PAGE)
    names = [node["name"] for node in again["productOfferings"]["nodes"]]
    assert names == [
        name if name != shown else "Renamed" for name in [n["name"] for n in first["productOfferings"]["nodes"]]
    ]


async def test_a_page_is_as_good_as_the_oldest_thing_in_it(
    gateway: MakeGateway, sandbox: SandboxControl, upstream: Upstream
) -> None:
    """Nothing of it is asked for before that is old, and then only that is: here the prices, which came a minute before
    the rest."""
    clock = FixedClock()
    names = "{ productOfferings(first: 20) { nodes { id name prices { id } } } }"
    brands = "{ productOfferings(first: 20) { nodes { id name prices { id } specification { brand } } } }"
    async with gateway(clock=clock, cache_fresh=100, cache_stale_while_revalidate=0) as client:
        first = await client.data(names)
        clock.advance(60)
        await client.data(brands)
        sandbox.reset_calls()
        for seconds in (1, 20, 18):
            clock.advance(seconds)
            await client.data(brands)
        assert counts(sandbox) == {}
        shown = first["productOfferings"]["nodes"][3]["name"]
        (changed,) = [each for each in upstream.all("productOffering", fields="name") if each["name"] == shown]
        upstream.patch("productOffering", changed["id"], {"name": "Renamed"})
        clock.advance(2)
        for asked, seconds, calls, name in (
            (names, 0, {"prices": 1}, shown),
            (brands, 58, {}, shown),
            (names, 2, {"offerings": 1}, "Renamed"),
            (brands, 0, {"specifications": 1}, "Renamed"),
            (brands, 30, {}, "Renamed"),
        ):
            sandbox.reset_calls()
            clock.advance(seconds)
            found = await client.data(asked)
            assert (counts(sandbox), found["productOfferings"]["nodes"][3]["name"]) == (calls, name)


async def test_a_thousand_equal_cold_requests_cost_one_call_of_each(
    gateway: MakeGateway, sandbox: SandboxControl
) -> None:
    """A burst finds what is already in the air: 1 call to each collection for 1,000 requests, all answered alike."""
    document = "{ productOfferings(first: 3) { nodes { categories { name } prices { id } specification { id } } } }"
    async with gateway(request_timeout=600) as client:  # this process executes all 1,000, which takes it a while
        answers = await asyncio.gather(*(client.query(document) for _ in range(1000)))
    assert counts(sandbox) == THREE
    assert {answer.status for answer in answers} == {200}
    assert all(answer.body == answers[0].body for answer in answers)
    assert "errors" not in answers[0].body


async def test_references_without_names_cost_one_call_more(
    gateway: MakeGateway, sandbox: SandboxControl, upstream: Upstream
) -> None:
    """Where category references carry no name, all names of the page come with a fourth call."""
    for offering in upstream.all("productOffering", fields="category")[:20]:
        nameless = [{"id": ref["id"]} for ref in offering["category"]]
        upstream.patch("productOffering", offering["id"], {"category": nameless})
    assert "name" not in upstream.get("productOffering", "po-mobile-m")["category"][0]
    sandbox.reset_calls()
    async with gateway() as client:
        nodes = (await client.data(PAGE))["productOfferings"]["nodes"]
    assert counts(sandbox) == {**THREE, "categories": 1}
    assert nodes[0]["categories"] == [{"name": "Plans with contract"}]
    assert all(category["name"] for node in nodes for category in node["categories"])


async def test_a_second_process_finds_everything_in_redis(
    gateway: MakeGateway, sandbox: SandboxControl, redis_url: str
) -> None:
    """What one process read costs the next one no upstream call."""
    async with gateway(redis_url=redis_url) as first:
        page = await first.data(PAGE)
    assert counts(sandbox) == THREE
    sandbox.reset_calls()
    async with gateway(redis_url=redis_url) as second:
        assert await second.data(PAGE) == page
    assert counts(sandbox) == {}


async def test_single_offerings_are_warm_after_a_page(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """An offering that a page brought is not read again by its id, in any field or fewer."""
    async with gateway() as client:
        await client.data(PAGE)
        sandbox.reset_calls()
        found = await client.data(
            "query($id: ID!) { productOffering(id: $id) { name specification { brand } } node(id: $id) { id } }",
            id=offering_id("po-mobile-m"),
        )
    assert found["productOffering"] == {"name": "Mobile M", "specification": {"brand": "Lumaro"}}
    assert counts(sandbox) == {}


async def test_a_field_that_was_not_read_before_is_read_with_the_ones_that_were(
    gateway: MakeGateway, sandbox: SandboxControl
) -> None:
    """An entity knows what it holds: asking for more reads both, so that the next request finds all of it."""
    one = "query($id: ID!) { productOffering(id: $id) { description } }"
    other = "query($id: ID!) { productOffering(id: $id) { images { name } } }"
    async with gateway() as client:
        for document in (one, other, one, other):
            await client.data(document, id=offering_id("po-mobile-m"))
    assert asked_fields(sandbox, "productOffering") == [
        ALWAYS | {"description"},
        ALWAYS | {"description", "attachment"},
    ]


@pytest.mark.parametrize(
    ("selection", "more"),
    [
        ("id name lifecycleStatus sellable segments validFor { start }", set()),
        ("description isBundle", {"description", "isBundle"}),
        ("images { url }", {"attachment"}),
        ("categories { id }", {"category"}),
        ("bundledOfferings { name min max default }", {"bundledProductOffering"}),
        ("relatedOfferings { name }", {"productOfferingRelationship"}),
        ("specification { id }", {"productSpecification"}),
        ("prices { id }", {"productOfferingPrice"}),
        ("characteristics { name }", {"productSpecification", "prodSpecCharValueUse"}),
        (
            "characteristics { values { priceImpact { amount } } }",
            {"productSpecification", "prodSpecCharValueUse", "productOfferingPrice"},
        ),
    ],
)
async def test_only_what_is_selected_is_asked_for(
    gateway: MakeGateway, sandbox: SandboxControl, selection: str, more: set[str]
) -> None:
    """`fields=` of the offering is what the selection reads, and what deciding who may see and buy it needs."""
    async with gateway() as client:
        await client.data(f'{{ productOffering(id: "{offering_id("po-mobile-m")}") {{ {selection} }} }}')
    assert asked_fields(sandbox, "productOffering")[0] == ALWAYS | more


@pytest.mark.parametrize(
    ("selection", "more"),
    [
        ("id name validFor { end }", set()),
        ("kind", {"recurringChargePeriodType", "unitOfMeasure"}),
        ("net { amount }", {"price"}),
        ("net { amount } gross { amount }", {"price", "tax"}),
        ("gross { currency }", {"price", "tax"}),
        ("percentage description", {"percentage", "description"}),
        ("every period", {"recurringChargePeriodType", "recurringChargePeriodLength"}),
        ("unit appliesTo { value }", {"unitOfMeasure", "prodSpecCharValueUse"}),
        ("promotions { name }", {"popRelationship"}),
    ],
)
async def test_of_prices_too_only_what_is_selected(
    gateway: MakeGateway, sandbox: SandboxControl, selection: str, more: set[str]
) -> None:
    """`fields=` of the prices is what the selection below `prices` reads, and no attribute of offerings."""
    async with gateway() as client:
        await client.data(f'{{ productOffering(id: "{offering_id("po-mobile-m")}") {{ prices {{ {selection} }} }} }}')
    assert (
        asked_fields(sandbox, "productOfferingPrice")[0]
        == {"id", "lifecycleStatus", "name", "priceType", "validFor"} | more
    )


@pytest.mark.parametrize(
    ("selection", "more"),
    [("net { amount }", {"tax"}), ("gross { amount }", set()), ("net { amount } gross { amount }", {"tax"})],
)
async def test_where_prices_include_tax_it_is_read_for_what_has_none(
    gateway: MakeGateway, sandbox: SandboxControl, selection: str, more: set[str]
) -> None:
    async with gateway(catalog_prices_include_tax=True) as client:
        await client.data(f'{{ productOffering(id: "{offering_id("po-mobile-m")}") {{ prices {{ {selection} }} }} }}')
        price = gid("OfferingPrice", "pop-mobile-m-monthly")
        await client.data(f'{{ node(id: "{price}") {{ ... on OfferingPrice {{ {selection} }} }} }}')
    asked = asked_fields(sandbox, "productOfferingPrice")
    assert asked
    assert all(each == {"id", "lifecycleStatus", "name", "priceType", "validFor", "price"} | more for each in asked)


async def test_a_tax_that_is_asked_for_later_is_read_then(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """What is kept of a price without its tax is no price without tax."""
    document = f'{{ productOffering(id: "{offering_id("po-mobile-m")}") {{ prices {{ %s {{ amount }} }} }} }}'
    async with gateway() as client:
        stated = await client.data(document % "net")
        taxed = await client.data(document % "gross")
        assert await client.data(document % "net") == stated
    net, gross = (
        each["productOffering"]["prices"][0][name]["amount"] for each, name in ((stated, "net"), (taxed, "gross"))
    )
    assert Decimal(gross) > Decimal(net)
    assert len(asked_fields(sandbox, "productOfferingPrice")) == 2


async def test_of_specifications_and_nodes_only_what_is_selected(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """`node` asks for what the fragment on the node's own type reads, not for what other fragments would."""
    document = """query($id: ID!) { node(id: $id) { id
        ... on ProductSpecification { brand }
        ... on ProductOffering { specification { productNumber description } prices { net { amount } } }
    } }"""
    async with gateway() as client:
        found = await client.data(document, id=gid("ProductSpecification", "ps-kaiyo-k1"))
    assert found["node"] == {"id": gid("ProductSpecification", "ps-kaiyo-k1"), "brand": "Kaiyo"}
    assert asked_fields(sandbox, "productSpecification") == [{"id", "name", "brand"}]
    assert counts(sandbox) == {"specifications": 1}


async def test_promotions_of_a_page_cost_one_call_more(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """All promotions of all prices of a page come together."""
    async with gateway() as client:
        await client.data("{ productOfferings(first: 20) { nodes { prices { promotions { name } } } } }")
    assert counts(sandbox) == {"offerings": 1, "prices": 2}


async def test_bundles_cost_one_call_a_level(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """The offerings in all bundles of a page come together, and those in the bundles within them with one call more."""
    async with gateway() as client:
        document = "{ productOfferings(first: 20) { nodes { bundledOfferings { offering { %s } } } } }"
        await client.data(document % "name")
        assert counts(sandbox) == {"offerings": 2}
    sandbox.reset_calls()
    async with gateway() as client:
        await client.data(
            """query($id: ID!) { productOffering(id: $id) {
                bundledOfferings { offering { name bundledOfferings { offering { name prices { name } } } } }
            } }""",
            id=offering_id("po-family-all-in"),
        )
    assert counts(sandbox) == {"offerings": 3, "prices": 1}


async def test_choices_with_their_impact_cost_two_calls_beside_the_page(
    gateway: MakeGateway, sandbox: SandboxControl
) -> None:
    """Characteristics with price impacts read all specifications at once, and all prices at once."""
    async with gateway() as client:
        document = "{ productOfferings(first: 20) { nodes { characteristics { values { priceImpact { amount } } } } } }"
        await client.data(document)
    assert counts(sandbox) == THREE


async def test_the_same_field_twice_in_one_operation_is_read_once(
    gateway: MakeGateway, sandbox: SandboxControl
) -> None:
    """Aliases of one field, and several fields over one entity, share its one read."""
    async with gateway() as client:
        await client.data(
            "query($id: ID!) { a: productOffering(id: $id) { name } b: productOffering(id: $id) { description } }",
            id=offering_id("po-mobile-m"),
        )
    assert counts(sandbox) == {"offerings": 1}
