"""Whether a login has an account: nothing that an answer says, nor how long it is, nor when it comes, tells."""

import asyncio
import base64
from typing import Any

import pytest

from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import Person

PREVENTS = [True, False]


def told(payload: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, with the token as its length: it is encrypted."""
    token = payload.get("challengeToken")
    return {**payload, **({"challengeToken": len(token)} if token else {})}


async def both(shop_person: Person, mutation: str, **given: Any) -> list[dict[str, Any]]:
    """The answers for a login that has an account, and for one of the same shape that has none."""
    return [
        told(await shop_person.do(mutation, login=login, **given)) for login in ("ada@example.com", "adb@example.com")
    ]


@pytest.mark.parametrize("prevents", PREVENTS)
async def test_a_wrong_password_and_an_unknown_login_are_answered_alike(shop: MakeShop, prevents: bool) -> None:
    async with shop() as ada:
        await ada.joined()
        ada.token = None
        ada.sandbox.cognito(preventUserExistenceErrors=prevents)
        known, unknown = await both(ada, "signIn", password="Wrong-Password-1!")
        assert known == unknown
        assert known["errors"][0]["code"] == "INVALID_CREDENTIALS"


@pytest.mark.parametrize("prevents", PREVENTS)
@pytest.mark.parametrize("mutation", ["requestPasswordReset", "requestSignInCode"])
async def test_asking_for_a_code_is_answered_alike(shop: MakeShop, mutation: str, prevents: bool) -> None:
    async with shop() as ada:
        await ada.joined()
        ada.token = None
        ada.sandbox.cognito(preventUserExistenceErrors=prevents)
        known, unknown = await both(ada, mutation)
        assert known == unknown
        assert known["errors"] == []


async def test_signing_up_with_a_login_that_has_an_account_is_answered_alike(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        known = told(await ada.begin())
        ada.login = "adb@example.com"
        assert told(await ada.begin()) == known


@pytest.mark.parametrize("prevents", PREVENTS)
@pytest.mark.parametrize(
    ("ask", "answer", "given"),
    [
        ("requestPasswordReset", "resetPassword", {"newPassword": "Neues-Pferd-8?"}),
        ("requestSignInCode", "confirmSignIn", {}),
    ],
)
async def test_wrong_codes_are_answered_alike_until_no_more_are_taken(
    shop: MakeShop, ask: str, answer: str, given: dict[str, Any], prevents: bool
) -> None:
    async with shop() as ada:
        await ada.joined()
        ada.token = None
        ada.sandbox.cognito(preventUserExistenceErrors=prevents)
        answers = []
        for login in ("ada@example.com", "adb@example.com"):
            asked = await ada.do(ask, login=login)
            sent = {"challengeToken": asked["challengeToken"], "code": "0000000", **given}
            answers.append([await ada.do(answer, **sent) for _ in range(5)])
        assert answers[0] == answers[1]
        assert {error["code"] for each in answers[0] for error in each["errors"]} == {"OTP_INVALID"}


async def test_another_code_is_answered_alike(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        ada.token = None
        again = []
        for login in ("ada@example.com", "adb@example.com"):
            asked = await ada.do("requestPasswordReset", login=login)
            again.append(told(await ada.do("resendCode", challengeToken=asked["challengeToken"])))
        assert again[0] == again[1]


async def test_a_challenge_token_shows_neither_login_nor_pool(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        sealed = base64.urlsafe_b64decode(begun["challengeToken"] + "==")
        assert b"example" not in sealed
        assert b"signUp" not in sealed
        ada.login = "a-much-longer-login-than-hers@example.com"
        assert len((await ada.begin())["challengeToken"]) == len(begun["challengeToken"])


async def test_a_changed_challenge_token_is_none(shop: MakeShop) -> None:
    async with shop() as ada:
        token = (await ada.begin())["challengeToken"]
        place = len(token) // 2
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        payload = await ada.do("confirmSignUp", challengeToken=changed, code=ada.code())
        assert payload["errors"][0]["code"] == "INVALID"


async def test_an_answer_that_could_tell_does_not_come_before_the_pace(shop: MakeShop) -> None:
    """How alike the times are is measured by `scripts/bench identity`."""
    async with shop(identity_pace=0.4) as ada:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await ada.sign_in()
        assert loop.time() - began >= 0.4
