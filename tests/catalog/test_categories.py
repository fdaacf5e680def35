"""The category tree: roots, children, parents, whatever way the upstream tells them."""

from typing import Any

from sandbox.control import SandboxControl
from tests.conftest import MakeGateway
from tests.upstream import Seed, Upstream, counts, gid, offering_id


async def test_the_tree_from_the_roots(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """The shelves at the top with those below, in the upstream's order, for one call."""
    async with gateway() as client:
        found = (await client.data("{ categories { name parent { id } children { name children { name } } } }"))[
            "categories"
        ]
    assert [(each["name"], each["parent"]) for each in found] == [
        ("Mobile", None),
        ("Devices", None),
        ("Home", None),
        ("Bundles", None),
        ("Business", None),
    ]
    assert [child["name"] for child in found[0]["children"]] == ["Mobile plans", "Add-ons", "Roaming", "SIM & eSIM"]
    assert [child["name"] for child in found[0]["children"][2]["children"]] == ["Europe", "World"]
    assert counts(sandbox) == {"categories": 1}


async def test_children_and_parents_of_each(gateway: MakeGateway, seed: Seed) -> None:
    """For every category: its children, and from each child back up."""
    document = "query($id: ID!) { categories(parent: $id) { id parent { id } } }"
    async with gateway() as client:
        for local in seed.categories:
            children = [each["id"] for each in seed.categories.values() if each.get("parentId") == local]
            found = (await client.data(document, id=gid("Category", local)))["categories"]
            assert [each["id"] for each in found] == [gid("Category", each) for each in children]
            assert {each["parent"]["id"] for each in found} <= {gid("Category", local)}
        nothing = await client.data(document, id=gid("Category", "cat-nowhere"))
    assert len(seed.categories) == 47
    assert nothing == {"categories": []}


async def test_from_an_offering_up_and_sideways(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """A shelf of an offering leads to its parents and to what stands beside it."""
    document = """query($id: ID!) { productOffering(id: $id) { categories {
      name parent { name parent { name parent { name } } children { name } }
    } } }"""
    async with gateway() as client:
        found = await client.data(document, id=offering_id("po-roaming-world-day"))
    world, roaming = found["productOffering"]["categories"]
    assert (world["name"], world["parent"]["name"], world["parent"]["parent"]["name"]) == ("World", "Roaming", "Mobile")
    assert world["parent"]["parent"]["parent"] is None
    assert [each["name"] for each in world["parent"]["children"]] == ["Europe", "World"]
    assert roaming["name"] == "Roaming"
    assert counts(sandbox) == {"offerings": 1, "categories": 1}


async def test_trees_told_by_children_and_broken_ones(gateway: MakeGateway, upstream: Upstream) -> None:
    """A child that only its parent names, a parent that is gone, a draft, a cycle: each in its place, none fatal."""
    upstream.patch("category", "cat-fibre", {"parentId": None})  # cat-internet still names it
    upstream.patch("category", "cat-dsl", {"parentId": "cat-gone"})
    upstream.patch("category", "cat-internet", {"subCategory": [{"id": "cat-fibre"}, {"id": "cat-missing"}]})
    upstream.patch("category", "cat-tv-options", {"lifecycleStatus": "In design"})
    upstream.patch("category", "cat-plans-flex", {"parentId": "cat-plans-flex"})
    upstream.patch("category", "cat-plans-postpaid", {"subCategory": []})
    async with gateway() as client:
        roots = (await client.data("{ categories { name } }"))["categories"]
        internet = await client.data(
            "query($id: ID!) { categories(parent: $id) { name } }", id=gid("Category", "cat-internet")
        )
        tv = await client.data("query($id: ID!) { categories(parent: $id) { name } }", id=gid("Category", "cat-tv"))
        draft = await client.data("query($id: ID!) { node(id: $id) { id } }", id=gid("Category", "cat-tv-options"))
        cycle = await client.data(
            "query($id: ID!) { productOfferings(filter: {category: $id}) { nodes { name } } }",
            id=gid("Category", "cat-plans-flex"),
        )
    assert [each["name"] for each in roots] == ["Mobile", "Devices", "Home", "DSL", "Bundles", "Business"]
    assert [each["name"] for each in internet["categories"]] == ["Fibre", "5G at home"]
    assert [each["name"] for each in tv["categories"]] == ["TV packages"]
    assert draft == {"node": None}
    assert [each["name"] for each in cycle["productOfferings"]["nodes"]] == ["Flex M", "Flex L"]


async def test_a_category_that_is_renamed(gateway: MakeGateway, upstream: Upstream, clock: Any) -> None:
    """The tree follows what was read anew."""
    async with gateway(clock=clock, cache_fresh=60, cache_stale_while_revalidate=0) as client:
        before = (await client.data("{ categories { name } }"))["categories"][0]
        upstream.patch("category", "cat-mobile", {"name": "On the move"})
        still = (await client.data("{ categories { name } }"))["categories"][0]
        clock.advance(61)
        after = (await client.data("{ categories { name } }"))["categories"][0]
    assert [before["name"], still["name"], after["name"]] == ["Mobile", "Mobile", "On the move"]
