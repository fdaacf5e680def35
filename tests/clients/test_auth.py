"""How the gateway proves itself: fixed headers, and tokens fetched once."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import pytest

from clients.auth import ClientCredentials, StaticHeaders
from clients.http import Reply
from kernel.clock import FixedClock
from kernel.errors import GatewayError, UpstreamInvalidError, UpstreamTimeoutError, UpstreamUnavailableError
from tests.clients.upstream import FakeSender, reply

URL = "https://idp.test/token"


def tokens(*, expires_in: Any = 300) -> Any:
    """Answers `t1`, `t2`, … with the life given."""
    numbers = iter(range(1, 1000))
    return lambda *_: reply(200, {"access_token": f"t{next(numbers)}", "expires_in": expires_in})


def credentials(answers: Any, clock: FixedClock | None = None, **more: str) -> tuple[ClientCredentials, FakeSender]:
    sender = FakeSender(answers)
    made = ClientCredentials(
        sender, clock or FixedClock(), upstream="tmf620", token_url=URL, client_id="me", client_secret="s&cret", **more
    )
    return made, sender


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_static_headers() -> None:
    """An API key is sent as it is set, is not shown by repr, and a 401 is not answered by trying it again."""
    auth = StaticHeaders({"x-api-key": "sesame"})
    assert dict(await auth.headers(1)) == {"x-api-key": "sesame"}
    assert auth.rejected({"x-api-key": "sesame"}) is False
    assert "sesame" not in repr(auth)
    assert dict(await StaticHeaders().headers(1)) == {}


async def test_request() -> None:
    """The token is asked for as RFC 6749 section 4.4.2 says, the secret as a form field, a scope if there is one."""
    auth, sender = credentials(tokens(), scope="catalog read")
    assert await auth.headers(1) == bearer("t1")
    [(method, url, headers, content, _)] = sender.sent
    assert (method, url) == ("POST", URL)
    assert headers == {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    assert content is not None
    assert parse_qs(content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": ["s&cret"],
        "scope": ["catalog read"],
    }


async def test_no_scope() -> None:
    """Without a scope none is sent."""
    auth, sender = credentials(tokens())
    await auth.headers(1)
    assert b"scope" not in (sender.sent[0][3] or b"")


async def test_kept_until_shortly_before_its_end() -> None:
    """A token of 300 s is used for 270 s and then replaced."""
    clock = FixedClock()
    auth, sender = credentials(tokens(), clock)
    await auth.headers(1)
    clock.advance(269.9)
    assert await auth.headers(1) == bearer("t1")
    clock.advance(0.1)
    assert await auth.headers(1) == bearer("t2")
    assert len(sender.sent) == 2


@pytest.mark.parametrize(
    ("expires_in", "seconds"), [(60, 30), ("60", 30), (31, 1), (5, 1), (0, 1), (-7, 1), (None, 270), (90.5, 60.5)]
)
async def test_life(expires_in: Any, seconds: float) -> None:
    """A life of any form is understood; a very short one still covers a second, an untold one is five minutes."""
    clock = FixedClock()
    auth, sender = credentials(tokens(expires_in=expires_in), clock)
    await auth.headers(1)
    clock.advance(seconds - 0.01)
    await auth.headers(1)
    assert len(sender.sent) == 1
    clock.advance(0.02)
    await auth.headers(1)
    assert len(sender.sent) == 2


async def test_life_not_told() -> None:
    """`expires_in` may be missing (RFC 6749 section 5.1)."""
    auth, _ = credentials(lambda *_: reply(200, {"access_token": "t"}))
    assert await auth.headers(1) == bearer("t")


async def test_single_flight() -> None:
    """A hundred calls at once fetch one token and all get it."""
    gate = asyncio.Event()

    async def answer() -> Reply:
        await gate.wait()
        return reply(200, {"access_token": "t"})

    auth, sender = credentials(lambda *_: answer())
    calls = [asyncio.create_task(auth.headers(5)) for _ in range(100)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*calls) == [bearer("t")] * 100
    assert len(sender.sent) == 1


async def test_failure_is_shared_and_not_kept() -> None:
    """A failing endpoint is asked once by all that wait, and again by the next call."""
    gate = asyncio.Event()

    async def fail() -> Reply:
        await gate.wait()
        return reply(503)

    answers = iter([fail(), reply(200, {"access_token": "t"})])
    auth, sender = credentials(lambda *_: next(answers))
    calls = [asyncio.create_task(auth.headers(5)) for _ in range(20)]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [UpstreamUnavailableError] * 20
    assert len(sender.sent) == 1
    assert await auth.headers(5) == bearer("t")


async def test_waiting_is_bounded() -> None:
    """Each caller waits only as long as it may; the token it gave up on still comes for the next."""
    gate = asyncio.Event()

    async def answer() -> Reply:
        await gate.wait()
        return reply(200, {"access_token": "t"})

    auth, sender = credentials(lambda *_: answer())
    outcomes = await asyncio.gather(*(auth.headers(0.01) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [UpstreamTimeoutError] * 5
    gate.set()
    assert await auth.headers(5) == bearer("t")
    assert len(sender.sent) == 1


async def test_nobody_waits_for_a_failure() -> None:
    """A fetch that fails when all have given up is no unhandled error, and the next call fetches again."""
    gate = asyncio.Event()

    async def fail() -> Reply:
        await gate.wait()
        return reply(500)

    answers = iter([fail(), reply(200, {"access_token": "t"})])
    auth, _ = credentials(lambda *_: next(answers))
    with pytest.raises(UpstreamTimeoutError):
        await auth.headers(0.01)
    gate.set()
    await asyncio.sleep(0.01)
    assert await auth.headers(5) == bearer("t")


async def test_fetch_is_cancelled() -> None:
    """A fetch that is ended from outside leaves nothing behind: the next call fetches anew."""
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    answers = iter([hang(), reply(200, {"access_token": "t"})])
    auth, _ = credentials(lambda *_: next(answers))
    waiting = asyncio.create_task(auth.headers(5))
    await started.wait()
    assert auth._flight is not None
    auth._flight.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await auth.headers(5) == bearer("t")


async def test_rejected_once_for_all() -> None:
    """Many 401s of one token bring one new token: the late ones do not throw the new one away."""
    auth, sender = credentials(tokens())
    old = await auth.headers(1)
    assert auth.rejected(old) is True
    assert await auth.headers(1) == bearer("t2")
    assert [auth.rejected(old) for _ in range(5)] == [True] * 5
    assert await auth.headers(1) == bearer("t2")
    assert len(sender.sent) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(401, {"error": "invalid_client"}), UpstreamUnavailableError),
        (reply(302), UpstreamUnavailableError),
        (reply(500, b"<html>"), UpstreamUnavailableError),
        (reply(200, b"<html>"), UpstreamInvalidError),
        (reply(200, b""), UpstreamInvalidError),
        (reply(200, {"token": "t"}), UpstreamInvalidError),
        (reply(200, {"access_token": 7}), UpstreamInvalidError),
        (reply(200, {"access_token": ""}), UpstreamInvalidError),
        (reply(200, {"access_token": "a\r\nx-admin: 1"}), UpstreamInvalidError),
        (reply(200, {"access_token": "tökén"}), UpstreamInvalidError),
        (reply(200, b'{"access_token": "\xff"}'), UpstreamInvalidError),
        (UpstreamTimeoutError("tmf620"), UpstreamTimeoutError),
    ],
)
async def test_endpoint_fails(answer: Any, error: type[GatewayError]) -> None:
    """Whatever the endpoint does wrong is an upstream's error, never a token and never a crash."""
    auth, _ = credentials(lambda *_: answer)
    with pytest.raises(error):
        await auth.headers(1)
