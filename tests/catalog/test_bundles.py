"""Bundles in bundles: what is in them, how often, to any depth; and a whole page of them within the limits."""

from sandbox.control import SandboxControl
from tests.conftest import MakeGateway
from tests.upstream import Upstream, counts, offering_id

PART = "id name min max default"


async def test_three_levels(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """A bundle that holds a bundle that holds plans, each with its limits, one upstream call a level."""
    document = """query($id: ID!) { productOffering(id: $id) { name isBundle bundledOfferings { name min max default
      offering { name isBundle bundledOfferings { name min max default offering { name bundledOfferings {
        name offering { name isBundle bundledOfferings { id } } } } } } } } }"""
    async with gateway() as client:
        found = (await client.data(document, id=offering_id("po-family-all-in")))["productOffering"]
    assert (found["name"], found["isBundle"]) == ("Family All-in", True)
    four, home, box = found["bundledOfferings"]
    assert [(each["name"], each["min"], each["max"], each["default"]) for each in (four, home, box)] == [
        ("Family Four", 1, 1, 1),
        ("Fibre & TV", 1, 1, 1),
        ("Lumaro Box", 0, 1, 1),
    ]
    duo, kids = four["offering"]["bundledOfferings"]
    assert (duo["name"], kids["name"], kids["min"]) == ("Family Duo", "Kids' cards", 0)
    assert [each["offering"] for each in duo["offering"]["bundledOfferings"]] == [
        {"name": "Mobile M", "isBundle": False, "bundledOfferings": []},
        {"name": "Mobile S", "isBundle": False, "bundledOfferings": []},
    ]
    assert [each["name"] for each in kids["offering"]["bundledOfferings"]] == ["Young M"]
    assert box["offering"] == {"name": "Lumaro Box", "isBundle": False, "bundledOfferings": []}
    assert counts(sandbox) == {"offerings": 4}


async def test_limits(gateway: MakeGateway) -> None:
    """How often a part must, can and usually does stand in its bundle."""
    document = "query($id: ID!) { productOffering(id: $id) { bundledOfferings { " + PART + " } } }"
    async with gateway() as client:
        phone = await client.data(document, id=offering_id("po-bundle-kaiyo-k1-mobile-m"))
        office = await client.data(document, id=offering_id("po-business-bundle-mobile"))
    assert phone["productOffering"]["bundledOfferings"] == [
        {"id": offering_id("po-kaiyo-k1"), "name": "Kaiyo K1", "min": 1, "max": 1, "default": 1},
        {"id": offering_id("po-mobile-m"), "name": "Mobile M", "min": 1, "max": 1, "default": 1},
        {"id": offering_id("po-sim-card"), "name": "SIM card", "min": 0, "max": 1, "default": 1},
        {"id": offering_id("po-esim"), "name": "eSIM", "min": 0, "max": 1, "default": 0},
    ]
    first = office["productOffering"]["bundledOfferings"][0]
    assert (first["min"], first["max"], first["default"]) == (5, 50, 5)


async def test_a_part_that_is_gone_is_null(gateway: MakeGateway, upstream: Upstream) -> None:
    """A bundle that points to nothing keeps its other parts, without an error."""
    parts = [{"id": "po-gone", "name": "Gone"}, {"id": "po-mobile-m"}]
    upstream.patch("productOffering", "po-family-duo", {"bundledProductOffering": parts})
    document = "query($id: ID!) { productOffering(id: $id) { bundledOfferings { name min max offering { name } } } }"
    async with gateway() as client:
        found = await client.data(document, id=offering_id("po-family-duo"))
    assert found["productOffering"]["bundledOfferings"] == [
        {"name": "Gone", "min": 1, "max": 1, "offering": None},
        {"name": None, "min": 1, "max": 1, "offering": {"name": "Mobile M"}},
    ]


async def test_a_bundle_of_itself_ends_where_the_query_ends(
    gateway: MakeGateway, sandbox: SandboxControl, upstream: Upstream
) -> None:
    """A cycle upstream is read once and shown as deep as was asked."""
    upstream.patch("productOffering", "po-family-duo", {"bundledProductOffering": [{"id": "po-family-duo"}]})
    sandbox.reset_calls()
    inner = "bundledOfferings { offering { name } }"
    for _ in range(3):
        inner = inner.replace("{ name }", "{ name bundledOfferings { offering { name } } }")
    async with gateway() as client:
        found = await client.data(
            "query($id: ID!) { productOffering(id: $id) { name " + inner + " } }", id=offering_id("po-family-duo")
        )
    node = found["productOffering"]
    for _ in range(4):
        node = node["bundledOfferings"][0]["offering"]
        assert node["name"] == "Family Duo"
    assert counts(sandbox) == {"offerings": 1}


async def test_a_page_of_fifty_with_two_levels_of_bundles(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """What a rich shop page asks for fits the default limits, and costs a handful of calls."""
    money = "{ amount currency }"
    price = f"prices {{ id name kind net {money} gross {money} every period unit promotions {{ name gross {money} }} }}"
    about = "id name description isBundle sellable segments categories { id name } images { url name }"
    choice = f"characteristics {{ name required configurable values {{ value isDefault priceImpact {money} }} }}"
    one = f"{about} specification {{ id name brand }} {price} {choice}"
    part = f"bundledOfferings {{ {PART} offering {{ %s }} }}"
    document = (
        "query($filter: ProductOfferingFilter) "
        "{ productOfferings(first: 50, filter: $filter) { totalCount pageInfo { hasNextPage endCursor } nodes { "
        + one
        + " "
        + part % (one + part % one)
        + " } } }"
    )
    async with gateway() as client:
        page = (await client.data(document))["productOfferings"]
        cost = counts(sandbox)
        bundles = (await client.data(document, filter={"isBundle": True}))["productOfferings"]
    assert (len(page["nodes"]), page["totalCount"]) == (50, 147)
    assert cost == {"offerings": 1, "prices": 2, "specifications": 1}
    names = {
        inner["name"]
        for node in bundles["nodes"]
        for part in node["bundledOfferings"]
        for inner in part["offering"]["bundledOfferings"]
    }
    assert {"Mobile M", "Mobile S", "Young M", "Family Duo", "Fibre 250", "TV Basic"} <= names
