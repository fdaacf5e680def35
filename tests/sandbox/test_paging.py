"""Offset, limit, totals and order."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import Refusal
from sandbox.paging import Page, ordered, parse_page, parse_sort, ranks
from tests.sandbox.conftest import BASE


def names(documents: list[dict[str, Any]]) -> list[str]:
    return [document["name"] for document in documents]


def sorted_by(text: str, documents: list[dict[str, Any]], language: str = "en") -> list[int]:
    keys = parse_sort(text)
    return ordered([(number, ranks(document, keys, language)) for number, document in enumerate(documents)], keys)


def test_limits() -> None:
    assert parse_page({}) == Page(0, 100)
    assert parse_page({"offset": "7", "limit": "3"}) == Page(7, 3)
    assert parse_page({"limit": "1001"}) == Page(0, 1000)
    assert parse_page({"limit": "0", "offset": "9" * 50}) == Page(2**62, 0)


@pytest.mark.parametrize(
    "query", [{"limit": "-1"}, {"offset": "-1"}, {"limit": "ten"}, {"offset": "1.5"}, {"limit": ""}, {"limit": "٣"}]
)
def test_what_is_no_count_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        parse_page(query)
    assert refused.value.status == 400


def test_sorting() -> None:
    documents = [{"n": 10, "t": "b"}, {"n": 9, "t": "Ä"}, {"t": "a"}, {"n": 10, "t": "A"}]
    assert sorted_by("n", documents) == [1, 0, 3, 2]
    assert sorted_by("-n", documents) == [0, 3, 1, 2]
    assert sorted_by("-n,t", documents) == [3, 0, 1, 2]
    assert sorted_by("t", documents) == [1, 2, 3, 0]
    assert sorted_by(" t", documents) == [1, 2, 3, 0]
    assert sorted_by("", documents) == [0, 1, 2, 3]


@given(st.lists(st.integers(-5, 5)))
def test_sorting_is_stable(numbers: list[int]) -> None:
    documents = [{"n": number} for number in numbers]
    assert sorted_by("n", documents) == sorted(range(len(numbers)), key=lambda at: numbers[at])
    assert sorted_by("-n", documents) == sorted(range(len(numbers)), key=lambda at: -numbers[at])


async def test_pages_put_together_are_the_collection(client: httpx.AsyncClient) -> None:
    whole = await client.get(f"{BASE}/category", params={"limit": 1000})
    total = len(whole.json())
    assert whole.status_code == 200
    assert whole.headers["x-total-count"] == whole.headers["x-result-count"] == str(total)
    collected = []
    for offset in range(0, total + 7, 7):
        page = await client.get(f"{BASE}/category", params={"offset": offset, "limit": 7})
        assert page.status_code == 206
        assert page.headers["x-total-count"] == str(total)
        assert page.headers["x-result-count"] == str(len(page.json()))
        collected += page.json()
    assert collected == whole.json()


async def test_the_total_counts_what_the_filter_leaves(client: httpx.AsyncClient) -> None:
    page = await client.get(f"{BASE}/category", params={"parentId": "cat-phones", "limit": 2})
    assert (page.status_code, page.headers["x-total-count"], len(page.json())) == (206, "3", 2)
    scanned = await client.get(
        f"{BASE}/category", params={"description.regex": "phone", "parentId": "cat-phones", "limit": 2}
    )
    assert (scanned.status_code, scanned.headers["x-total-count"]) == (200, "1")


async def test_a_page_past_the_end_is_empty(client: httpx.AsyncClient) -> None:
    page = await client.get(f"{BASE}/category", params={"offset": 10_000})
    assert (page.status_code, page.json()) == (206, [])


async def test_a_sort_follows_the_language(client: httpx.AsyncClient) -> None:
    params = {"parentId": "cat-mobile", "sort": "name"}
    english = await client.get(f"{BASE}/category", params=params)
    german = await client.get(f"{BASE}/category", params=params, headers={"accept-language": "de"})
    assert names(english.json()) == ["Add-ons", "Mobile plans", "Roaming", "SIM & eSIM"]
    assert names(german.json()) == ["Handytarife", "Roaming", "SIM & eSIM", "Zusatzoptionen"]


async def test_sorted_pages_follow_each_other(client: httpx.AsyncClient) -> None:
    params = {"sort": "-price.value,id", "limit": 20, "fields": "price.value"}
    first = (await client.get(f"{BASE}/productOfferingPrice", params=params)).json()
    second = (await client.get(f"{BASE}/productOfferingPrice", params={**params, "offset": 20})).json()
    values = [price["price"]["value"] for price in first + second]
    assert values == sorted(values, reverse=True)
    assert len({price["id"] for price in first + second}) == 40
