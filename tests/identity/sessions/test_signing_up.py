"""Signing up: a code comes, the right one confirms the login, and nothing is done twice."""

import asyncio
from typing import Any

import pytest

from domain.identity.pool import Pool
from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from tests.carts.fate import Life, boundary, live
from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import PASSWORD, Person, codes, paths

KEY = "0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d"


async def test_signing_up_sends_a_code_and_shows_only_a_hint_of_where(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        assert begun["deliveryHint"] == "a•••@e•••.com"
        assert begun["errors"] == []
        assert [message["channel"] for message in ada.mail()] == ["email"]


async def test_a_phone_number_is_sent_its_code_by_text_message(shop: MakeShop) -> None:
    async with shop() as ada:
        ada.login = "+447911123456"
        assert (await ada.begin())["deliveryHint"] == "+44•••56"
        assert [message["channel"] for message in ada.mail()] == ["sms"]


async def test_the_right_code_with_the_password_signs_in_too(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        assert (await ada.viewer())["login"] == "ada@example.com"


async def test_the_right_code_alone_confirms_without_a_session(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        payload = await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.code())
        assert payload == {"session": None, "viewer": None, "errors": []}
        assert (await ada.sign_in())["errors"] == []


async def test_nobody_signs_in_before_the_code_is_confirmed(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.begin()
        assert codes(await ada.sign_in()) == ["INVALID_CREDENTIALS"]


async def test_a_wrong_code_confirms_nothing(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        payload = await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.wrong_code())
        assert codes(payload) == ["OTP_INVALID"]
        assert paths(payload) == [["input", "code"]]
        assert codes(await ada.sign_in()) == ["INVALID_CREDENTIALS"]


async def test_a_code_that_was_sent_again_counts_and_the_first_does_not(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        first = ada.code()
        again = await ada.do("resendCode", challengeToken=begun["challengeToken"])
        assert len(ada.mail()) == 2
        assert codes(await ada.do("confirmSignUp", challengeToken=again["challengeToken"], code=first)) == [
            "OTP_INVALID"
        ]
        payload = await ada.do("confirmSignUp", challengeToken=again["challengeToken"], code=ada.code())
        assert payload["errors"] == []


async def test_the_same_key_brings_the_same_challenge_and_no_second_message(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.begin(key=KEY)
        again = await ada.begin(key=KEY)
        assert len(ada.mail()) == 1
        payload = await ada.do("confirmSignUp", challengeToken=again["challengeToken"], code=ada.code())
        assert payload["errors"] == []


async def test_the_same_key_at_once_sends_one_code(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await asyncio.gather(*(ada.begin(key=KEY) for _ in range(5)))
        assert len(ada.mail()) == 1
        payload = await ada.do("confirmSignUp", challengeToken=begun[-1]["challengeToken"], code=ada.code())
        assert payload["errors"] == []


async def test_who_sleeps_while_the_same_key_is_carried_out_gives_no_further_challenge(
    shop: MakeShop, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a code could be tried five times with each."""
    async with shop(clock=clock) as ada:
        count = Pool.count_send

        async def sleeping(self: Pool, *given: Any) -> None:
            await boundary()
            await count(self, *given)

        monkeypatch.setattr(Pool, "count_send", sleeping)
        life = Life(sleeps_at=1)
        late = await live(life, ada.begin(key=KEY))
        clock.advance(31)
        assert (await ada.begin(key=KEY))["errors"] == []
        life.awake.set()
        assert codes(await late) == ["IN_PROGRESS"]
        assert len(ada.mail()) == 1


async def test_the_same_key_with_another_login_is_refused(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.begin(key=KEY)
        ada.login = "bob@example.com"
        assert codes(await ada.begin(key=KEY)) == ["IDEMPOTENCY_MISMATCH"]
        assert ada.mail() == []


async def test_a_sign_up_whose_reply_got_lost_is_found_again(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        sandbox.fault("truncated", api="Cognito", resource="SignUp", status=503, times=1)
        lost = await ada.begin(key=KEY)
        assert codes(lost) == ["UPSTREAM_UNAVAILABLE"]
        assert lost["errors"][0]["retryable"]
        again = await ada.begin(key=KEY)
        assert len(ada.mail()) == 1
        payload = await ada.do("confirmSignUp", challengeToken=again["challengeToken"], code=ada.code())
        assert payload["errors"] == []


async def test_confirming_twice_signs_in_by_the_password_and_by_nothing_else(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        given = {"challengeToken": begun["challengeToken"], "code": ada.code()}
        await ada.do("confirmSignUp", **given)
        assert codes(await ada.do("confirmSignUp", **given)) == ["OTP_INVALID"]
        assert (await ada.do("confirmSignUp", **given, password=PASSWORD))["errors"] == []


async def test_a_stranger_who_signed_up_with_the_same_login_is_not_let_in(shop: MakeShop) -> None:
    async with shop() as ada:
        stranger = Person(ada.client, ada.sandbox)
        await stranger.begin(password="Strangers-1-Password!")
        await ada.joined()
        assert codes(await stranger.sign_in("Strangers-1-Password!")) == ["INVALID_CREDENTIALS"]


async def test_only_who_reads_the_mail_learns_that_there_is_an_account(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        ada.token = None
        begun = await ada.begin(password="Another-2-Password!")
        payload = await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.code())
        assert codes(payload) == ["DUPLICATE"]
        assert (await ada.sign_in())["errors"] == []


async def test_a_challenge_is_over_after_an_hour(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        begun = await ada.begin()
        clock.advance(3_601)
        payload = await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.code())
        assert codes(payload) == ["OTP_EXPIRED"]
        assert paths(payload) == [["input", "challengeToken"]]


async def test_a_code_that_the_pool_calls_old_is_told_to_be(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        sandbox.cognito(ahead=90_000)
        payload = await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.code())
        assert codes(payload) == ["OTP_EXPIRED"]


async def test_a_user_without_password_signs_in_by_codes(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin(password=None)
        await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.code())
        asked = await ada.do("requestSignInCode", login=ada.login)
        payload = await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.code())
        assert payload["viewer"]["login"] == "ada@example.com"


@pytest.mark.parametrize("login", ["  Ada@EXAMPLE.com ", "ADA@example.com"])
async def test_a_login_is_one_whatever_its_case_and_the_spaces_around(shop: MakeShop, login: str) -> None:
    async with shop() as ada:
        await ada.joined()
        payload = await ada.do("signIn", login=login, password=PASSWORD)
        assert payload["viewer"]["login"] == "ada@example.com"


async def test_a_plus_address_is_another_login(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        ada.login, ada.token = "ada+shop@example.com", None
        assert codes(await ada.sign_in()) == ["INVALID_CREDENTIALS"]


async def test_a_phone_number_is_one_however_it_is_written(shop: MakeShop) -> None:
    async with shop() as ada:
        ada.login = "+447911123456"
        await ada.joined()
        payload = await ada.do("signIn", login="+44 (0)7911 123-456", password=PASSWORD)
        assert payload["viewer"]["login"] == "+447911123456"
