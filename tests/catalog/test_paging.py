"""Paging: every visible offering exactly once and in the catalogue's order, whatever the pages' length; cursors."""

import base64
import json
from typing import Any

import pytest

from kernel.errors import BadRequestError
from sandbox.control import SandboxControl
from tests.client import Answer, Client
from tests.conftest import MakeGateway
from tests.upstream import Seed, Upstream, counts, gid, offering_id

DOCUMENT = """query($first: Int, $after: String, $filter: ProductOfferingFilter, $sort: ProductOfferingSort,
    $count: Boolean = false) {
  productOfferings(first: $first, after: $after, filter: $filter, sort: $sort) {
    totalCount @include(if: $count)
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def page(client: Client, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(DOCUMENT, **variables))["productOfferings"]
    return found


async def all_pages(client: Client, first: int, **variables: Any) -> list[dict[str, Any]]:
    """Pages until there is no next one; each but the last is full and begins where the one before ended."""
    pages = [await page(client, first=first, **variables)]
    while pages[-1]["pageInfo"]["hasNextPage"]:
        assert len(pages[-1]["edges"]) == first
        assert len(pages) < 400
        pages.append(await page(client, first=first, after=pages[-1]["pageInfo"]["endCursor"], **variables))
    assert [each["pageInfo"]["hasPreviousPage"] for each in pages] == [False] + [True] * (len(pages) - 1)
    for each in pages:
        cursors = [edge["cursor"] for edge in each["edges"]]
        assert each["pageInfo"]["startCursor"] == (cursors[0] if cursors else None)
        assert each["pageInfo"]["endCursor"] == (cursors[-1] if cursors else None)
    return pages


def ids(pages: list[dict[str, Any]]) -> list[str]:
    return [edge["node"]["id"] for each in pages for edge in each["edges"]]


def global_ids(local_ids: list[str]) -> list[str]:
    return [offering_id(each) for each in local_ids]


@pytest.mark.parametrize("count", [False, True])
@pytest.mark.parametrize(("first", "upstream_page"), [(1, 500), (7, 500), (7, 11), (20, 50), (50, 100), (100, 500)])
async def test_the_whole_catalogue_page_by_page(
    gateway: MakeGateway, seed: Seed, first: int, upstream_page: int, count: bool
) -> None:
    """Each visible offering exactly once, in the sandbox's order, whatever the length of our pages and of its own."""
    async with gateway(tmf620_page_size=upstream_page) as client:
        pages = await all_pages(client, first, count=count)
    assert ids(pages) == global_ids(seed.visible_ids)
    assert len(seed.visible_ids) == 147
    if count:
        assert {each["totalCount"] for each in pages} == {147}


@pytest.mark.parametrize("count", [False, True])
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"isBundle": True}, lambda each: each["isBundle"]),
        ({"isBundle": False}, lambda each: not each["isBundle"]),
        ({"segment": "B2B"}, lambda each: "b2b" in segments(each)),
        ({"segment": "B2C", "isBundle": True}, lambda each: "b2c" in segments(each) and each["isBundle"]),
        ({"category": gid("Category", "cat-fibre")}, lambda each: "cat-fibre" in shelves(each)),
        ({"category": gid("Category", "cat-roaming")}, lambda each: any("cat-roaming" in s for s in shelves(each))),
        (
            {"category": gid("Category", "cat-bundles-phone"), "isBundle": True},
            lambda each: "cat-bundles-phone" in shelves(each),
        ),
        ({"search": "GB", "segment": "B2B"}, None),
    ],
)
async def test_filtered_listings_page_by_page(
    gateway: MakeGateway, seed: Seed, wanted: dict[str, Any], expected: Any, count: bool
) -> None:
    """With a filter too: exactly what matches, once each, in the sandbox's order; counted where it was asked for."""
    async with gateway(tmf620_page_size=20) as client:
        pages = await all_pages(client, 3, filter=wanted, count=count)
        whole = await page(client, first=100, filter=wanted, count=count)
    found = ids(pages)
    if expected is not None:
        assert found == global_ids([each["id"] for each in seed.visible if expected(each)])
    assert found[:100] == ids([whole])
    assert len(found) == len(set(found)) > 3
    if count:
        assert {each["totalCount"] for each in (*pages, whole)} == {len(found)}


def segments(offering: dict[str, Any]) -> list[str]:
    return [each["id"] for each in offering.get("marketSegment", [])] or ["b2c", "b2b"]


def shelves(offering: dict[str, Any]) -> list[str]:
    return [each["id"] for each in offering["category"]]


@pytest.mark.parametrize("sort", ["NAME", "NEWEST", "PRICE_ASC", "PRICE_DESC"])
async def test_sorted_listings_page_by_page(gateway: MakeGateway, sort: str) -> None:
    """In every order the pages together are the whole, without a double or a gap."""
    async with gateway() as client:
        pages = await all_pages(client, 20, sort=sort)
        names = ids(pages)
        first = await page(client, first=100, sort=sort)
    assert len(set(names)) == len(names) == 147
    assert ids([first]) == names[:100]


async def test_pages_read_no_further_than_they_must(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Without a count, a page of 5 asks for one more than it shows; the next, for the cursor's own item as well."""
    async with gateway() as client:
        first = await page(client, first=5)
        await page(client, first=5, after=first["pageInfo"]["endCursor"])
        await page(client, first=5, after=first["pageInfo"]["endCursor"])
    asked = [call["query"].partition("&")[2] for call in sandbox.calls()["log"]]
    assert asked == ["offset=0&limit=6", "offset=4&limit=7"]


async def test_a_page_of_none_tells_whether_there_is_any(gateway: MakeGateway) -> None:
    """`first: 0` gives no items and no cursors, and is right about what follows."""
    async with gateway() as client:
        some = await page(client, first=0)
        none = await page(client, first=0, filter={"search": "no such words"}, count=True)
        counted = await page(client, first=0, count=True)
    nothing = {"hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert some == {"edges": [], "pageInfo": {"hasNextPage": True, **nothing}}
    assert none == {"totalCount": 0, "edges": [], "pageInfo": {"hasNextPage": False, **nothing}}
    assert counted["totalCount"] == 147


async def test_without_first_a_page_has_twenty(gateway: MakeGateway) -> None:
    """Left out or null, `first` is 20."""
    async with gateway() as client:
        assert len((await client.data("{ productOfferings { nodes { id } } }"))["productOfferings"]["nodes"]) == 20
        assert len((await page(client, first=None))["edges"]) == 20


# ---------------------------------------------------------------- cursors


def cursor_of(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).rstrip(b"=").decode()


def parts_of(cursor: str) -> list[Any]:
    found: list[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    return found


BROKEN = [
    "",
    "x",
    "not a cursor",
    "ünïcode",
    "W10",
    "bnVsbA",
    "e30=",
    cursor_of(1, 2),
    cursor_of(1, "2", "po-mobile-m", False),
    cursor_of(1, 2, "po-mobile-m", False) + "=",
    "A" * 401,
    base64.urlsafe_b64encode(b"[1, 2, 3]").decode(),
]


@pytest.mark.parametrize("cursor", BROKEN)
async def test_a_broken_cursor_is_refused(gateway: MakeGateway, sandbox: SandboxControl, cursor: str) -> None:
    """What is no cursor of ours is a typed error on the field, and nothing is asked upstream."""
    async with gateway() as client:
        answer = await client.query(DOCUMENT, after=cursor)
    assert_refused(answer, sandbox)


async def test_a_cursor_of_another_question_is_refused(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """A cursor fits only the filter and order it came from."""
    async with gateway() as client:
        cursor = (await page(client, first=2))["pageInfo"]["endCursor"]
        sandbox.reset_calls()
        for other in ({"sort": "NAME"}, {"filter": {"isBundle": True}}, {"filter": {"search": "fibre"}}):
            assert_refused(await client.query(DOCUMENT, after=cursor, **other), sandbox)
        assert len((await page(client, first=2, after=cursor, filter={}))["edges"]) == 2


def assert_refused(answer: Answer, sandbox: SandboxControl) -> None:
    assert answer.status == 200
    assert answer.data == {"productOfferings": None}
    assert (answer.codes, answer.paths) == ([BadRequestError.code], [["productOfferings"]])
    assert counts(sandbox) == {}


async def test_forged_offsets_are_bounded_and_harmless(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """An offset past the end is an empty page; one that no listing can have, or a negative one, is refused."""
    async with gateway() as client:
        question, _, _, narrowed = parts_of((await page(client, first=1))["pageInfo"]["endCursor"])
        past = await page(client, first=3, after=cursor_of(question, 1_000_000, "po-mobile-m", narrowed))
        counted = await page(client, first=3, count=True, after=cursor_of(question, 1_000_000, "gone", narrowed))
        sandbox.reset_calls()
        for offset in (-1, 2**31, 10**30):
            assert_refused(await client.query(DOCUMENT, after=cursor_of(question, offset, "x", narrowed)), sandbox)
    assert (past["edges"], past["pageInfo"]["hasNextPage"]) == ([], False)
    assert (counted["edges"], counted["totalCount"], counted["pageInfo"]["hasNextPage"]) == ([], 147, False)


@pytest.mark.parametrize("count", [False, True])
async def test_a_deleted_item_under_the_cursor_loses_nothing(
    gateway: MakeGateway, seed: Seed, upstream: Upstream, count: bool
) -> None:
    """When the last item shown is gone, the next page begins with the one that followed it."""
    async with gateway(cache_fresh=0, cache_stale_while_revalidate=0) as client:
        first = await page(client, first=5, count=count)
        upstream.delete("productOffering", seed.visible_ids[4])
        second = await page(client, first=5, count=count, after=first["pageInfo"]["endCursor"])
    assert ids([first, second]) == global_ids(seed.visible_ids[:10])


async def test_an_item_that_appears_before_the_cursor_is_no_reason_to_show_one_twice(
    gateway: MakeGateway, seed: Seed, upstream: Upstream
) -> None:
    """A counted listing finds the cursor's item again wherever it stands now."""
    async with gateway(cache_fresh=0, cache_stale_while_revalidate=0) as client:
        first = await page(client, first=5, count=True)
        upstream.delete("productOffering", seed.visible_ids[0])
        second = await page(client, first=5, count=True, after=first["pageInfo"]["endCursor"])
    assert ids([second]) == global_ids(seed.visible_ids[5:10])


async def test_cursors_survive_a_restart(gateway: MakeGateway, seed: Seed) -> None:
    """A cursor of one process goes on in another, and in the other language."""
    async with gateway() as one:
        cursor = (await page(one, first=4))["pageInfo"]["endCursor"]
    async with gateway() as other:
        second = await other.data(DOCUMENT, first=4, after=cursor, headers={"accept-language": "de"})
    assert ids([second["productOfferings"]]) == global_ids(seed.visible_ids[4:8])
