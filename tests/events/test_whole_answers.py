"""Whole answers between processes, over real HTTP: an event ends them everywhere, and a CDN's next look tells."""

import httpx

from sandbox.process import SandboxProcess
from tests.events.test_events import NEW_PRICE, PRICE, QUERY, eventually, patch, two
from tests.processes import PATIENCE
from tests.upstream import Upstream

__all__ = ["two"]


def look(url: str, etag: str = "") -> httpx.Response:
    """What a CDN asks when its copy has got old."""
    return ask(url, {"query": QUERY}, {"if-none-match": etag})


def ask(url: str, params: dict[str, str], headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.get(f"{url}/graphql", params=params, headers=headers, timeout=PATIENCE)


def status(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers["cache-status"]


def test_one_changed_price_ends_the_answers_of_every_process(
    two: tuple[str, str], sandbox_process: SandboxProcess
) -> None:
    """Both know the page; a 304 as long as nothing happened; then the new price, under another tag."""
    etags = [look(url).headers["etag"] for url in two]
    assert [status(look(url, etags[0])) for url in two] == [(304, "bff; hit")] * 2
    patch(sandbox_process.base_url, "productOfferingPrice", PRICE, NEW_PRICE)
    for url in two:
        eventually(lambda url=url: look(url, etags[0]).status_code == 200, "another answer")  # type: ignore[misc]
        prices = look(url).json()["data"]["productOfferings"]["nodes"][0]["prices"]
        assert "17.50" in [each["net"]["amount"] for each in prices]
    assert etags[0] == etags[1]


def test_a_change_of_something_else_ends_nothing(two: tuple[str, str], sandbox_process: SandboxProcess) -> None:
    """The first process has heard of one price, as its page shows; the page without it stands."""
    other = """{ categories { name } }"""
    params = {"query": other}
    for url in two:
        look(url)
        ask(url, params)
    patch(sandbox_process.base_url, "productOfferingPrice", PRICE, NEW_PRICE)
    for url in two:
        eventually(lambda url=url: "17.50" in look(url).text, "the new price")  # type: ignore[misc]
        assert status(ask(url, params)) == (200, "bff; hit")


def test_a_new_offering_ends_the_pages_it_may_belong_to(two: tuple[str, str], sandbox_process: SandboxProcess) -> None:
    """No page has read it yet; and the tree of categories, of which the event says nothing, stands."""
    found = {"query": '{ productOfferings(filter: {search: "zeppelin"}) { nodes { name } } }'}
    shelves = {"query": "{ categories { name } }"}
    for url in two:
        assert ask(url, found).json()["data"]["productOfferings"]["nodes"] == []
        ask(url, shelves)
    new = {"id": "po-zeppelin", "name": "Zeppelin", "lifecycleStatus": "Active", "@type": "ProductOffering"}
    Upstream(sandbox_process.base_url).create("productOffering", new)
    for url in two:
        eventually(
            lambda url=url: "Zeppelin" in ask(url, found).text,
            "the new one",
        )  # type: ignore[misc]
        assert status(ask(url, shelves)) == (200, "bff; hit")
