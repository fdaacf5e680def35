"""One offering in all its fields, related offerings, images, and who may see it at all."""

from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.conftest import MakeGateway
from tests.upstream import Seed, Upstream, counts, gid, offering_id

WHOLE = """query($id: ID!) { productOffering(id: $id) {
  __typename id name description lifecycleStatus isBundle sellable segments validFor { start end }
  categories { __typename id name } images { url name mimeType }
  specification { __typename id name description brand productNumber }
  bundledOfferings { id }
} }"""


async def test_every_plain_field_of_an_offering(gateway: MakeGateway, clock: Any, sandbox_process: Any) -> None:
    """An offering as the catalogue has it, with its shelves, its pictures and its specification."""
    async with gateway(clock=clock) as client:
        found = (await client.data(WHOLE, id=offering_id("po-mobile-m")))["productOffering"]
    assert found == {
        "__typename": "ProductOffering",
        "id": offering_id("po-mobile-m"),
        "name": "Mobile M",
        "description": "40 GB of data at up to 300 Mbit/s. "
        "Unlimited calls and texts in Germany and the EU, 5G included.",
        "lifecycleStatus": "Active",
        "isBundle": False,
        "sellable": True,
        "segments": ["B2C"],
        "validFor": {"start": "2025-01-01T00:00:00Z", "end": None},
        "categories": [
            {"__typename": "Category", "id": gid("Category", "cat-plans-postpaid"), "name": "Plans with contract"}
        ],
        "images": [
            {
                "url": f"{sandbox_process.base_url}/sandbox/images/plan-mobile-m.svg",
                "name": "Mobile M",
                "mimeType": "image/svg+xml",
            }
        ],
        "specification": {
            "__typename": "ProductSpecification",
            "id": gid("ProductSpecification", "ps-mobile-plan"),
            "name": "Mobile plan",
            "description": "Voice, text and data with a monthly bill.",
            "brand": "Lumaro",
            "productNumber": "MP-100",
        },
        "bundledOfferings": [],
    }


async def test_every_offering_is_found_by_its_own_id(gateway: MakeGateway, seed: Seed) -> None:
    """What a listing shows of an offering is what its id gives, for all of them."""
    fields = "{ id name description lifecycleStatus isBundle sellable segments }"
    many = "query($ids: [ID!]) { productOfferings(first: 100, filter: {ids: $ids}) { nodes " + fields + " } }"
    one = "query($id: ID!) { productOffering(id: $id) " + fields + " }"
    shown: list[Any] = []
    async with gateway() as listing, gateway() as single:
        for part in (seed.visible_ids[:100], seed.visible_ids[100:]):
            page = await listing.data(many, ids=[offering_id(each) for each in part])
            shown += page["productOfferings"]["nodes"]
        found = [(await single.data(one, id=node["id"]))["productOffering"] for node in shown]
    assert found == shown
    assert len(found) == 147
    for node, truth in zip(found, seed.visible, strict=True):
        assert (node["name"], node["description"]) == (truth["name"], truth["description"])
        assert (node["lifecycleStatus"], node["isBundle"]) == (truth["lifecycleStatus"], truth["isBundle"])


@pytest.mark.parametrize(
    ("local", "expected"),
    [("po-business-line-500", ["B2B"]), ("po-kaiyo-k1", ["B2C", "B2B"]), ("po-esim", ["B2C", "B2B"])],
)
async def test_segments(gateway: MakeGateway, local: str, expected: list[str]) -> None:
    """The segments an offering names; both where it names none."""
    async with gateway() as client:
        found = await client.data("query($id: ID!) { productOffering(id: $id) { segments } }", id=offering_id(local))
    assert found["productOffering"]["segments"] == expected


async def test_related_offerings(gateway: MakeGateway) -> None:
    """All that an offering points to in its order, or those of one type, however the type is written."""
    document = """query($id: ID!) { productOffering(id: $id) {
        all: relatedOfferings { id } recommends: relatedOfferings(type: "Recommends") { name }
        upgrades: relatedOfferings(type: "upgradesTo") { name relatedOfferings(type: "upgrades to") { name } }
        none: relatedOfferings(type: "requires") { name } empty: relatedOfferings(type: "") { name }
    } }"""
    async with gateway() as client:
        found = (await client.data(document, id=offering_id("po-mobile-m")))["productOffering"]
    assert found == {
        "all": [{"id": offering_id(each)} for each in ("po-data-5", "po-esim", "po-mobile-l")],
        "recommends": [{"name": "Data 5 GB"}, {"name": "eSIM"}],
        "upgrades": [{"name": "Mobile L", "relatedOfferings": [{"name": "Mobile XL"}]}],
        "none": [],
        "empty": [],
    }


async def test_only_pictures_at_web_addresses_are_images(gateway: MakeGateway, upstream: Upstream) -> None:
    """By MIME type or by kind; a leaflet is none, and what a page must not load never leaves."""
    pictures = [
        {"url": "https://cdn.example/a.png", "mimeType": "image/png", "name": "A"},
        {"url": "https://cdn.example/b", "attachmentType": "Picture"},
        {"url": "https://cdn.example/c.pdf", "mimeType": "application/pdf", "attachmentType": "leaflet"},
        {"url": "javascript:alert(1)", "mimeType": "image/png"},
        {"url": "data:image/png;base64,AA", "mimeType": "image/png"},
        {"url": "//cdn.example/d.png", "mimeType": "image/png"},
        {"mimeType": "image/png"},
    ]
    upstream.patch("productOffering", "po-esim", {"attachment": pictures})
    async with gateway() as client:
        found = await client.data(WHOLE, id=offering_id("po-esim"))
    assert found["productOffering"]["images"] == [
        {"url": "https://cdn.example/a.png", "name": "A", "mimeType": "image/png"},
        {"url": "https://cdn.example/b", "name": None, "mimeType": None},
    ]


async def test_an_offering_with_next_to_nothing(gateway: MakeGateway, upstream: Upstream) -> None:
    """A server that tells only id and name still gives an offering, which is never sellable."""
    upstream.create("productOffering", {"id": "po-bare", "name": "Bare"})
    async with gateway() as client:
        found = (await client.data(WHOLE, id=offering_id("po-bare")))["productOffering"]
    assert found["name"] == "Bare"
    assert (found["lifecycleStatus"], found["sellable"], found["isBundle"]) == ("Unknown", False, False)
    assert (found["categories"], found["images"], found["specification"], found["validFor"]) == ([], [], None, None)
    assert found["segments"] == ["B2C", "B2B"]


# ---------------------------------------------------------------- what nobody may know of


async def test_drafts_are_nowhere(gateway: MakeGateway, seed: Seed, upstream: Upstream) -> None:
    """No listing, search, order, id, bundle or relation shows a draft, nor what it is called."""
    drafts = seed.drafts
    assert len(drafts) == 6
    ids = [offering_id(each) for each in drafts]
    parts = [{"id": each, "name": f"Draft {each}", "lifecycleStatus": "In test"} for each in drafts]
    upstream.patch(
        "productOffering",
        "po-family-duo",
        {
            "bundledProductOffering": [
                *parts,
                {"id": "po-mobile-m", "name": "Mobile M"},
                {"id": drafts[0], "name": "Mobile M"},
            ],
            "productOfferingRelationship": [
                {"id": each, "relationshipType": "recommends"} for each in (*drafts, "po-esim")
            ],
        },
    )
    async with gateway() as client:
        one = await client.data(
            """query($id: ID!, $ids: [ID!]!) {
              productOfferings(filter: {ids: $ids}) { totalCount nodes { id } }
              search: productOfferings(filter: {search: "Cloud gaming"}) { nodes { id } }
              nova: productOfferings(filter: {search: "nova"}) { nodes { id } }
              productOffering(id: $id) { name } node(id: $id) { id } nodes(ids: $ids) { id }
            }""",
            id=ids[0],
            ids=ids,
        )
        bundle = await client.data(
            """query($id: ID!) { productOffering(id: $id) {
              bundledOfferings { name offering { name } } relatedOfferings { name }
            } }""",
            id=offering_id("po-family-duo"),
        )
        document = """query($sort: ProductOfferingSort, $after: String) {
          productOfferings(first: 100, sort: $sort, after: $after) { nodes { id } pageInfo { endCursor } }
        }"""
        listed: list[str] = []
        for sort in (None, "NAME", "NEWEST", "PRICE_ASC", "PRICE_DESC"):
            first = (await client.data(document, sort=sort))["productOfferings"]
            after = first["pageInfo"]["endCursor"]
            second = (await client.data(document, sort=sort, after=after))["productOfferings"]
            listed += [node["id"] for node in (*first["nodes"], *second["nodes"])]
    nothing: dict[str, Any] = {"nodes": []}
    assert one == {
        "productOfferings": {"totalCount": 0, **nothing},
        "search": nothing,
        "nova": nothing,
        "productOffering": None,
        "node": None,
        "nodes": [None] * 6,
    }
    assert bundle["productOffering"] == {
        "bundledOfferings": [
            {"name": "Mobile M", "offering": {"name": "Mobile M"}},
            {"name": "Mobile M", "offering": None},
        ],
        "relatedOfferings": [{"name": "eSIM"}],
    }
    assert len(listed) == 5 * 147
    assert not set(ids) & set(listed)


async def test_draft_prices_are_no_prices(gateway: MakeGateway) -> None:
    """The price of a draft is not found by its id either."""
    async with gateway() as client:
        found = await client.data(
            "query($id: ID!) { node(id: $id) { id } }", id=gid("OfferingPrice", "pop-mobile-2026-monthly")
        )
    assert found == {"node": None}


# ---------------------------------------------------------------- ids

BAD_IDS = [
    "",
    "x",
    "po-mobile-m",
    "UHJvZHVjdE9mZmVyaW5nOnBvLW1vYmlsZS1t=",
    "UHJvZHVjdE9mZmVyaW5nOnBvLW1vYmlsZS1u ",
    "\u00e4" * 8,
    "A" * 301,
    "A" * 5000,
    gid("ProductOffering", "../../admin"),
    gid("ProductOffering", ".."),
    gid("ProductOffering", "a/b"),
    gid("ProductOffering", "a?x=1"),
    gid("ProductOffering", "a#b"),
    gid("ProductOffering", "a%2e%2e"),
    gid("ProductOffering", "a\r\nX-Evil: 1"),
    gid("ProductOffering", ""),
    gid("ProductOffering", "a,b"),
    gid("ProductOffering", "x" * 129),
    gid("productOffering", "po-mobile-m"),
]


@pytest.mark.parametrize(
    ("document", "data"),
    [
        ("query($id: ID!) { productOffering(id: $id) { name } }", {"productOffering": None}),
        ("query($id: ID!) { node(id: $id) { id } }", {"node": None}),
        ("query($id: ID!) { nodes(ids: [$id]) { id } }", None),
        ("query($id: ID!) { productOfferings(filter: {ids: [$id]}) { totalCount } }", {"productOfferings": None}),
        ("query($id: ID!) { productOfferings(filter: {category: $id}) { totalCount } }", {"productOfferings": None}),
        ("query($id: ID!) { categories(parent: $id) { name } }", {"categories": None}),
    ],
    ids=["productOffering", "node", "nodes", "filter.ids", "filter.category", "categories"],
)
async def test_what_is_no_id_is_refused(
    gateway: MakeGateway, sandbox: SandboxControl, document: str, data: Any
) -> None:
    """Malformed ids, and well-formed ones with something inside that is none, never reach an upstream."""
    async with gateway() as client:
        for bad in BAD_IDS:
            answer = await client.query(document, id=bad)
            assert (bad, answer.data, answer.codes) == (bad, data, ["BAD_REQUEST"])
            assert "admin" not in str(answer.body)
    assert counts(sandbox) == {}


@pytest.mark.parametrize("kind", ["OfferingPrice", "Category", "ProductSpecification", "Money", "Query"])
async def test_an_id_of_another_type_is_refused(gateway: MakeGateway, sandbox: SandboxControl, kind: str) -> None:
    """Where an offering is asked for, another type's id is an error and costs nothing."""
    async with gateway() as client:
        answer = await client.query(
            "query($id: ID!) { productOffering(id: $id) { name } }", id=gid(kind, "po-mobile-m")
        )
    assert (answer.data, answer.codes) == ({"productOffering": None}, ["BAD_REQUEST"])
    assert counts(sandbox) == {}


async def test_an_unknown_offering_is_null_and_remembered(
    gateway: MakeGateway, sandbox: SandboxControl, clock: Any
) -> None:
    """An id of nothing is null without an error; the upstream is asked once, and again when that is old."""
    document = "query($id: ID!) { productOffering(id: $id) { name } }"
    async with gateway(clock=clock) as client:
        for _ in range(3):
            assert await client.data(document, id=offering_id("po-nowhere")) == {"productOffering": None}
        assert counts(sandbox) == {"offerings": 1}
        clock.advance(31)
        assert await client.data(document, id=offering_id("po-nowhere")) == {"productOffering": None}
    assert counts(sandbox) == {"offerings": 2}
