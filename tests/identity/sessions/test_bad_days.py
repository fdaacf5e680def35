"""Cognito slow, throttled, broken or down: signing in says so at once, and whoever is signed in does not notice."""

import asyncio
from typing import Any

import httpx
import pytest

from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from tests.hurry import hurried
from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import Person, codes

FAULTS: list[dict[str, Any]] = [
    {"kind": "hang"},
    {"kind": "reset"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "html"},
    {"kind": "html", "status": 200},
    {"kind": "errorBody"},
    {"kind": "half"},
    {"kind": "truncated"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}")
@pytest.mark.usefixtures("hurry")
async def test_signing_in_is_refused_as_retryable_and_the_signed_in_go_on(
    shop: MakeShop, sandbox: SandboxControl, fault: dict[str, Any]
) -> None:
    async with shop() as ada:
        await ada.joined()
        sandbox.fault(**fault, api="Cognito")
        payload = await ada.sign_in()
        assert codes(payload) == ["UPSTREAM_UNAVAILABLE"]
        assert payload["errors"][0]["retryable"]
        assert (await ada.viewer())["login"] == ada.login


@pytest.mark.parametrize("mutation", ["requestPasswordReset", "requestSignInCode"])
async def test_no_challenge_is_given_for_a_code_that_nobody_sent(
    shop: MakeShop, sandbox: SandboxControl, mutation: str
) -> None:
    async with shop() as ada:
        sandbox.fault("status", status=500, api="Cognito")
        payload = await ada.do(mutation, login=ada.login)
        assert codes(payload) == ["UPSTREAM_UNAVAILABLE"]
        assert payload["challengeToken"] is None


async def test_a_renewal_that_fails_leaves_the_session_as_it_is(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        await ada.joined()
        sandbox.fault("reset", api="Cognito")
        assert codes(await ada.do("refreshSession", refreshToken=ada.refresh)) == ["UPSTREAM_UNAVAILABLE"]
        sandbox.clear_faults()
        assert (await ada.do("refreshSession", refreshToken=ada.refresh))["errors"] == []


async def test_signing_out_says_when_it_did_not_happen_and_can_be_repeated(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as ada:
        await ada.joined()
        sandbox.fault("reset", api="Cognito")
        payload = await ada.do("signOut")
        assert (payload["signedOut"], codes(payload)) == (False, ["UPSTREAM_UNAVAILABLE"])
        sandbox.clear_faults()
        assert (await ada.do("signOut"))["signedOut"]


async def test_a_pool_that_is_down_is_left_alone_for_a_while(
    shop: MakeShop, sandbox: SandboxControl, clock: FixedClock
) -> None:
    async with shop(clock=clock, cognito_breaker_threshold=3) as ada:
        await ada.joined()
        sandbox.fault("status", status=503, api="Cognito")
        sandbox.reset_calls()
        for _ in range(10):
            assert codes(await ada.sign_in()) == ["UPSTREAM_UNAVAILABLE"]
        assert sandbox.calls()["total"] == 3
        sandbox.clear_faults()
        clock.advance(5)
        assert (await ada.sign_in())["errors"] == []


async def test_wrong_passwords_and_throttling_do_not_make_the_pool_count_as_down(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop(cognito_breaker_threshold=2) as ada:
        await ada.joined()
        sandbox.fault("status", status=429, api="Cognito", times=4)
        for _ in range(4):
            await ada.sign_in()
        for _ in range(3):
            await ada.sign_in("Wrong-Password-1!")
        assert (await ada.sign_in())["errors"] == []


async def test_a_viewer_whose_login_cannot_be_asked_for_is_still_there(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada, shop() as other:
        await ada.joined()
        elsewhere = Person(other.client, sandbox, token=ada.token)
        assert (await other.client.query("{ viewer { id } }", headers=elsewhere.headers)).data["viewer"]
        sandbox.fault("status", status=503, api="Cognito")
        answer = await other.client.query("{ viewer { id login } }", headers=elsewhere.headers)
        assert answer.data["viewer"]["login"] is None
        assert (answer.codes, answer.paths) == (["UPSTREAM_UNAVAILABLE"], [["viewer", "login"]])


async def test_a_session_begins_although_the_keys_are_away(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada, shop() as cold:
        await ada.joined()
        sandbox.fault("status", status=503, api="Cognito", resource="jwks")
        elsewhere = Person(cold.client, sandbox)
        payload = await elsewhere.sign_in()
        assert payload["session"]["accessToken"]
        assert payload["viewer"] is None


async def test_a_shop_without_a_pool_says_so(gateway: Any) -> None:
    async with gateway() as client:
        ada = Person(client, None)  # type: ignore[arg-type]
        answer = await ada.ask("signIn", {"login": "ada@example.com", "password": "x"})
        assert answer.codes == ["UPSTREAM_UNAVAILABLE"]


async def test_many_sign_ins_at_a_pool_that_hangs_keep_nobody_else_waiting(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop(identity_sign_ins=1_000) as ada:
        await ada.joined()
        sandbox.fault("hang", api="Cognito", resource="InitiateAuth")
        waiting = [asyncio.create_task(ada.sign_in()) for _ in range(30)]
        other = Person(ada.client, sandbox, token=ada.token)
        assert await other.viewer() is not None
        assert not any(task.done() for task in waiting)
        async with hurried(sandbox):
            assert {codes(payload)[0] for payload in await asyncio.gather(*waiting)} == {"UPSTREAM_UNAVAILABLE"}


@pytest.mark.parametrize("keys", [b"{}", b"[]", b"\xff", b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "1"}]}'])
async def test_a_set_without_a_public_key_verifies_nothing(shop: MakeShop, keys: bytes) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=keys)

    async with shop() as ada, shop(transports={"cognito": httpx.MockTransport(answer)}) as other:
        await ada.joined()
        shown = await other.client.query("{ viewer { id } }", headers=ada.headers)
        assert (shown.status, shown.codes) == (503, ["UPSTREAM_UNAVAILABLE"])
