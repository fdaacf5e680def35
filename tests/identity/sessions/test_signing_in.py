"""Signing in by password and by code, going on, signing out, and a forgotten password."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from domain.identity.tokens import SignedOut
from kernel.clock import FixedClock
from kernel.context import Principal
from sandbox.control import SandboxControl
from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import PASSWORD, Person, code_in, codes, paths

NEW_PASSWORD = "Neues-Pferd-8?"


async def reset_of(ada: Person, code: str | None = None, **given: Any) -> dict[str, Any]:
    asked = await ada.do("requestPasswordReset", login=ada.login)
    sent = {"challengeToken": asked["challengeToken"], "code": code or ada.code(), "newPassword": NEW_PASSWORD}
    return await ada.do("resetPassword", **{**sent, **given})


async def test_a_password_signs_in(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        payload = await ada.sign_in()
        assert payload["viewer"]["login"] == "ada@example.com"
        assert payload["session"]["refreshToken"]


async def test_a_password_proved_by_srp_signs_in_and_a_wrong_one_does_not(shop: MakeShop) -> None:
    async with shop(cognito_flow="srp") as ada:
        await ada.joined()
        assert (await ada.sign_in())["viewer"]["login"] == "ada@example.com"
        assert codes(await ada.sign_in("Wrong-Password-1!")) == ["INVALID_CREDENTIALS"]


async def test_by_srp_the_password_does_not_leave_the_gateway(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop(cognito_flow="srp") as ada:
        await ada.joined()
        sandbox.reset_calls()
        await ada.sign_in()
        assert sandbox.calls()["byResource"] == {"Cognito.InitiateAuth": 1, "Cognito.RespondToAuthChallenge": 1}


async def test_the_viewer_of_a_sign_in_costs_no_further_call(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        await ada.joined()
        sandbox.reset_calls()
        await ada.sign_in()
        await ada.viewer()
        assert sandbox.calls()["byResource"] == {"Cognito.InitiateAuth": 1}


async def test_a_guest_has_no_viewer(shop: MakeShop) -> None:
    async with shop() as ada:
        assert await ada.viewer() is None


async def test_node_finds_the_viewer_for_nobody_else(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        viewer = (await ada.viewer())["id"]
        bob = await Person(ada.client, ada.sandbox, "bob@example.com").joined()
        document = "query($id: ID!) { node(id: $id) { id } }"
        assert (await ada.client.data(document, headers=ada.headers, id=viewer))["node"] == {"id": viewer}
        assert (await ada.client.data(document, headers=bob.headers, id=viewer))["node"] is None
        assert (await ada.client.data(document, id=viewer))["node"] is None


async def test_a_one_time_code_signs_in(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        asked = await ada.do("requestSignInCode", login=ada.login)
        payload = await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.code())
        assert payload["viewer"]["login"] == "ada@example.com"


async def test_a_one_time_code_by_text_message_signs_in(shop: MakeShop) -> None:
    async with shop() as ada:
        ada.login = "+447911123456"
        await ada.joined()
        asked = await ada.do("requestSignInCode", login=ada.login)
        assert ada.mail()[-1]["channel"] == "sms"
        payload = await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.code())
        assert payload["viewer"]["login"] == "+447911123456"


async def test_a_wrong_one_time_code_does_not_sign_in(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        asked = await ada.do("requestSignInCode", login=ada.login)
        payload = await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.wrong_code())
        assert codes(payload) == ["OTP_INVALID"]
        assert payload["session"] is None


async def test_a_one_time_code_signs_in_once(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        asked = await ada.do("requestSignInCode", login=ada.login)
        given = {"challengeToken": asked["challengeToken"], "code": ada.code()}
        await ada.do("confirmSignIn", **given)
        assert codes(await ada.do("confirmSignIn", **given)) == ["OTP_INVALID"]


async def test_a_sign_in_code_is_over_after_three_minutes(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        asked = await ada.do("requestSignInCode", login=ada.login)
        clock.advance(181)
        payload = await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.code())
        assert codes(payload) == ["OTP_EXPIRED"]


async def test_a_challenge_of_one_kind_is_none_of_another(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        asked = await ada.do("requestPasswordReset", login=ada.login)
        payload = await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.code())
        assert codes(payload) == ["INVALID"]
        assert paths(payload) == [["input", "challengeToken"]]


async def test_a_refresh_token_brings_another_access_token(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        await ada.joined()
        first, ada.token = ada.token, None
        payload = await ada.do("refreshSession", refreshToken=ada.refresh)
        assert payload["viewer"]["login"] == "ada@example.com"
        assert payload["session"]["refreshToken"] == ada.refresh
        assert ada.token != first
        assert await ada.viewer() == payload["viewer"]


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 9_000, "é", "a b"])
async def test_what_is_no_refresh_token_brings_none(shop: MakeShop, token: str | None) -> None:
    async with shop() as ada:
        payload = await ada.do("refreshSession", refreshToken=token)
        assert codes(payload) == ["INVALID_CREDENTIALS"]
        assert paths(payload) == [["input", "refreshToken"]]


async def test_signing_out_ends_the_access_token_at_once(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        assert await ada.do("signOut") == {"signedOut": True, "errors": []}
        assert (await ada.ask("signOut", None)).codes == ["UNAUTHENTICATED"]


async def test_signing_out_ends_all_of_the_users_sessions(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        refresh = ada.refresh
        await ada.do("signOut")
        ada.token = None
        assert codes(await ada.do("refreshSession", refreshToken=refresh)) == ["INVALID_CREDENTIALS"]


async def test_signing_out_with_a_refresh_token_leaves_other_sessions(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        phone = Person(ada.client, ada.sandbox)
        await phone.sign_in()
        await phone.do("signOut", refreshToken=phone.refresh)
        assert (await phone.client.query("{ viewer { id } }", headers=phone.headers)).codes == ["UNAUTHENTICATED"]
        assert (await ada.viewer())["login"] == "ada@example.com"
        ada.token = None
        assert (await ada.do("refreshSession", refreshToken=ada.refresh))["errors"] == []


async def test_signing_in_again_after_signing_out_works(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        await ada.do("signOut")
        ada.token = None
        await ada.sign_in()
        assert (await ada.viewer())["login"] == "ada@example.com"


async def test_a_guest_cannot_sign_out(shop: MakeShop) -> None:
    async with shop() as ada:
        assert (await ada.ask("signOut", None)).codes == ["UNAUTHENTICATED"]


async def test_another_process_refuses_a_token_that_was_signed_out(shop: MakeShop) -> None:
    async with shop() as ada, shop() as other:
        await ada.joined()
        await ada.do("signOut")
        assert (await other.client.query("{ viewer { id } }", headers=ada.headers)).codes == ["UNAUTHENTICATED"]


async def test_a_process_that_knew_the_token_learns_of_its_end_within_seconds(
    shop: MakeShop, clock: FixedClock
) -> None:
    async with shop(clock=clock) as ada, shop(clock=clock) as other:
        await ada.joined()
        elsewhere = Person(other.client, ada.sandbox, token=ada.token)
        assert await elsewhere.viewer() is not None
        await ada.do("signOut")
        clock.advance(5)
        answer = await other.client.query("{ viewer { id } }", headers=ada.headers)
        assert answer.codes == ["UNAUTHENTICATED"]


async def test_a_caller_who_leaves_while_redis_is_asked_makes_no_token_good(
    shop: MakeShop, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it for others meanwhile: a token counts as looked up when the answer is there."""
    async with shop(clock=clock) as ada, shop(clock=clock) as other:
        await ada.joined()
        elsewhere = Person(other.client, ada.sandbox, token=ada.token)
        assert await elsewhere.viewer() is not None
        await ada.do("signOut")
        clock.advance(5)
        asked = asyncio.Event()

        async def slow(*_: Any) -> bool:
            asked.set()
            await asyncio.Event().wait()
            return True

        with monkeypatch.context() as patched:
            patched.setattr(SignedOut, "anywhere", slow)
            leaving = asyncio.create_task(other.client.query("{ viewer { id } }", headers=ada.headers))
            await asked.wait()
        answer = await other.client.query("{ viewer { id } }", headers=ada.headers)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert answer.codes == ["UNAUTHENTICATED"]


async def test_a_sign_out_that_redis_did_not_hear_of_is_not_forgotten_for_an_older_one(
    redis_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis was away for the second one, and tells of the first afterwards."""
    now = clock.now()
    async with Redis.from_url(redis_url) as redis, Redis(unix_socket_path="/nowhere/valkey.sock") as away:
        signed_out = SignedOut(redis, clock)
        await signed_out.add(Principal("ada", session="one"), everywhere=True)
        clock.advance(20)
        monkeypatch.setattr(signed_out, "_redis", away)
        await signed_out.add(Principal("ada", session="two"), everywhere=True)
        monkeypatch.setattr(signed_out, "_redis", redis)
        assert not await signed_out.anywhere(Principal("ada", session="four"), now + 30)
        assert await signed_out.anywhere(Principal("ada", session="three"), now + 10)


async def test_a_forgotten_password_is_set_anew_by_a_code(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        assert await reset_of(ada) == {
            "challengeToken": None,
            "deliveryHint": None,
            "resendAfterSeconds": None,
            "errors": [],
        }
        assert codes(await ada.sign_in()) == ["INVALID_CREDENTIALS"]
        assert (await ada.sign_in(NEW_PASSWORD))["errors"] == []


async def test_a_wrong_code_resets_no_password(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        assert codes(await reset_of(ada, "0000000")) == ["OTP_INVALID"]
        assert (await ada.sign_in(PASSWORD))["errors"] == []


async def test_a_weak_new_password_and_a_broken_code_are_told_together(shop: MakeShop) -> None:
    async with shop() as ada:
        payload = await reset_of(ada, "zero", newPassword="weak")
        assert paths(payload) == [["input", "newPassword"], ["input", "code"]]
        assert codes(payload) == ["INVALID", "INVALID"]


async def test_a_reset_code_is_over_after_a_quarter_of_an_hour(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        asked = await ada.do("requestPasswordReset", login=ada.login)
        clock.advance(901)
        given = {"challengeToken": asked["challengeToken"], "code": ada.code(), "newPassword": NEW_PASSWORD}
        assert codes(await ada.do("resetPassword", **given)) == ["OTP_EXPIRED"]


async def test_a_challenge_of_an_older_signing_key_is_still_taken(shop: MakeShop) -> None:
    older, newer = "an-older-signing-key-of-at-least-forty-letters", "a-newer-signing-key-of-at-least-forty-letters"
    async with shop(keys=older) as ada, shop(keys=f"{newer},{older}") as other:
        begun = await ada.begin()
        there = Person(other.client, ada.sandbox)
        payload = await there.do("confirmSignUp", challengeToken=begun["challengeToken"], code=code_in(ada.mail()[-1]))
        assert payload["errors"] == []
