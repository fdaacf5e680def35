"""Guessing and bombing: how often something may be tried, by whom, and what happens when nobody can count."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import redis as redis_client

from bff.dev import embedded_redis
from kernel.clock import FixedClock
from tests.client import Client
from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import PASSWORD, Person, codes

LOOSE = {"identity_sends": 1_000, "identity_sign_ins": 1_000, "identity_tries": 1_000}


@asynccontextmanager
async def at(person: Person, address: str) -> AsyncIterator[Person]:
    """The same shop as it is reached from another address."""
    app = person.client.http._transport.app  # type: ignore[attr-defined]
    client = Client(app)
    await client.http.aclose()
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    client.http = httpx.AsyncClient(transport=transport, base_url="http://gateway.test")
    async with client:
        yield Person(client, person.sandbox, person.login)


async def test_a_code_can_be_tried_five_times(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        given = {"challengeToken": begun["challengeToken"], "code": ada.wrong_code()}
        tried = [codes(await ada.do("confirmSignUp", **given)) for _ in range(6)]
        assert tried == [["OTP_INVALID"]] * 5 + [["RATE_LIMITED"]]


async def test_after_five_wrong_tries_the_right_code_is_no_longer_taken(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        asked = await ada.do("requestSignInCode", login=ada.login)
        for _ in range(5):
            await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.wrong_code())
        payload = await ada.do("confirmSignIn", challengeToken=asked["challengeToken"], code=ada.code())
        assert codes(payload) == ["RATE_LIMITED"]
        assert payload["errors"][0]["retryable"]


async def test_tries_at_once_count_as_many(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        given = {"challengeToken": begun["challengeToken"], "code": ada.wrong_code()}
        tried = await asyncio.gather(*(ada.do("confirmSignUp", **given) for _ in range(20)))
        assert sorted(codes(each)[0] for each in tried) == ["OTP_INVALID"] * 5 + ["RATE_LIMITED"] * 15


async def test_aliases_of_one_guess_are_not_carried_out(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        sent = f'{{challengeToken: "{begun["challengeToken"]}", code: "123456"}}'
        guess = f"confirmSignUp(input: {sent}) {{ errors {{ code }} }}"
        document = "mutation {" + " ".join(f"a{number}: {guess}" for number in range(50)) + "}"
        ada.sandbox.reset_calls()
        answer = await ada.client.query(document)
        assert answer.data is None
        assert ada.sandbox.calls()["total"] == 0


async def test_asking_the_same_key_again_gives_no_further_tries(shop: MakeShop) -> None:
    async with shop() as ada:
        key = str(uuid.uuid4())
        for _ in range(5):
            begun = await ada.begin(key=key)
            await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.wrong_code())
        begun = await ada.begin(key=key)
        payload = await ada.do("confirmSignUp", challengeToken=begun["challengeToken"], code=ada.code())
        assert codes(payload) == ["RATE_LIMITED"]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("mutation", ["requestPasswordReset", "requestSignInCode"])
async def test_a_login_is_sent_three_codes_in_ten_minutes(
    shop: MakeShop, clock: FixedClock, mutation: str, known: bool
) -> None:
    async with shop(clock=clock) as ada:
        if known:
            await ada.joined()
            clock.advance(600)
            ada.token = None
        sent = [codes(await ada.do(mutation, login=ada.login)) for _ in range(4)]
        assert sent == [[], [], [], ["RATE_LIMITED"]]
        assert len(ada.mail()) == (4 if known else 0)
        clock.advance(599)
        refused = await ada.do(mutation, login=ada.login)
        assert refused["errors"][0]["retryAfterSeconds"] == 1
        clock.advance(1)
        assert codes(await ada.do(mutation, login=ada.login)) == []


async def test_codes_of_all_kinds_to_one_login_count_together(shop: MakeShop) -> None:
    async with shop() as ada:
        begun = await ada.begin()
        await ada.do("resendCode", challengeToken=begun["challengeToken"])
        await ada.do("requestPasswordReset", login=ada.login)
        assert codes(await ada.do("requestSignInCode", login=ada.login)) == ["RATE_LIMITED"]
        assert len(ada.mail()) == 2


@pytest.mark.parametrize(("fold", "sent"), [(False, 4), (True, 3)])
async def test_plus_addresses_count_apart_unless_the_setting_says_otherwise(
    shop: MakeShop, fold: bool, sent: int
) -> None:
    async with shop(identity_fold_mailboxes=fold) as ada:
        for login in ("ada@example.com", "ada+1@example.com", "a.da@example.com", "Ada+2@example.com"):
            ada.login = login
            await ada.begin()
        assert len(ada.sandbox.outbox()) == sent


async def test_passwords_of_one_login_can_be_tried_so_often(shop: MakeShop) -> None:
    async with shop(identity_sign_ins=3) as ada:
        tried = [codes(await ada.sign_in("Wrong-Password-1!")) for _ in range(4)]
        assert tried == [["INVALID_CREDENTIALS"]] * 3 + [["RATE_LIMITED"]]


async def test_an_address_can_try_so_often_whatever_the_login(shop: MakeShop) -> None:
    async with shop(identity_by_address=3, **LOOSE) as ada:
        tried = []
        for number in range(4):
            ada.login = f"user{number}@example.com"
            tried.append(codes(await ada.sign_in()))
        assert tried == [["INVALID_CREDENTIALS"]] * 3 + [["RATE_LIMITED"]]
        async with at(ada, "203.0.113.9") as elsewhere:
            assert codes(await elsewhere.sign_in()) == ["INVALID_CREDENTIALS"]


async def test_an_address_can_have_so_many_codes_sent(shop: MakeShop) -> None:
    async with shop(identity_by_address=3, **LOOSE) as ada:
        for number in range(5):
            ada.login = f"user{number}@example.com"
            await ada.begin()
        assert len(ada.sandbox.outbox()) == 3


async def test_a_network_of_ipv6_is_one_address(shop: MakeShop) -> None:
    async with shop(identity_by_address=2, **LOOSE) as ada:
        tried = []
        for address in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3", "2001:db8:0:2::1"):
            async with at(ada, address) as there:
                tried.append(codes(await there.sign_in()))
        assert tried == [["INVALID_CREDENTIALS"]] * 2 + [["RATE_LIMITED"]] + [["INVALID_CREDENTIALS"]]


async def test_what_one_process_counts_another_knows(shop: MakeShop) -> None:
    async with shop(identity_sign_ins=2) as ada, shop(identity_sign_ins=2) as other:
        there = Person(other.client, ada.sandbox)
        assert codes(await ada.sign_in()) == ["INVALID_CREDENTIALS"]
        assert codes(await there.sign_in()) == ["INVALID_CREDENTIALS"]
        assert codes(await ada.sign_in()) == ["RATE_LIMITED"]


async def test_what_is_refused_by_one_limit_is_not_counted_by_another(shop: MakeShop) -> None:
    async with shop(identity_sign_ins=1, identity_by_address=2) as ada:
        for _ in range(5):
            await ada.sign_in()
        ada.login = "bob@example.com"
        assert codes(await ada.sign_in()) == ["INVALID_CREDENTIALS"]


async def test_without_redis_nothing_is_let_through_and_who_is_signed_in_stays_so(
    shop: MakeShop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with embedded_redis(tmp_path_factory.mktemp("own-redis")) as url:
        async with shop(redis_url=url) as ada:
            await ada.joined()
            with redis_client.Redis.from_url(url) as server:
                server.shutdown(nosave=True)
            sent = len(ada.mail())
            refused = [
                await ada.do("signIn", login=ada.login, password=PASSWORD),
                await ada.do("requestPasswordReset", login=ada.login),
                await ada.do("requestSignInCode", login=ada.login),
                await ada.begin(),
            ]
            assert [codes(each) for each in refused] == [["RATE_LIMITED"]] * 4
            assert [each["errors"][0]["retryAfterSeconds"] for each in refused] == [5] * 4
            assert len(ada.mail()) == sent
            assert (await ada.viewer())["login"] == ada.login
            assert (await ada.do("refreshSession", refreshToken=ada.refresh))["errors"] == []
