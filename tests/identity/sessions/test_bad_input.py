"""What cannot be right is refused at its place, with everything else that is wrong, before anybody is asked."""

import uuid
from typing import Any

import pytest

from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import PASSWORD, Person, codes, paths

LOGINS = {
    "empty": "",
    "no address": "ada",
    "no domain": "ada@",
    "no dot": "ada@example",
    "two": "ada@example.com,bob@example.com",
    "a name with it": "Ada <ada@example.com>",
    "5,000 characters": "a" * 5_000 + "@example.com",
    "5,000 digits": "+" + "4" * 5_000,
    "a long local part": "a" * 65 + "@example.com",
    "a line break": "ada@example.com\r\nBcc: bob@example.com",
    "a NUL": "ada\0@example.com",
    "right to left": "ada\u202e@example.com",
    "an invisible character": "ada\u200b@example.com",
    "another alphabet": "\u0430da@example.com",
    "markup": "<b>@example.com",
    "no phone number": "+999123456",
    "a short phone number": "+4479111",
    "an extension": "+447911123456;ext=5",
    "a national number": "07911123456",
}
PASSWORDS = {
    "empty": "",
    "short": "Aa1!",
    "no digit": "Korrekt-Pferd!",
    "no upper case": "korrekt-pferd-7!",
    "no lower case": "KORREKT-PFERD-7!",
    "no symbol": "KorrektPferd77",
    "5,000 characters": "Aa1!" * 1_250,
    "a control character": "Korrekt-Pferd-7!\x07",
    "right to left": "Korrekt-Pferd-7!\u202e",
    "a line break": "Korrekt\nPferd-7!",
    "spaces around": " Korrekt-Pferd-7! ",
}
CODES = ["", "12", "12345678901", "12a456", "123 45x", "１２３４５６", "1" * 5_000, "12\n3456", "-12345"]


async def refused(person: Person, mutation: str, path: list[str], **given: Any) -> None:
    """Refused at that path alone, without a call or a message."""
    person.sandbox.reset_calls()
    sent = len(person.sandbox.outbox())
    payload = await person.do(mutation, **given)
    assert (codes(payload), paths(payload)) == (["INVALID"], [path])
    assert person.sandbox.calls()["total"] == 0
    assert len(person.sandbox.outbox()) == sent


async def test_a_login_that_cannot_be_one_is_refused_everywhere(shop: MakeShop) -> None:
    async with shop() as ada:
        for login in LOGINS.values():
            place, new = ["input", "login"], {"idempotencyKey": str(uuid.uuid4())}
            await refused(ada, "signUp", place, **new, login=login, password=PASSWORD)
            await refused(ada, "signIn", place, login=login, password=PASSWORD)
            await refused(ada, "requestSignInCode", place, login=login)
            await refused(ada, "requestPasswordReset", place, login=login)


async def test_a_weak_or_broken_password_is_refused_for_a_new_user(shop: MakeShop) -> None:
    async with shop() as ada:
        for password in PASSWORDS.values():
            new = {"idempotencyKey": str(uuid.uuid4()), "login": ada.login}
            await refused(ada, "signUp", ["input", "password"], **new, password=password)


async def test_a_weak_or_broken_password_is_refused_for_a_new_password(shop: MakeShop) -> None:
    async with shop() as ada:
        asked = await ada.do("requestPasswordReset", login=ada.login)
        for password in PASSWORDS.values():
            given = {"challengeToken": asked["challengeToken"], "code": "123456"}
            await refused(ada, "resetPassword", ["input", "newPassword"], **given, newPassword=password)


@pytest.mark.parametrize("name", ["empty", "5,000 characters", "a control character"])
async def test_a_password_that_cannot_be_one_is_not_tried(shop: MakeShop, name: str) -> None:
    async with shop() as ada:
        await refused(ada, "signIn", ["input", "password"], login=ada.login, password=PASSWORDS[name])


async def test_a_code_that_cannot_be_one_is_not_tried_and_costs_no_try(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        for code in CODES:
            await refused(ada, "confirmSignUp", ["input", "code"], challengeToken=begun["challengeToken"], code=code)
        payload = await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.code())
        assert payload["errors"] == []


async def test_a_code_may_be_typed_with_spaces(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        typed = f" {ada.code()[:3]} {ada.code()[3:]} "
        payload = await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=typed)
        assert payload["errors"] == []


@pytest.mark.parametrize(
    "token", ["", "x", "A" * 800, "A" * 20_000, "é" * 100, "../../admin", "eyJhbGciOiJub25lIn0.e30."]
)
async def test_what_is_no_challenge_token_is_refused(shop: MakeShop, token: str) -> None:
    async with shop() as ada:
        for mutation, given in (
            ("confirmSignUp", {"code": "123456"}),
            ("confirmSignIn", {"code": "123456"}),
            ("resetPassword", {"code": "123456", "newPassword": PASSWORD}),
            ("resendCode", {}),
        ):
            await refused(ada, mutation, ["input", "challengeToken"], challengeToken=token, **given)


@pytest.mark.parametrize("locale", ["", "x", "english!", "en_GB", "e" * 5_000, "en\n"])
async def test_a_locale_that_is_no_language_tag_is_refused(shop: MakeShop, locale: str) -> None:
    async with shop() as ada:
        new = {"idempotencyKey": str(uuid.uuid4()), "login": ada.login, "password": PASSWORD}
        await refused(ada, "signUp", ["input", "locale"], **new, locale=locale)


async def test_everything_that_is_wrong_is_told_at_once(shop: MakeShop) -> None:
    async with shop() as ada:
        payload = await ada.begin(login="ada", password="weak", locale="?")
        assert paths(payload) == [["input", "login"], ["input", "password"], ["input", "locale"]]


async def test_a_refusal_never_repeats_what_was_typed(shop: MakeShop) -> None:
    async with shop() as ada:
        payload = await ada.begin(login="canary-login", password="canary-pw", locale="canary_locale")
        assert "canary" not in str(payload)


async def test_the_pools_own_rules_on_passwords_are_told_where_ours_are_looser(shop: MakeShop) -> None:
    async with shop(identity_password_needs="lower") as ada:
        payload = await ada.begin(password="only-lower-case")
        assert (codes(payload), paths(payload)) == (["INVALID"], [["input", "password"]])
        assert ada.mail() == []
