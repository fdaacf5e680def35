"""The queries about the catalogue that GraphiQL opens with; those about a cart are tried in tests/browser."""

import pytest

from bff.graphiql import Example, examples
from tests.conftest import MakeGateway

CATALOGUE = examples()[:3]


@pytest.mark.parametrize("example", CATALOGUE, ids=lambda each: each.name)
async def test_every_example_runs(gateway: MakeGateway, example: Example) -> None:
    """Each example gives data without an error, and a non-empty list of it, in the language its tab asks for."""
    async with gateway() as client:
        answer = await client.query(example.query, headers=example.headers, **example.variables)
    assert "errors" not in answer.body
    (shown,) = answer.data.values()
    assert len(shown if isinstance(shown, list) else shown["nodes"]) > 3
    assert answer.headers["content-language"] == example.headers["Accept-Language"]
