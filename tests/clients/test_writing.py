"""Writes to a TM Forum API: sent once, what came of it told as far as it can be known, in the words of its version."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx

from clients.auth import ClientCredentials
from clients.calls import RefusedError, UpstreamOptions
from clients.http import HttpxSender
from clients.tmf import Entity, TMFClient
from clients.writing import Writer
from kernel.clock import FixedClock
from kernel.errors import (
    CircuitOpenError,
    UnknownOutcomeError,
    UpstreamError,
    UpstreamInvalidError,
    UpstreamUnreachedError,
)
from tests.clients.upstream import AUDIENCE, BASE, THINGS

ONE = f"{BASE}/thing/t1"
THING = {"id": "t1", "name": "One"}


def writer_to(routes: Callable[[respx.Router], Any], **options: Any) -> tuple[Writer, respx.Router]:
    """A writer, and the upstream behind it, where every call is a route."""
    router = respx.Router(assert_all_called=False)
    routes(router)
    sender = HttpxSender("test", transport=httpx.MockTransport(router.async_handler))
    given = {"breaker_threshold": 100} | options
    return Writer(TMFClient("test", UpstreamOptions(BASE, **given), sender, FixedClock())), router


def patched(router: respx.Router) -> httpx.Request:
    """The one PATCH that was sent."""
    (call,) = router.calls
    request: httpx.Request = call.request
    return request


# ---------------------------------------------------------------- what is sent


async def test_a_decimal_is_written_as_a_number_with_all_its_digits() -> None:
    writer, router = writer_to(lambda router: router.patch(ONE).respond(200, json=THING))
    await writer.change(THINGS, AUDIENCE, "t1", {"value": Decimal("19.9900000000000000001"), "whole": Decimal(5)})
    assert patched(router).content == b'{"value":19.9900000000000000001,"whole":5}'


@pytest.mark.parametrize(("version", "kind"), [("v4", "application/json"), ("v5", "application/merge-patch+json")])
async def test_a_patch_says_what_it_is_in_the_words_of_its_version(version: str, kind: str) -> None:
    writer, router = writer_to(lambda router: router.patch(ONE).respond(200, json=THING), version=version)
    await writer.change(THINGS, AUDIENCE, "t1", {})
    assert patched(router).headers["content-type"] == kind


@pytest.mark.parametrize("version", ["v4", "v5"])
async def test_a_post_is_json_in_every_version(version: str) -> None:
    writer, router = writer_to(lambda router: router.post(f"{BASE}/thing").respond(201, json=THING), version=version)
    await writer.create(THINGS, AUDIENCE, {"name": "One"})
    request = patched(router)
    assert (request.headers["content-type"], json.loads(request.content)) == ("application/json", {"name": "One"})


async def test_an_etag_is_asked_for_where_one_is_given() -> None:
    writer, router = writer_to(lambda router: router.patch(ONE).respond(200, json=THING))
    await writer.change(THINGS, AUDIENCE, "t1", {}, if_match='"7"')
    assert patched(router).headers["if-match"] == '"7"'


async def test_without_an_etag_nothing_is_asked_for() -> None:
    writer, router = writer_to(lambda router: router.patch(ONE).respond(200, json=THING))
    await writer.change(THINGS, AUDIENCE, "t1", {})
    assert "if-match" not in patched(router).headers


@pytest.mark.parametrize("local_id", ["", "../admin", "a/b", "a?b", "a#b", "a%2fb", "..", "a" * 129, "ä"])
async def test_an_id_that_may_not_stand_in_a_url_is_not_sent(local_id: str) -> None:
    writer, router = writer_to(lambda router: router.route().respond(200, json=THING))
    for call in (
        writer.change(THINGS, AUDIENCE, local_id, {}),
        writer.remove(THINGS, AUDIENCE, local_id),
        writer.read(THINGS, AUDIENCE, local_id),
    ):
        with pytest.raises(ValueError, match="URL"):
            await call
    assert router.calls.call_count == 0


async def test_an_id_is_quoted_in_the_url() -> None:
    writer, router = writer_to(lambda router: router.route().respond(204))
    await writer.remove(THINGS, AUDIENCE, "urn:a@b(1)+2")
    assert patched(router).url.raw_path.decode().endswith("/thing/urn%3Aa%40b%281%29%2B2")


# ---------------------------------------------------------------- what the answer tells


@pytest.mark.parametrize("status", [200, 201])
async def test_an_answer_tells_what_is_kept_and_its_etag(status: int) -> None:
    writer, _ = writer_to(lambda router: router.patch(ONE).respond(status, json=THING, headers={"etag": '"8"'}))
    written = await writer.change(THINGS, AUDIENCE, "t1", {})
    assert written.entity is not None
    assert (written.entity.name, written.etag) == ("One", '"8"')


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, THING),  # accepted, not done: what it shows is not what is kept
        (204, None),
        (200, b""),
        (200, b"<html>"),
        (200, b'{"id": "t1", "name'),
        (200, {"code": "1", "reason": "an error in disguise"}),
        (200, {"name": "One"}),
        (200, {"id": "t2", "name": "Another"}),
        (200, [THING]),
        (200, b"null"),
    ],
)
async def test_an_answer_that_tells_nothing_readable_is_no_failure(status: int, body: Any) -> None:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    writer, _ = writer_to(lambda router: router.patch(ONE).respond(status, content=content))
    assert (await writer.change(THINGS, AUDIENCE, "t1", {})).entity is None


@pytest.mark.parametrize("new_id", ["../admin", "", "a b"])
async def test_a_new_id_that_may_not_stand_in_a_url_is_none(new_id: str) -> None:
    writer, _ = writer_to(lambda router: router.post(f"{BASE}/thing").respond(201, json={"id": new_id}))
    assert (await writer.create(THINGS, AUDIENCE, {})).entity is None


@pytest.mark.parametrize("status", [200, 202, 204, 404, 410])
async def test_what_is_gone_is_removed(status: int) -> None:
    writer, router = writer_to(lambda router: router.delete(ONE).respond(status))
    await writer.remove(THINGS, AUDIENCE, "t1")
    assert router.calls.call_count == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_gone_reads_as_nothing(status: int) -> None:
    writer, _ = writer_to(lambda router: router.get(ONE).respond(status))
    assert await writer.read(THINGS, AUDIENCE, "t1") is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"id": "t2"}'])
async def test_a_read_without_the_entity_is_an_error(body: bytes) -> None:
    """Else a cart would be taken for gone."""
    writer, _ = writer_to(lambda router: router.get(ONE).respond(200, content=body))
    with pytest.raises(UpstreamInvalidError):
        await writer.read(THINGS, AUDIENCE, "t1")


# ---------------------------------------------------------------- what is known when it fails


@pytest.mark.parametrize("failure", [500, 502, 503, 504, 408, 429, httpx.ReadError("x"), httpx.ReadTimeout("x")])
async def test_a_write_that_was_sent_has_an_unknown_outcome_and_is_not_sent_again(failure: Any) -> None:
    answer = {"side_effect": failure} if isinstance(failure, Exception) else {"return_value": httpx.Response(failure)}
    writer, router = writer_to(lambda router: router.patch(ONE).mock(**answer))
    with pytest.raises(UnknownOutcomeError):
        await writer.change(THINGS, AUDIENCE, "t1", {})
    assert router.calls.call_count == 1


@pytest.mark.parametrize("status", [300, 302, 400, 401, 403, 404, 405, 409, 412, 415, 422, 428])
async def test_a_write_that_is_refused_changed_nothing(status: int) -> None:
    writer, router = writer_to(lambda router: router.patch(ONE).respond(status, json={"code": "1"}))
    with pytest.raises(RefusedError) as caught:
        await writer.change(THINGS, AUDIENCE, "t1", {})
    assert (caught.value.status, router.calls.call_count) == (status, 1)


async def test_a_write_that_never_left_is_not_unknown() -> None:
    writer, _ = writer_to(lambda router: router.patch(ONE).mock(side_effect=httpx.ConnectError("x")))
    with pytest.raises(UpstreamUnreachedError):
        await writer.change(THINGS, AUDIENCE, "t1", {})


async def test_with_the_circuit_open_nothing_is_sent() -> None:
    writer, router = writer_to(lambda router: router.patch(ONE).respond(503), breaker_threshold=1)
    with pytest.raises(UnknownOutcomeError):
        await writer.change(THINGS, AUDIENCE, "t1", {})
    with pytest.raises(CircuitOpenError) as caught:
        await writer.change(THINGS, AUDIENCE, "t1", {})
    assert not isinstance(caught.value, UnknownOutcomeError)
    assert router.calls.call_count == 1


# ---------------------------------------------------------------- tokens


def with_tokens(routes: Callable[[respx.Router], Any]) -> tuple[Writer, respx.Router]:
    """A writer that gets the tokens t1, t2, …"""
    router = respx.Router(assert_all_called=False)
    numbers = iter(range(1, 100))
    router.post("https://idp.test/t", name="token").mock(
        side_effect=lambda _: httpx.Response(200, json={"access_token": f"t{next(numbers)}", "expires_in": 300})
    )
    routes(router)
    sender = HttpxSender("test", transport=httpx.MockTransport(router.async_handler))
    auth = ClientCredentials(
        sender, FixedClock(), upstream="test", token_url="https://idp.test/t", client_id="me", client_secret="x"
    )
    return Writer(TMFClient("test", UpstreamOptions(BASE), sender, FixedClock(), auth)), router


async def test_a_write_refused_for_its_token_is_sent_with_a_new_one() -> None:
    def routes(router: respx.Router) -> None:
        router.patch(ONE, headers={"authorization": "Bearer t1"}, name="old").respond(401)
        router.patch(ONE, headers={"authorization": "Bearer t2"}, name="new").respond(200, json=THING)

    writer, router = with_tokens(routes)
    assert (await writer.change(THINGS, AUDIENCE, "t1", {})).entity is not None
    assert [router[name].call_count for name in ("token", "old", "new")] == [2, 1, 1]


async def test_a_write_refused_with_the_new_token_too_is_refused() -> None:
    writer, router = with_tokens(lambda router: router.patch(ONE, name="thing").respond(401))
    with pytest.raises(RefusedError):
        await writer.change(THINGS, AUDIENCE, "t1", {})
    assert [router[name].call_count for name in ("token", "thing")] == [2, 2]


async def test_without_a_token_nothing_is_sent_and_nothing_is_unknown() -> None:
    def routes(router: respx.Router) -> None:
        router["token"].mock(side_effect=None, return_value=httpx.Response(503))
        router.patch(ONE, name="thing").respond(200, json=THING)

    writer, router = with_tokens(routes)
    with pytest.raises(UpstreamError) as caught:
        await writer.change(THINGS, AUDIENCE, "t1", {})
    assert not isinstance(caught.value, UnknownOutcomeError)
    assert router["thing"].call_count == 0


async def test_a_model_is_read_leniently() -> None:
    body = {"id": "t1", "name": 7, "tags": None, "more": {"a": 1}}
    writer, _ = writer_to(lambda router: router.patch(ONE).respond(200, json=body))
    written = await writer.change(THINGS, AUDIENCE, "t1", {})
    assert isinstance(written.entity, Entity)
    assert written.entity.tags == ()
