"""Which offerings a listing holds and in what order: filters, search, sorting, limits."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.client import Client
from tests.conftest import MakeGateway
from tests.upstream import Seed, Upstream, counts, gid, offering_id

LIST = """query($filter: ProductOfferingFilter, $sort: ProductOfferingSort, $first: Int = 100) {
  productOfferings(first: $first, filter: $filter, sort: $sort) { totalCount nodes { id name } }
}"""
FUTURE_OR_PAST = {
    "po-mobile-6g",
    "po-mobile-orbit",
    "po-tv-holo",
    "po-mobile-summer-2024",
    "po-tv-euro-2024",
    "po-mobile-jubilee",
}
RETIRED = {"po-classic-s", "po-classic-m", "po-classic-l", "po-talk-99", "po-tv-analog"}
NEVER_ALONE = {"po-lumaro-box-rental"}
SHOP_ONLY = {"po-senior", "po-tourist", "po-orra-senior", "po-sim-replacement"}


async def listed(client: Client, *, headers: dict[str, str] | None = None, **variables: Any) -> list[str]:
    found = (await client.data(LIST, headers=headers, **variables))["productOfferings"]
    assert found["totalCount"] >= len(found["nodes"])
    return [node["id"] for node in found["nodes"]]


def shown(seed: Seed, wanted: Callable[[dict[str, Any]], bool]) -> list[str]:
    return [offering_id(each["id"]) for each in seed.visible if wanted(each)][:100]


def segments(offering: dict[str, Any]) -> set[str]:
    return {each["id"] for each in offering.get("marketSegment", [])} or {"b2b", "b2c"}


def channels(offering: dict[str, Any]) -> set[str]:
    return {each["id"] for each in offering.get("channel", [])} or {"web", "app", "shop", "callcenter"}


@pytest.mark.parametrize("segment", ["B2B", "B2C"])
async def test_segment(gateway: MakeGateway, seed: Seed, segment: str) -> None:
    """One segment's offerings, with those for everyone; those that name no segment are for everyone."""
    async with gateway() as client:
        found = await listed(client, filter={"segment": segment})
    assert found == shown(seed, lambda each: segment.lower() in segments(each))
    assert offering_id("po-esim") in found
    assert (offering_id("po-business-mobile-s") in found) is (segment == "B2B")


async def test_a_guest_sees_both_segments(gateway: MakeGateway, seed: Seed) -> None:
    """No filter is all that the caller may see: 147 of 153, the drafts left out."""
    async with gateway() as client:
        found = (await client.data(LIST))["productOfferings"]
    assert found["totalCount"] == 147 == len(seed.visible)
    assert [node["id"] for node in found["nodes"]] == shown(seed, lambda _: True)


@pytest.mark.parametrize("bundle", [True, False])
async def test_bundles_or_not(gateway: MakeGateway, seed: Seed, bundle: bool) -> None:
    """Only bundles, or only what is none."""
    async with gateway() as client:
        assert await listed(client, filter={"isBundle": bundle}) == shown(seed, lambda each: each["isBundle"] is bundle)


@pytest.mark.parametrize("channel", ["web", "app", "shop", "callcenter"])
async def test_sellable_is_status_validity_flag_and_channel_together(
    gateway: MakeGateway, seed: Seed, clock: Any, channel: str
) -> None:
    """Sellable: an active status, valid now, not sold only as a part, and sold in the caller's channel."""
    not_sold = FUTURE_OR_PAST | RETIRED | NEVER_ALONE
    document = "{ productOfferings(first: 100, filter: {sellable: %s}) { totalCount nodes { id sellable } } }"
    async with gateway(clock=clock) as client:
        yes = (await client.data(document % "true", headers={"x-channel": channel}))["productOfferings"]
        no = (await client.data(document % "false", headers={"x-channel": channel}))["productOfferings"]
    expected = [each["id"] for each in seed.visible if each["id"] not in not_sold and channel in channels(each)]
    assert [node["id"] for node in yes["nodes"]] == [offering_id(each) for each in expected][:100]
    assert (yes["totalCount"], no["totalCount"]) == (len(expected), 147 - len(expected))
    assert {node["sellable"] for node in yes["nodes"]} == {True}
    assert {node["sellable"] for node in no["nodes"]} == {False}
    assert {offering_id(each) for each in not_sold} <= {node["id"] for node in no["nodes"]}


async def test_channels_in_figures(gateway: MakeGateway, clock: Any) -> None:
    """How many can be bought in each channel; a channel that nobody knows is the first one."""
    document = "{ productOfferings(first: 0, filter: {sellable: true}) { totalCount } }"
    async with gateway(clock=clock) as client:
        sold = {
            name: (await client.data(document, headers={"x-channel": name}))["productOfferings"]["totalCount"]
            for name in ("web", "app", "shop", "callcenter", "kiosk", "WEB")
        }
    assert sold == {"web": 131, "app": 116, "shop": 110, "callcenter": 124, "kiosk": 131, "WEB": 131}


async def test_what_begins_and_ends_while_the_clock_moves(gateway: MakeGateway, clock: Any) -> None:
    """The same cached offerings become sellable and cease to be as time goes by, without being read again."""
    document = "query($id: ID!) { productOffering(id: $id) { sellable validFor { start end } } }"
    async with gateway(clock=clock, cache_fresh=1e10) as client:
        clock.at = 1_735_689_600.0 - 0.5  # half a second before 2025
        before = (await client.data(document, id=offering_id("po-mobile-m")))["productOffering"]
        clock.at += 0.5
        after = (await client.data(document, id=offering_id("po-mobile-m")))["productOffering"]
        ended = (await client.data(document, id=offering_id("po-mobile-jubilee")))["productOffering"]
    assert before == {"sellable": False, "validFor": {"start": "2025-01-01T00:00:00Z", "end": None}}
    assert after["sellable"] is True
    assert ended == {"sellable": False, "validFor": {"start": "2022-03-01T00:00:00Z", "end": "2024-12-31T23:59:59Z"}}


async def test_category_with_all_below_it(gateway: MakeGateway, seed: Seed) -> None:
    """A category means itself and everything below it, however deep."""
    below = {
        "cat-mobile": "cat-plans cat-plans-postpaid cat-plans-flex cat-plans-prepaid cat-plans-young cat-plans-data "
        "cat-addons cat-addons-data cat-addons-international cat-addons-services cat-roaming cat-roaming-europe "
        "cat-roaming-world cat-sim",
        "cat-plans-postpaid": "cat-plans-flex",
        "cat-fibre": "",
        "cat-business-mobile": "cat-business-plans cat-business-plans-pooled cat-business-iot",
    }
    async with gateway() as client:
        for category, others in below.items():
            shelves = {category, *others.split()}
            found = await listed(client, filter={"category": gid("Category", category)})
            assert found == shown(seed, lambda each, on=shelves: any(ref["id"] in on for ref in each["category"]))
            assert found


async def test_an_unknown_category_holds_nothing(gateway: MakeGateway) -> None:
    """A well-formed id of no category is an empty page, not an error."""
    async with gateway() as client:
        assert await listed(client, filter={"category": gid("Category", "cat-nowhere")}) == []


async def test_filters_hold_together(gateway: MakeGateway, seed: Seed, clock: Any) -> None:
    """Everything given must hold."""
    async with gateway(clock=clock) as client:
        found = await listed(
            client,
            filter={
                "segment": "B2C",
                "category": gid("Category", "cat-devices"),
                "search": "kaiyo",
                "isBundle": False,
                "sellable": True,
            },
        )
        nulls = await listed(
            client, filter=dict.fromkeys(["segment", "category", "search", "isBundle", "sellable", "ids"])
        )
    assert found == [
        offering_id(f"po-{each}")
        for each in [
            "kaiyo-k1",
            "kaiyo-watch",
            "kaiyo-pad",
            "kaiyo-k1-pro",
            "kaiyo-k1-mini",
            "kaiyo-j7-used",
            "kaiyo-pad-pro",
            "case-k1",
            "glass-k1",
            "buds",
        ]
    ]
    assert nulls == shown(seed, lambda _: True)


async def test_by_ids(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """In the order asked for, each once; the unknown and the drafts are left out; one call for all of them."""
    wanted = ["po-esim", "po-mobile-m", "po-nowhere", "po-mobile-2026", "po-esim", "po-buds"]
    async with gateway() as client:
        found = await listed(client, filter={"ids": [offering_id(each) for each in wanted]})
        assert found == [offering_id(each) for each in ("po-esim", "po-mobile-m", "po-buds")]
        assert await listed(client, filter={"ids": []}) == []
        assert await listed(
            client, filter={"ids": [offering_id("po-esim"), offering_id("po-family-duo")], "isBundle": True}
        ) == [offering_id("po-family-duo")]


async def test_by_ids_in_another_order(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Named offerings can be searched, sorted and paged like any; only their own prices are read."""
    ids = [offering_id(f"po-{each}") for each in ("buds", "headset-pro", "speaker", "esim", "mobile-m")]
    async with gateway() as client:
        assert await listed(client, filter={"ids": ids}, sort="PRICE_ASC") == [ids[each] for each in (4, 3, 2, 1, 0)]
        assert counts(sandbox) == {"offerings": 1, "prices": 1}
        assert await listed(client, filter={"ids": ids, "search": "esim"}) == [ids[3]]
        document = """query($ids: [ID!], $first: Int, $after: String) {
          productOfferings(first: $first, after: $after, filter: {ids: $ids}, sort: NAME) {
            totalCount nodes { name } pageInfo { endCursor }
        } }"""
        page = await client.data(document, ids=ids, first=2)
        rest = await client.data(document, ids=ids, first=9, after=page["productOfferings"]["pageInfo"]["endCursor"])
    assert rest["productOfferings"]["totalCount"] == 5
    assert [node["name"] for node in rest["productOfferings"]["nodes"]] == [
        "Mobile M",
        "Orra Headset Pro",
        "Veldt Boom",
    ]


# ---------------------------------------------------------------- search


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("visitor", "en", ["po-tourist"]),
        ("VISITOR sim", "en", ["po-tourist"]),
        ("türkiye flat", "en", ["po-abroad-turkey"]),
        ("turkiye flat", "en", ["po-abroad-turkey"]),
        ("welt 100", "de", ["po-abroad-world"]),
        ("world 100", "de", []),
        ("kopfhorer", "de", []),
        ("generaluberholt", "de", ["po-kaiyo-j7-used", "po-veldt-s8-used"]),
        ("cloud gaming", "en", []),
        ("  ", "en", None),
        ("-?!", "en", None),
        ("%_*", "en", None),
        ("zzz", "en", []),
    ],
)
async def test_search(gateway: MakeGateway, seed: Seed, text: str, language: str, expected: list[str] | None) -> None:
    """Every word must begin a word of name, description or category, in the caller's language; drafts are not found."""
    async with gateway() as client:
        found = await listed(client, filter={"search": text}, headers={"accept-language": language})
    assert found == (shown(seed, lambda _: True) if expected is None else [offering_id(each) for each in expected])


async def test_search_puts_hits_in_the_name_first(gateway: MakeGateway) -> None:
    """Those with every word in the name come before those with one elsewhere, each in the catalogue's order."""
    async with gateway() as client:
        found = await listed(client, filter={"search": "fibre"})
        names = (await client.data(LIST, filter={"search": "fibre"}))["productOfferings"]["nodes"]
    assert found == [node["id"] for node in names]
    assert [node["name"] for node in names] == [
        *("Fibre 250", "Fibre 1000", "Fibre 100", "Fibre 500", "Fibre 2000", "Fibre & TV"),
        *("Business Fibre 500", "Business Fibre 1000"),
        *("Home & Mobile M", "Lumaro Box", "DSL 50", "DSL 100", "DSL 250", "Home & Mobile S", "Home & Mobile Max"),
    ]


async def test_search_with_another_order(gateway: MakeGateway) -> None:
    """A search can be sorted otherwise."""
    async with gateway() as client:
        by_price = await listed(client, filter={"search": "kaiyo watch"}, sort="PRICE_ASC")
        by_name = await listed(client, filter={"search": "roaming", "segment": "B2B"}, sort="NAME")
        names = (await client.data(LIST, filter={"search": "roaming", "segment": "B2B"}, sort="NAME"))[
            "productOfferings"
        ]
    assert by_price[0] == offering_id("po-kaiyo-watch")
    assert len(by_name) == 8
    assert [node["name"] for node in names["nodes"]] == sorted(node["name"] for node in names["nodes"])


# ---------------------------------------------------------------- orders


async def test_by_name(gateway: MakeGateway) -> None:
    """By words without case and accents, in the caller's language."""
    async with gateway() as client:
        english = (await client.data(LIST, sort="NAME"))["productOfferings"]["nodes"]
        german = (await client.data(LIST, sort="NAME", headers={"accept-language": "de"}))["productOfferings"]["nodes"]
    assert [node["name"] for node in english][:5] == [
        "5G at home L",
        "5G at home M",
        "Address block",
        "Analogue channels",
        "At sea",
    ]
    assert [node["name"] for node in german][:2] == ["5G für zu Hause L", "5G für zu Hause M"]
    names = [node["name"] for node in german]
    assert names.index("Büro komplett") == names.index("Business Glasfaser 1000") - 1
    assert names.index("Gründerbüro") == names.index("Holo-TV") - 1


async def test_newest_first(gateway: MakeGateway, upstream: Upstream) -> None:
    """By the beginning of validity; what is to come stands first."""
    upstream.patch("productOffering", "po-buds", {"validFor": {"startDateTime": "2026-06-01T00:00:00Z"}})
    async with gateway() as client:
        found = await listed(client, sort="NEWEST")
        whole = await listed(client, sort="NEWEST", filter={"category": gid("Category", "cat-tv-options")})
    assert found[:4] == [offering_id(f"po-{each}") for each in ("mobile-6g", "mobile-orbit", "tv-holo", "buds")]
    assert found[4] == offering_id("po-mobile-m")
    assert whole[0] == offering_id("po-tv-holo")
    assert whole[-1] == offering_id("po-tv-euro-2024")


async def test_by_price(gateway: MakeGateway, clock: Any) -> None:
    """By the lowest price a month with tax, then by what is paid once; dearest first turns each of the two round."""
    async with gateway(clock=clock) as client:
        devices = {"category": gid("Category", "cat-accessories-audio")}
        assert await listed(client, sort="PRICE_ASC", filter=devices) == [
            offering_id(f"po-{each}") for each in ("speaker", "headset-pro", "buds")
        ]
        data = {"category": gid("Category", "cat-addons-data")}
        ascending = await listed(client, sort="PRICE_ASC", filter=data)
        descending = await listed(client, sort="PRICE_DESC", filter=data)
    # 4.99, 5.99, 7.99 and 14.99 a month, 4.99 a day (149.70 a month), then 2.99 once
    monthly = [offering_id(f"po-data-{each}") for each in ("5", "night", "10", "50", "day")]
    assert ascending == [*monthly, offering_id("po-data-1")]
    assert descending == [*reversed(monthly), offering_id("po-data-1")]


async def test_what_has_no_price_comes_last(gateway: MakeGateway, seed: Seed) -> None:
    """Usage prices alone do not compare: such offerings come last, either way."""
    async with gateway() as client:
        for sort in ("PRICE_ASC", "PRICE_DESC"):
            found = await listed(client, sort=sort, filter={"category": gid("Category", "cat-roaming-world")})
            assert found[-1] == offering_id("po-roaming-ship")
            assert len(found) == 5


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: 101", "LIMIT_EXCEEDED"),
        ("first: 2147483647", "LIMIT_EXCEEDED"),
        ("first: -1", "BAD_REQUEST"),
        (f'filter: {{search: "{"x" * 101}"}}', "LIMIT_EXCEEDED"),
        (f"filter: {{ids: [{','.join(['1'] * 101)}]}}", "LIMIT_EXCEEDED"),
        ('filter: {ids: ["x"]}', "BAD_REQUEST"),
        ('filter: {category: "x"}', "BAD_REQUEST"),
        (f'filter: {{category: "{gid("ProductOffering", "po-esim")}"}}', "BAD_REQUEST"),
        (f'filter: {{ids: ["{gid("Category", "cat-sim")}"]}}', "BAD_REQUEST"),
        (f'filter: {{ids: ["{gid("ProductOffering", "../../admin")}"]}}', "BAD_REQUEST"),
        (f'filter: {{category: "{gid("Category", "../productOffering")}"}}', "BAD_REQUEST"),
    ],
)
async def test_too_much_and_nonsense_are_refused(
    gateway: MakeGateway, sandbox: SandboxControl, arguments: str, code: str
) -> None:
    """A typed error on the field, and nothing asked upstream."""
    async with gateway() as client:
        answer = await client.query(f"{{ productOfferings({arguments}) {{ totalCount nodes {{ id }} }} }}")
    assert answer.data == {"productOfferings": None}
    assert (answer.codes, answer.paths) == ([code], [["productOfferings"]])
    assert counts(sandbox) == {}


async def test_a_catalogue_too_large_to_count(gateway: MakeGateway, seed: Seed) -> None:
    """Past the bound there is no count and no search, but still a page."""
    async with gateway(catalog_max_scan=50, tmf620_page_size=20) as client:
        counted = await client.data(LIST, first=30)
        searched = await client.query(LIST, filter={"search": "fibre"})
        sorted_by_name = await client.query(LIST, sort="NAME")
    assert counted["productOfferings"]["totalCount"] is None
    assert [node["id"] for node in counted["productOfferings"]["nodes"]] == shown(seed, lambda _: True)[:30]
    assert searched.codes == sorted_by_name.codes == ["LIMIT_EXCEEDED"]
    assert searched.data == {"productOfferings": None}
