"""The README shows before it tells, and what it shows is true."""

import json
import re
from pathlib import Path

from tests.conftest import MakeGateway

README = Path(__file__).parents[1] / "README.md"


async def test_the_query_has_the_answer_that_is_shown(gateway: MakeGateway) -> None:
    """The first query of the README gives the answer below it."""
    text = README.read_text("utf-8")
    query = re.search(r"```graphql\n(.*?)```", text, re.DOTALL)
    answer = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert query is not None
    assert answer is not None
    async with gateway() as client:
        assert {"data": await client.data(query[1])} == json.loads(answer[1])


def test_every_page_it_points_to_is_there() -> None:
    """No link of the README leads nowhere."""
    links = re.findall(r"\]\((?!http)([^)#]+)", README.read_text("utf-8"))
    assert len(links) > 10
    assert [link for link in links if not (README.parent / link).exists()] == []
