"""Servers as they really are: every habit the sandbox can show, and the catalogue all the same.

Under each habit every question has the answer it has without, or a typed error where it cannot be known; never other
data. The questions are asked of a gateway that has read nothing yet, and of one that has.
"""

from typing import Any

import pytest

from sandbox.control import SandboxControl
from sandbox.habits.table import HABITS
from tests.client import Answer, Client
from tests.conftest import MakeGateway
from tests.v5.test_v5 import EVERYTHING

TYPED = {"UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_INVALID"}
LIST = """query ($first: Int, $after: String, $filter: ProductOfferingFilter, $sort: ProductOfferingSort) {
  productOfferings(first: $first, after: $after, filter: $filter, sort: $sort) {
    pageInfo { hasNextPage endCursor } nodes { id name sellable prices { net { amount } } specification { brand } }
  }
}"""
LEAVES_OUT = "odd-elements"
"""One element of each page is unusable under this one, and is left out: the others must be there, and be right."""
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    (LIST, {"first": 20}),
    (LIST, {"first": 100, "filter": {"sellable": True}}),
    (LIST, {"first": 100, "filter": {"segment": "B2B"}}),
    (LIST, {"first": 50, "filter": {"isBundle": True}}),
    (LIST, {"first": 20, "filter": {"search": "family"}}),
    (LIST, {"first": 20, "sort": "PRICE_ASC"}),
    (LIST, {"first": 20, "sort": "NAME"}),
    (EVERYTHING, {"first": 20}),
    ("{ categories { name children { name children { name } } } }", {}),
]


async def every_page(client: Client, first: int) -> list[str]:
    """The ids of all offerings, page by page."""
    found: list[str] = []
    after = None
    while True:
        answer = await client.query(LIST, first=first, after=after)
        page = answer.data["productOfferings"]
        if page is None:
            assert set(answer.codes) <= TYPED
            return found
        found += [node["id"] for node in page["nodes"]]
        assert len(found) == len(set(found)), "an offering was listed twice"
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def assert_true(answer: Answer, truth: Any) -> None:
    """What is there is as it should be; what is not is null and has a typed error."""
    codes = set(answer.codes)
    assert codes <= TYPED, answer.body["errors"]
    if not codes:
        assert without_cursors(answer.data) == without_cursors(truth)
    else:
        assert_part(without_cursors(answer.data), without_cursors(truth))


def without_cursors(data: Any) -> Any:
    """Where a server's listing differs, so do the places in it that cursors tell."""
    if isinstance(data, dict):
        return {key: without_cursors(value) for key, value in data.items() if key != "endCursor"}
    return [without_cursors(each) for each in data] if isinstance(data, list) else data


def assert_part(found: Any, truth: Any) -> None:
    if found is None:
        return
    if isinstance(truth, dict):
        for key, value in truth.items():
            assert_part(found[key], value)
    elif isinstance(truth, list):
        assert len(found) == len(truth)
        for one, other in zip(found, truth, strict=True):
            assert_part(one, other)
    else:
        assert found == truth


@pytest.fixture(scope="session")
def truths() -> dict[str, Any]:
    """What was answered without any habit, kept for all habits."""
    return {}


@pytest.fixture
async def truth(gateway: MakeGateway, sandbox: SandboxControl, truths: dict[str, Any]) -> dict[str, Any]:
    if not truths:
        async with gateway() as client:
            truths["answers"] = [await client.data(document, **variables) for document, variables in QUESTIONS]
            truths["ids"] = await every_page(client, 20)
    return truths


@pytest.mark.parametrize("name", sorted(set(HABITS) - {LEAVES_OUT}))
async def test_right_answers_or_typed_errors(
    name: str, gateway: MakeGateway, sandbox: SandboxControl, truth: dict[str, Any]
) -> None:
    """A server with this habit, asked with the page size a careful operator sets."""
    sandbox.habit(name)
    async with gateway(tmf620_page_size=100, limit_fields=2_000) as client:
        for (document, variables), wanted in zip(QUESTIONS, truth["answers"], strict=True):
            assert_true(await client.query(document, **variables), wanted)
        for first in (20, 100):
            found = await every_page(client, first)
            assert found == truth["ids"][: len(found)]


async def test_only_what_cannot_be_read_is_left_out(
    gateway: MakeGateway, sandbox: SandboxControl, truth: dict[str, Any]
) -> None:
    """An element that is no offering costs itself: everything else is listed, in its order, and is as it was."""
    sandbox.habit(LEAVES_OUT)
    async with gateway() as client:
        found = await every_page(client, 20)
        answer = await client.query(LIST, first=20)
    assert answer.codes == []
    known = {node["id"]: node for node in truth["answers"][0]["productOfferings"]["nodes"]}
    shown = {node["id"]: node for node in answer.data["productOfferings"]["nodes"]}
    assert {key: known[key]["name"] for key in known.keys() & shown.keys()} == {
        key: shown[key]["name"] for key in known.keys() & shown.keys()
    }
    assert found == [each for each in truth["ids"] if each in set(found)]
    assert len(truth["ids"]) - 2 * len(truth["ids"]) // 20 <= len(found) < len(truth["ids"])


async def test_a_habit_shown_while_running(
    gateway: MakeGateway, sandbox: SandboxControl, truth: dict[str, Any]
) -> None:
    """Habits come and go under a gateway that serves, and no answer is another for it."""
    async with gateway(cache_fresh=0, cache_stale_while_revalidate=0) as client:
        for name in sorted(set(HABITS) - {LEAVES_OUT}):
            sandbox.habit(name)
            answer = await client.query(QUESTIONS[0][0], **QUESTIONS[0][1])
            assert_true(answer, truth["answers"][0])
            sandbox.clear_habits()
