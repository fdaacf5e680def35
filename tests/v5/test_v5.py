"""TMF620 v5 by changing two settings: the same questions, the same answers."""

import pytest

from bff.graphiql import examples
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.conftest import MakeGateway

V5 = "/productCatalogManagement/v5"
EVERYTHING = """query Everything($first: Int!, $after: String) {
  productOfferings(first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      id name description lifecycleStatus isBundle sellable segments validFor { start end }
      categories { id name parent { name } } images { url name mimeType }
      specification { id name brand productNumber description }
      characteristics { name description required configurable min max rangeFrom rangeTo unit
        values { value isDefault unit priceImpact { amount currency } } }
      prices { id name kind net { amount currency } gross { amount currency } every period unit
        appliesTo { name value } promotions { name percentage net { amount } } validFor { start end } }
      bundledOfferings { name min max default offering { name bundledOfferings { offering { name } } } }
      relatedOfferings { name }
    }
  }
}"""


@pytest.mark.parametrize("language", ["en", "de"])
async def test_everything_is_the_same(gateway: MakeGateway, sandbox_process: SandboxProcess, language: str) -> None:
    """Every offering with everything below it is told from v5 as from v4, in both languages."""
    headers = {"accept-language": language}
    answers = []
    for settings in ({}, {"tmf620_version": "v5", "tmf620_url": sandbox_process.base_url + V5}):
        async with gateway(limit_fields=2_000, **settings) as client:
            pages, after = [], None
            while True:
                page = (await client.data(EVERYTHING, headers=headers, first=50, after=after))["productOfferings"]
                pages.append(page)
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    break
            answers.append(pages)
    v4, v5 = answers
    assert len(v4) == 3
    assert v5 == v4


async def test_the_tree_of_categories(gateway: MakeGateway, sandbox_process: SandboxProcess) -> None:
    """Categories hang together by v5's reference to the parent, which is asked for by v5's name."""
    async with gateway(tmf620_version="v5", tmf620_url=sandbox_process.base_url + V5) as client:
        tree = next(example for example in examples() if "tree" in example.name)
        v5 = await client.data(tree.query, **tree.variables)
    async with gateway() as client:
        v4 = await client.data(tree.query, **tree.variables)
    assert v5 == v4
    assert len(v4["categories"]) == 5


async def test_only_names_of_v5_are_asked_for(
    gateway: MakeGateway, sandbox_process: SandboxProcess, sandbox: SandboxControl
) -> None:
    """`fields=` speaks the server's version."""
    async with gateway(tmf620_version="v5", tmf620_url=sandbox_process.base_url + V5) as client:
        await client.data("{ categories { name } }")
    (call,) = sandbox.calls()["log"]
    assert call["query"].startswith("fields=id,lifecycleStatus,name,parent,subCategory&")
