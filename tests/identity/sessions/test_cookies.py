"""Sessions in cookies: no script reads a token, no other site's page uses one, and a bad one goes away."""

import re
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from kernel.clock import FixedClock
from tests.client import Answer
from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import PASSWORD, Person, codes, document

OWN_PAGE = {"x-requested-with": "shop"}
COOKIES: dict[str, Any] = {"session_cookies": True}
VIEWER = "{ viewer { login } }"


def cookies_of(headers: httpx.Headers) -> dict[str, str]:
    """What `Set-Cookie` says, by name."""
    return {each.partition("=")[0]: each for each in headers.get_list("set-cookie")}


def value(cookie: str) -> str:
    return next(iter(SimpleCookie(cookie.partition(";")[0]).values())).value


async def ask(
    person: Person, asked: str, cookies: dict[str, str], headers: dict[str, str], path: str = "/graphql", **given: Any
) -> Answer:
    """An operation with cookies as a browser would send them."""
    sent = {"query": asked, "variables": given}
    jar = {"cookie": "; ".join(f"{name}={token}" for name, token in cookies.items())} if cookies else {}
    reply = await person.client.http.post(path, json=sent, headers={**headers, **jar})
    person.client.http.cookies.clear()
    return Answer(reply.status_code, reply.headers, reply.json())


async def signed_in(person: Person) -> Answer:
    begun = await ask(
        person,
        document("signUp"),
        {},
        OWN_PAGE,
        input={"idempotencyKey": "0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d", "login": person.login, "password": PASSWORD},
    )
    given = {"challengeToken": begun.data["signUp"]["challengeToken"], "code": person.code(), "password": PASSWORD}
    return await ask(person, document("confirmSignUp"), {}, OWN_PAGE, input=given)


async def tokens_of(person: Person) -> tuple[dict[str, str], dict[str, str]]:
    """The cookies that a browser sends everywhere, and those that it sends to the session's path."""
    kept = cookies_of((await signed_in(person)).headers)
    access = {"__Host-session": value(kept["__Host-session"])}
    return access, {**access, "__Secure-refresh": value(kept["__Secure-refresh"])}


async def test_tokens_are_in_cookies_and_not_in_the_answer(shop: MakeShop) -> None:
    async with shop(**COOKIES) as ada:
        answer = await signed_in(ada)
        session = answer.data["confirmSignUp"]["session"]
        assert (session["accessToken"], session["refreshToken"]) == (None, None)
        assert answer.data["confirmSignUp"]["viewer"]["login"] == "ada@example.com"
        assert set(cookies_of(answer.headers)) == {"__Host-session", "__Secure-refresh"}


async def test_the_cookies_are_kept_from_scripts_and_from_other_sites(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock, **COOKIES) as ada:
        kept = cookies_of((await signed_in(ada)).headers)
        access = re.sub(r"=[^;]+", "=T", kept["__Host-session"], count=1)
        refresh = re.sub(r"=[^;]+", "=T", kept["__Secure-refresh"], count=1)
        assert access == "__Host-session=T; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Strict"
        assert refresh == (
            "__Secure-refresh=T; Path=/graphql/session; Max-Age=2592000; Secure; HttpOnly; SameSite=Strict"
        )


async def test_the_cookie_signs_in(shop: MakeShop) -> None:
    async with shop(**COOKIES) as ada:
        access, _ = await tokens_of(ada)
        answer = await ask(ada, VIEWER, access, OWN_PAGE)
        assert answer.data == {"viewer": {"login": "ada@example.com"}}


async def test_a_cookie_without_the_header_is_refused(shop: MakeShop) -> None:
    async with shop(**COOKIES) as ada:
        access, _ = await tokens_of(ada)
        answer = await ask(ada, VIEWER, access, {})
        assert (answer.status, answer.codes) == (403, ["FORBIDDEN"])


async def test_signing_in_from_another_sites_page_is_refused(shop: MakeShop) -> None:
    async with shop(**COOKIES) as ada:
        await signed_in(ada)
        given = {"login": ada.login, "password": PASSWORD}
        answer = await ask(ada, document("signIn"), {}, {}, input=given)
        assert answer.codes == ["FORBIDDEN"]
        assert cookies_of(answer.headers) == {}


async def test_the_session_goes_on_by_its_cookie_where_that_is_sent(shop: MakeShop) -> None:
    async with shop(**COOKIES) as ada:
        _, both = await tokens_of(ada)
        refresh = {"__Secure-refresh": both["__Secure-refresh"]}
        answer = await ask(ada, document("refreshSession"), refresh, OWN_PAGE, "/graphql/session", input={})
        assert answer.data["refreshSession"]["errors"] == []
        assert answer.data["refreshSession"]["session"]["accessToken"] is None
        fresh = {"__Host-session": value(cookies_of(answer.headers)["__Host-session"])}
        assert (await ask(ada, VIEWER, fresh, OWN_PAGE)).data == {"viewer": {"login": "ada@example.com"}}


async def test_signing_out_takes_the_cookies_away_and_ends_the_session(shop: MakeShop) -> None:
    async with shop(**COOKIES) as ada:
        access, both = await tokens_of(ada)
        answer = await ask(ada, document("signOut"), both, OWN_PAGE, "/graphql/session", input=None)
        assert answer.data["signOut"]["signedOut"]
        assert all("Max-Age=0" in cookie for cookie in cookies_of(answer.headers).values())
        assert len(cookies_of(answer.headers)) == 2
        assert (await ask(ada, VIEWER, access, OWN_PAGE)).codes == ["UNAUTHENTICATED"]
        again = await ask(
            ada,
            document("refreshSession"),
            {"__Secure-refresh": both["__Secure-refresh"]},
            OWN_PAGE,
            "/graphql/session",
            input={},
        )
        assert codes(again.data["refreshSession"]) == ["INVALID_CREDENTIALS"]


async def test_a_cookie_that_is_no_longer_good_is_refused_once_and_taken_away(
    shop: MakeShop, clock: FixedClock
) -> None:
    async with shop(clock=clock, **COOKIES) as ada:
        access, _ = await tokens_of(ada)
        clock.advance(3_700)
        answer = await ask(ada, VIEWER, access, OWN_PAGE)
        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
        assert "Max-Age=0" in cookies_of(answer.headers)["__Host-session"]


async def test_a_header_counts_before_a_cookie(shop: MakeShop) -> None:
    async with shop(**COOKIES) as ada:
        access, _ = await tokens_of(ada)
        answer = await ask(ada, VIEWER, access, {**OWN_PAGE, "authorization": "Bearer wrong"})
        assert answer.codes == ["UNAUTHENTICATED"]


async def test_where_cookies_are_off_a_cookie_is_nobodys(shop: MakeShop) -> None:
    async with shop(**COOKIES) as ada, shop() as other:
        access, _ = await tokens_of(ada)
        answer = await ask(Person(other.client, ada.sandbox), VIEWER, access, OWN_PAGE)
        assert answer.data == {"viewer": None}


@pytest.mark.parametrize("same_site", ["lax", "none"])
async def test_same_site_is_a_setting(shop: MakeShop, same_site: str) -> None:
    async with shop(session_same_site=same_site, **COOKIES) as ada:
        kept = cookies_of((await signed_in(ada)).headers)
        assert all(cookie.endswith(f"SameSite={same_site.capitalize()}") for cookie in kept.values())


async def test_another_sites_page_is_not_let_by_cors(shop: MakeShop) -> None:
    async with shop(cors_origins="https://shop.example.com", **COOKIES) as ada:
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "x-requested-with"}

        async def preflight(origin: str) -> httpx.Response:
            return await ada.client.http.options("/graphql", headers={**asked, "origin": origin})

        ours, evil = await preflight("https://shop.example.com"), await preflight("https://evil.example")
        assert ours.headers["access-control-allow-credentials"] == "true"
        assert "access-control-allow-origin" not in evil.headers
