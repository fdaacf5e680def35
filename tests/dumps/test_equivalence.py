"""A dump of the sandbox against the sandbox asked on demand: the same question gets the same answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock
from tests.client import Client
from tests.conftest import MakeGateway
from tests.dumps.conftest import WatchedUpstream
from tests.upstream import Document, Seed, gid, offering_id

PAGE = """query(
  $first: Int, $after: String, $filter: ProductOfferingFilter, $sort: ProductOfferingSort, $count: Boolean!
) {
  productOfferings(first: $first, after: $after, filter: $filter, sort: $sort) {
    totalCount @include(if: $count)
    nodes { id name sellable }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}"""
MONEY = "{ amount currency }"
EVERYTHING = f"""query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on ProductOffering {{
  id name description isBundle sellable segments validFor {{ start end }}
  categories {{ id name parent {{ id name children {{ id }} }} }}
  images {{ url name }}
  specification {{ id name brand }}
  prices {{ id name kind net {MONEY} gross {MONEY} every period unit promotions {{ id name gross {MONEY} }} }}
  characteristics {{ name description required configurable min max rangeFrom rangeTo unit
    values {{ value isDefault unit priceImpact {MONEY} }} }}
  bundledOfferings {{ id name min max default offering {{ id name prices {{ id }} }} }}
  relatedOfferings {{ id name }}
}} }} }}"""
CATEGORIES = [
    "cat-mobile",
    "cat-devices",
    "cat-plans-postpaid",
    "cat-fibre",
    "cat-roaming",
    "cat-business-mobile",
    "no",
]
SEARCHES = ["fibre", "GB", "mobile m", "kaiyo", "glas", "größe", "roaming welt", "s", "5g", "zzz", "tür", "büro", "-?!"]
FILTER = st.fixed_dictionaries(
    {},
    optional={
        "segment": st.sampled_from(["B2C", "B2B"]),
        "category": st.sampled_from([gid("Category", each) for each in CATEGORIES]),
        "search": st.one_of(st.sampled_from(SEARCHES), st.text(max_size=3)),
        "isBundle": st.booleans(),
        "sellable": st.booleans(),
        "ids": st.lists(
            st.sampled_from([offering_id(f"po-{n}") for n in ("esim", "buds", "no", "mobile-m")]), max_size=4
        ),
    },
)
SORT = st.sampled_from([None, None, "NAME", "NEWEST", "PRICE_ASC", "PRICE_DESC"])
HEADERS = st.fixed_dictionaries(
    {"accept-language": st.sampled_from(["en", "de", "fr"]), "x-channel": st.sampled_from(["web", "app", "shop"])}
)
Both = tuple[Client, Client]


@pytest.fixture
async def both(
    gateway: MakeGateway, on_demand_gateway: MakeGateway, upstream: WatchedUpstream, clock: FixedClock
) -> AsyncIterator[Both]:
    """A gateway over a dump and one on demand, with some of what real catalogues hold added to the sandbox."""
    for number, each in enumerate(ODD):
        upstream.create("productOffering", {"id": f"po-odd-{number}", "name": f"Odd {number}", **each})
    async with gateway(clock=clock) as dumped, on_demand_gateway(clock=clock) as on_demand:
        yield dumped, on_demand


ODD: list[Document] = [
    {"name": "Ünïcode ﬁbre 日本", "lifecycleStatus": "Launched"},
    {"lifecycleStatus": "Active", "channel": [{"id": "kiosk"}], "validFor": {"endDateTime": "not a time"}},
    {"lifecycleStatus": "Launched", "lastUpdate": "1901-01-01T00:00:00Z", "category": [{"id": "cat-gone"}]},
    {"lifecycleStatus": "Active", "marketSegment": [{"id": "martians"}], "isSellable": False},
    {
        "lifecycleStatus": "Active",
        "productOfferingPrice": [
            {"id": "pop-gone"},
            {"id": "pop-in", "name": "Inside", "priceType": "recurring", "price": {"unit": "EUR", "value": 0.015}},
        ],
        "bundledProductOffering": [{"id": "po-odd-4"}, {"id": "po-gone"}],
        "isBundle": True,
    },
]


async def walked(client: Client, first: int, headers: dict[str, str], **asked: Any) -> list[Any]:
    """Every page to the end, without its cursors, which belong to their source."""
    pages = []
    after = None
    while True:
        found = (await client.data(PAGE, headers=headers, first=first, after=after, **asked))["productOfferings"]
        after = found["pageInfo"].pop("endCursor")
        pages.append(found)
        if not found["pageInfo"]["hasNextPage"] or len(pages) > 6:
            return pages


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filter=FILTER, sort=SORT, headers=HEADERS, first=st.sampled_from([1, 3, 20, 50, 100]), count=st.booleans())
async def test_the_same_pages(both: Both, **asked: Any) -> None:
    """Any filter, order, language, channel and page length: the same offerings page by page, and the same totals."""
    dumped, on_demand = [await walked(client, **asked) for client in both]
    assert dumped == on_demand


@pytest.mark.parametrize("language", ["en", "de"])
async def test_the_same_entities(both: Both, seed: Seed, language: str) -> None:
    """Everything that can be shown of every offering, the odd ones and the drafts included."""
    ids = [offering_id(each["id"]) for each in seed.offerings] + [offering_id(f"po-odd-{n}") for n in range(len(ODD))]
    headers = {"accept-language": language}
    for start in range(0, len(ids), 10):
        dumped, on_demand = [await c.data(EVERYTHING, headers=headers, ids=ids[start : start + 10]) for c in both]
        assert dumped == on_demand
    assert dumped["nodes"][-1]["prices"][0]["gross"] is None  # the last one is there, and odd


async def test_the_same_shelves(both: Both) -> None:
    """The category tree, in the same order."""
    document = "{ categories { id name children { id name children { id name children { id } } } } }"
    for language in ("en", "de"):
        dumped, on_demand = [await c.data(document, headers={"accept-language": language}) for c in both]
        assert dumped == on_demand
        assert len(dumped["categories"]) == 5
