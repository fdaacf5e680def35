"""Compiled operations behind the endpoint: the same bytes as graphql-core's, errors formatted and masked alike."""

from functools import partial

import pytest

from kernel.ids import GlobalId
from sandbox.control import SandboxControl
from tests.conftest import MakeGateway

PAGE = """query($first: Int!, $more: Boolean!) { productOfferings(first: $first) { totalCount nodes {
  __typename id name lifecycleStatus sellable segments
  categories { id name parent { name } } specification { name brand }
  prices { kind net { amount currency } gross { amount } every period
    promotions { name percentage } }
  characteristics @include(if: $more) { name required values { value isDefault priceImpact { amount } } }
  bundledOfferings @include(if: $more) { name min max default offering { name prices { kind } } }
} } }"""
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on ProductOffering { name } ... on Category { id } } }"


@pytest.fixture
def gateway(gateway: MakeGateway) -> MakeGateway:
    """Without whole answers: each question is asked of what is beneath them."""
    return partial(gateway, answers_memory_mb=0)


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_page_is_the_same_every_time(gateway: MakeGateway, compiled: bool) -> None:
    """The first time interpreted, then compiled, or never: one body."""
    async with gateway(compile=compiled, compiled_after=2) as client:
        answers = [(await client.query(PAGE, first=20, more=more)).body for more in (True, False) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[3] == answers[4] == answers[5] != answers[0]
    assert len(answers[0]["data"]["productOfferings"]["nodes"]) == 20
    assert "errors" not in answers[0]


async def test_errors_are_the_same_every_time(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """An upstream that fails: code, message and path; only the error's id is new each time."""
    sandbox.fault("status", api="TMF620", resource="productOfferingPrice", status=503)
    async with gateway(tmf620_attempts=1, tmf620_breaker_threshold=10_000, compiled_after=2) as client:
        answers = [(await client.query(PAGE, first=3, more=True)).body for _ in range(3)]
    for answer in answers:
        assert len(answer["errors"]) > 3
        for error in answer["errors"]:
            assert error["extensions"].pop("errorId")
    assert answers[0]["data"] == answers[1]["data"] == answers[2]["data"]
    first = sorted(answers[0]["errors"], key=str)
    assert first == sorted(answers[1]["errors"], key=str) == sorted(answers[2]["errors"], key=str)


async def test_variables_that_do_not_fit_are_refused_every_time(gateway: MakeGateway) -> None:
    """Before anything is loaded, with one error."""
    async with gateway(compiled_after=2) as client:
        answers = [await client.query(NODES, ids=None) for _ in range(3)]
        assert [(answer.status, answer.codes) for answer in answers] == [(400, ["BAD_REQUEST"])] * 3
        assert answers[0].body == answers[1].body == answers[2].body


async def test_objects_of_different_types_in_one_list(gateway: MakeGateway) -> None:
    """A union of types, one that is not there, one that cannot be."""
    ids = [str(GlobalId("ProductOffering", "po-mobile-m")), str(GlobalId("Category", "nope"))]
    ids.append(str(GlobalId("Category", "cat-plans")))
    async with gateway(compiled_after=2) as client:
        answers = [(await client.query(NODES, ids=ids)).body for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["data"]["nodes"][0] == {"__typename": "ProductOffering", "name": "Mobile M"}
    assert answers[0]["data"]["nodes"][1] is None
