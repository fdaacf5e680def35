"""An error text never repeats what a variable held, however long, nested or oddly written it is."""

from typing import Any

import pytest

from bff.edge.discretion import discreet
from tests.conftest import MakeGateway

SIGN_IN = "mutation($input: SignInInput!) { signIn(input: $input) { errors { code } } }"


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("got 'hunter22'", {"input": {"password": "hunter22"}}, "got '…'"),
        ("got 4711 and 47110815", {"input": {"codes": [4711, "47110815"]}}, "got … and …"),
        ("got '" + "x" * 100 + "...', and more", {"a": "x" * 5_000}, "got '…"),
        ("Expected a Boolean, found: true", {"a": True, "b": None}, "Expected a Boolean, found: true"),
        ("of type B2B", {"a": "B2B"}, "of type B2B"),
        ("nothing given", None, "nothing given"),
    ],
)
def test_values_are_left_out(text: str, variables: Any, expected: str) -> None:
    assert discreet(text, variables) == expected


@pytest.mark.parametrize("password", [{"secret": "hunter22"}, ["hunter22", "hunter22"], 4711_0815, "hunter22" * 500])
async def test_a_variable_that_does_not_fit_is_not_quoted(gateway: MakeGateway, password: Any) -> None:
    async with gateway() as client:
        wrong = {"login": "ada@example.com", "password": password, "more": "hunter22"}
        answer = await client.query(SIGN_IN, input=wrong)
    assert answer.codes == ["BAD_REQUEST"]
    assert answer.body["errors"][0]["message"].startswith("Variable '$input' has invalid value")
    for secret in ("hunter22", "47110815", "ada@example.com"):
        assert secret not in str(answer.body)
