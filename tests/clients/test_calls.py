"""One GET made safe: retried on a budget, fenced by breakers, within its time, with the right headers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx

from clients.auth import ClientCredentials, StaticHeaders
from clients.calls import Calls, RefusedError, UpstreamOptions
from clients.guard import RetryBudget
from clients.http import HttpxSender
from kernel.clock import FixedClock
from kernel.context import Audience
from kernel.errors import (
    CircuitOpenError,
    UpstreamError,
    UpstreamInvalidError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from tests.clients.upstream import AUDIENCE, BASE, FakeSender, reply


def calls_of(
    answers: Any, clock: FixedClock | None = None, auth: Any = None, **options: Any
) -> tuple[Calls, FakeSender]:
    """Calls over a sender that gives `answers` one after the other, the last for ever."""
    left = list(answers)
    sender = FakeSender(lambda *_: left.pop(0) if len(left) > 1 else left[0])
    options = {"breaker_threshold": 100} | options
    made = Calls(
        "test", UpstreamOptions(BASE, **options), sender, clock or FixedClock(), auth or StaticHeaders(), RetryBudget()
    )
    return made, sender


async def get(calls: Calls, collection: str = "test.thing", also: tuple[int, ...] = ()) -> Any:
    return await calls.get(collection, "thing?fields=id", AUDIENCE, also=also)


@pytest.mark.parametrize("failure", [reply(500), reply(503), reply(429), UpstreamUnavailableError("test")])
async def test_retried(failure: Any) -> None:
    """A GET that met a 5xx, a 429 or a broken connection is asked again until it succeeds, and that is paid for."""
    calls, sender = calls_of([failure, failure, reply(200, [])])
    assert (await get(calls)).status == 200
    assert [method for method, *_ in sender.sent] == ["GET"] * 3
    assert calls.budget.left == pytest.approx(8.2)  # two spent, two tenths earned while not full


async def test_attempts_end() -> None:
    """After the last attempt its error comes, and only the repetitions were paid for."""
    calls, sender = calls_of([reply(503, b"overload at 10.0.0.7")])
    with pytest.raises(UpstreamUnavailableError) as caught:
        await get(calls)
    assert len(sender.sent) == 3
    assert calls.budget.left == pytest.approx(8.2)
    assert caught.value.detail == "test: GET thing?fields=id: 503 b'overload at 10.0.0.7'"


async def test_one_attempt() -> None:
    """With one attempt nothing is repeated and nothing paid."""
    calls, sender = calls_of([reply(503)], attempts=1)
    with pytest.raises(UpstreamUnavailableError):
        await get(calls)
    assert (len(sender.sent), calls.budget.left) == (1, 10)


async def test_budget_spent() -> None:
    """Without budget a failure stays a failure; it takes ten calls to earn one repetition."""
    calls, sender = calls_of([reply(503)])
    calls.budget.left = 0
    for _ in range(9):
        with pytest.raises(UpstreamUnavailableError):
            await get(calls)
    assert len(sender.sent) == 9
    calls.budget.left = 0.95
    with pytest.raises(UpstreamUnavailableError):
        await get(calls)
    assert len(sender.sent) == 11


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(400, {"code": "1"}), RefusedError),
        (reply(403), RefusedError),
        (reply(404), RefusedError),
        (reply(302), RefusedError),
        (reply(204), RefusedError),
        (UpstreamTimeoutError("test"), UpstreamTimeoutError),
        (UpstreamInvalidError("test"), UpstreamInvalidError),
    ],
)
async def test_not_retried(answer: Any, error: type[UpstreamError]) -> None:
    """What would come out the same, or was too slow already, is not asked again."""
    calls, sender = calls_of([answer])
    with pytest.raises(error):
        await get(calls)
    assert (len(sender.sent), calls.budget.left) == (1, 10)


@pytest.mark.parametrize("status", [200, 206, 404, 416])
async def test_statuses_that_are_answers(status: int) -> None:
    """200 and 206 are answers, and so are the statuses that the caller names."""
    calls, _ = calls_of([reply(status, b"[]")])
    assert (await get(calls, also=(404, 416))).status == status


async def test_body_is_cut_for_the_log() -> None:
    """Of what a refusing server says the first 200 bytes reach the log."""
    calls, _ = calls_of([reply(400, b"x" * 10_000)])
    with pytest.raises(RefusedError) as caught:
        await get(calls)
    assert caught.value.detail == f"test: GET thing?fields=id: 400 {b'x' * 200!r}"
    assert caught.value.message == "A system behind the shop gave an unusable answer."


@pytest.mark.parametrize("failure", [reply(500), reply(429), UpstreamTimeoutError("t"), UpstreamUnavailableError("t")])
async def test_breaker_opens(failure: Any) -> None:
    """5xx, 429, time-outs and broken connections open the circuit; then nothing is asked for a cool-down."""
    clock = FixedClock()
    calls, sender = calls_of([*[failure] * 3, reply(200)], clock, attempts=1, breaker_threshold=3)
    for _ in range(3):
        with pytest.raises(UpstreamError):
            await get(calls)
    for _ in range(5):
        with pytest.raises(CircuitOpenError):
            await get(calls)
    assert len(sender.sent) == 3
    clock.advance(5)
    assert (await get(calls)).status == 200
    assert (await get(calls)).status == 200
    assert len(sender.sent) == 5


@pytest.mark.parametrize("answer", [reply(404), reply(400), reply(200, b"<html>"), UpstreamInvalidError("t")])
async def test_breaker_stays_closed(answer: Any) -> None:
    """A refusal, a 404 and a body that is no use never open the circuit."""
    calls, sender = calls_of([answer], breaker_threshold=2)
    for _ in range(5):
        try:
            await get(calls)
        except UpstreamInvalidError:
            continue
    assert len(sender.sent) == 5
    assert calls.breakers["test.thing"].failures == 0


async def test_retries_stop_at_an_open_circuit() -> None:
    """Retries count as failures; once they have opened the circuit the last one is not sent."""
    calls, sender = calls_of([reply(503)], attempts=5, breaker_threshold=2)
    with pytest.raises(CircuitOpenError):
        await get(calls)
    assert len(sender.sent) == 2


async def test_a_breaker_each() -> None:
    """One collection's failures do not close another."""
    calls, sender = calls_of([reply(503), reply(200)], attempts=1, breaker_threshold=1)
    with pytest.raises(UpstreamUnavailableError):
        await get(calls, "test.price")
    assert (await get(calls, "test.thing")).status == 200
    with pytest.raises(CircuitOpenError):
        await get(calls, "test.price")
    assert len(sender.sent) == 2


async def test_time_is_shared_by_the_attempts() -> None:
    """All attempts share one time-out: each gets what the ones before it have left."""
    calls, sender = calls_of([reply(503)], timeout=2.0)
    with pytest.raises(UpstreamUnavailableError):
        await get(calls)
    seconds = [sent[-1] for sent in sender.sent]
    assert seconds == sorted(seconds, reverse=True)
    assert len(set(seconds)) == 3
    assert all(0 < each <= 2 for each in seconds)


async def test_no_time() -> None:
    """Nothing is sent once the time is over."""
    calls, sender = calls_of([reply(200)], timeout=-1)
    with pytest.raises(UpstreamTimeoutError):
        await get(calls)
    assert sender.sent == []


async def test_headers() -> None:
    """The upstream hears the language, the channel under the header it wants, JSON, and the API key."""
    sender = FakeSender(lambda *_: reply(200))
    options = UpstreamOptions(BASE, channel_header="x-shop")
    auth = StaticHeaders({"x-api-key": "sesame"})
    calls = Calls("test", options, sender, FixedClock(), auth, RetryBudget())
    await calls.get("test.thing", "thing", Audience("de", "app"), also=())
    [(_, url, headers, content, _)] = sender.sent
    assert (url, content) == (f"{BASE}/thing", None)
    assert headers == {
        "accept": "application/json",
        "accept-language": "de",
        "x-shop": "app",
        "x-api-key": "sesame",
    }


def oauth(routes: Callable[[respx.Router], None]) -> tuple[Calls, respx.Router]:
    router = respx.Router(assert_all_called=False)
    routes(router)
    sender = HttpxSender("test", transport=httpx.MockTransport(router.async_handler))
    clock = FixedClock()
    auth = ClientCredentials(
        sender, clock, upstream="test", token_url="https://idp.test/t", client_id="me", client_secret="x"
    )
    return Calls("test", UpstreamOptions(BASE, attempts=2), sender, clock, auth, RetryBudget()), router


def numbered(router: respx.Router) -> None:
    """A token endpoint that gives t1, t2, …"""
    numbers = iter(range(1, 100))
    router.post("https://idp.test/t", name="token").mock(
        side_effect=lambda _: httpx.Response(200, json={"access_token": f"t{next(numbers)}", "expires_in": 300})
    )


async def test_a_new_token_after_a_401() -> None:
    """A 401 costs one new token and one repetition, which succeeds with it; the breaker hears nothing of it."""

    def routes(router: respx.Router) -> None:
        numbered(router)
        router.get(f"{BASE}/thing", headers={"authorization": "Bearer t1"}, name="old").respond(401)
        router.get(f"{BASE}/thing", headers={"authorization": "Bearer t2"}, name="new").respond(200, json=[])

    calls, router = oauth(routes)
    assert (await get(calls)).status == 200
    assert (await get(calls)).status == 200
    assert [router[name].call_count for name in ("token", "old", "new")] == [2, 1, 2]
    assert calls.budget.left == 10
    assert calls.breakers["test.thing"].failures == 0


async def test_401_for_good() -> None:
    """A 401 to the new token too is a refusal: no endless fetching of tokens."""

    def routes(router: respx.Router) -> None:
        numbered(router)
        router.get(f"{BASE}/thing", name="thing").respond(401)

    calls, router = oauth(routes)
    with pytest.raises(RefusedError):
        await get(calls)
    assert [router[name].call_count for name in ("token", "thing")] == [2, 2]


async def test_401_with_an_api_key() -> None:
    """A fixed key is not tried twice."""
    calls, sender = calls_of([reply(401)], auth=StaticHeaders({"x-api-key": "old"}))
    with pytest.raises(RefusedError):
        await get(calls)
    assert len(sender.sent) == 1


async def test_token_endpoint_down() -> None:
    """Without a token the upstream is not asked, its error is that it is not available, and the breaker counts it."""

    def routes(router: respx.Router) -> None:
        router.post("https://idp.test/t", name="token").respond(503)
        router.get(f"{BASE}/thing", name="thing").respond(200, json=[])

    calls, router = oauth(routes)
    with pytest.raises(UpstreamUnavailableError):
        await get(calls)
    assert [router[name].call_count for name in ("token", "thing")] == [2, 0]
    assert calls.breakers["test.thing"].failures == 2
