"""Whole answers behind the endpoint: what is kept and for whom, what browsers and CDNs are told, what ends one."""

import json
from random import Random
from typing import Any

import httpx
import pytest
from graphql import GraphQLObjectType, GraphQLSchema, parse, validate

from engine import private_field, public_fields
from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from schema.root import build_schema
from tests.client import JSON, Answer, Client
from tests.conftest import MakeGateway
from tests.engine.documents import document
from tests.upstream import Upstream, offering_id

PAGE = "query P($first: Int) { productOfferings(first: $first) { nodes { name sellable prices { net { amount } } } } }"
NAME = "query N($id: ID!) { productOffering(id: $id) { name sellable prices { name } } }"
MOBILE_M = offering_id("po-mobile-m")


def fate(answer: Answer | httpx.Response) -> str | None:
    """What became of a request, as the header tells."""
    found: str | None = answer.headers.get("cache-status")
    return None if found is None else found.removeprefix("bff; ")


async def get(client: Client, text: str, headers: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
    params = {"query": text, "variables": json.dumps(variables)}
    return await client.http.get("/graphql", params=params, headers={"accept": JSON, **(headers or {})})


# ---------------------------------------------------------------- kept, and for whom


async def test_the_second_to_ask_gets_the_same_bytes(gateway: MakeGateway) -> None:
    async with gateway() as client:
        first, second = await get(client, PAGE, first=3), await get(client, PAGE, first=3)
    assert (fate(first), fate(second)) == ("fwd=miss", "hit")
    assert first.content == second.content
    assert len(first.json()["data"]["productOfferings"]["nodes"]) == 3


async def test_whoever_asks_the_same_in_other_words_of_http_gets_it_too(gateway: MakeGateway) -> None:
    """POST or GET, of either media type: one question."""
    async with gateway() as client:
        posted = await client.query(PAGE, first=3)
        older = await client.http.post("/graphql", json={"query": PAGE, "variables": {"first": 3}})
        got = await get(client, PAGE, first=3)
    assert [fate(each) for each in (posted, older, got)] == ["fwd=miss", "hit", "hit"]
    assert older.headers["content-type"] == "application/json; charset=utf-8"
    assert got.headers["content-type"] == f"{JSON}; charset=utf-8"


async def test_variables_that_mean_the_same_are_the_same(gateway: MakeGateway) -> None:
    """A default, one that nobody declared, another order, a single value for a list."""
    text = """query Q($first: Int = 2, $ids: [ID!]) {
      productOfferings(first: $first, filter: {ids: $ids}) { nodes { id } } }"""
    async with gateway() as client:
        fates = [
            fate(await client.query(text, **variables))
            for variables in (
                {"first": 2, "ids": [MOBILE_M]},
                {"ids": MOBILE_M},
                {"ids": [MOBILE_M], "first": 2, "other": 1},
                {"first": None, "ids": [MOBILE_M]},
            )
        ]
    assert fates == ["fwd=miss", "hit", "hit", "fwd=miss"]


@pytest.mark.parametrize("header", [{"accept-language": "de"}, {"x-channel": "shop"}])
async def test_another_audience_has_an_answer_of_its_own(gateway: MakeGateway, header: dict[str, str]) -> None:
    async with gateway() as client:
        fates = [fate(await client.query(PAGE, headers=each, first=1)) for each in ({}, header, header, {})]
    assert fates == ["fwd=miss", "fwd=miss", "hit", "hit"]


async def test_headers_that_come_to_the_same_audience_share_an_answer(gateway: MakeGateway) -> None:
    async with gateway() as client:
        languages = ("de", "de-AT, fr;q=0.5", "DE")
        fates = [fate(await client.query(PAGE, headers={"accept-language": each}, first=1)) for each in languages]
    assert fates == ["fwd=miss", "hit", "hit"]


async def test_operations_of_one_document_are_told_apart(gateway: MakeGateway) -> None:
    text = "query A { categories { id } } query B { categories { name } }"
    async with gateway() as client:
        sent = [{"query": text, "operationName": name} for name in ("A", "B", "A")]
        answers = [await client.http.post("/graphql", json=each) for each in sent]
    assert [fate(each) for each in answers] == ["fwd=miss", "fwd=miss", "hit"]
    assert answers[0].json() != answers[1].json()


async def test_without_room_none_is_kept(gateway: MakeGateway) -> None:
    async with gateway(answers_memory_mb=0) as client:
        answers = [await get(client, PAGE, first=1) for _ in range(2)]
    assert [(fate(each), each.headers["cache-control"]) for each in answers] == [(None, "private, no-store")] * 2


async def test_variables_that_do_not_fit_are_refused_as_ever(gateway: MakeGateway) -> None:
    async with gateway() as client:
        answers = [await client.query(NAME, id=None) for _ in range(2)]
    assert [(each.status, each.codes, fate(each)) for each in answers] == [(400, ["BAD_REQUEST"], None)] * 2


async def test_a_body_that_looks_like_a_query_string_is_no_json(gateway: MakeGateway) -> None:
    """The bytes of a GET are known by the same memory."""
    async with gateway() as client:
        got = await get(client, PAGE, first=1)
        raw = b"?" + got.request.url.query
        posted = await client.http.post("/graphql", content=raw, headers={"content-type": "application/json"})
    assert (got.status_code, posted.status_code) == (200, 400)


# ---------------------------------------------------------------- what browsers and CDNs are told


async def test_a_get_tells_how_long_it_may_be_shown(gateway: MakeGateway) -> None:
    async with gateway(answers_max_age=7, answers_max_stale=5) as client:
        answer = await get(client, PAGE, first=1)
    assert answer.headers["cache-control"] == "public, max-age=7, stale-while-revalidate=5"
    assert answer.headers["vary"] == "Accept, Accept-Language, X-Channel"


async def test_a_shop_of_other_origins_varies_by_origin(gateway: MakeGateway) -> None:
    """Or a CDN would give a page without leave to a page of another origin."""
    async with gateway(cors_origins="https://shop.example") as client:
        plain = await get(client, PAGE, first=1)
        across = await get(client, PAGE, {"origin": "https://shop.example"}, first=1)
    assert "Origin" in plain.headers["vary"]
    assert across.headers["access-control-allow-origin"] == "https://shop.example"
    assert fate(across) == "hit"


async def test_the_answer_to_a_post_is_nobodys_to_keep(gateway: MakeGateway) -> None:
    async with gateway() as client:
        answers = [await client.query(PAGE, first=1) for _ in range(2)]
    assert [each.headers["cache-control"] for each in answers] == ["private, no-store"] * 2
    assert "etag" not in answers[1].headers


async def test_who_shows_credentials_gets_nothing_a_cdn_may_keep(gateway: MakeGateway) -> None:
    async with gateway() as client:
        answer = await get(client, PAGE, {"authorization": "Bearer x"}, first=1)
    assert (answer.headers["cache-control"], "etag" in answer.headers) == ("private, no-store", False)


@pytest.mark.parametrize("cookie", ["__Host-session=x", "a=b; __Secure-refresh=x"])
async def test_who_brings_a_session_s_cookie_gets_nothing_a_cdn_may_keep(gateway: MakeGateway, cookie: str) -> None:
    """Also where no cookies are wanted: what they say is then not looked at, but they are somebody's."""
    async with gateway() as client:
        answer = await get(client, PAGE, {"cookie": cookie}, first=1)
        assert answer.headers["cache-control"] == "private, no-store"
        assert "etag" not in answer.headers


@pytest.mark.parametrize("sent", ["{}", "W/{}", '"other", {}', "*"])
async def test_who_has_it_already_is_told_so(gateway: MakeGateway, sent: str) -> None:
    async with gateway() as client:
        etag = (await get(client, PAGE, first=1)).headers["etag"]
        answer = await get(client, PAGE, {"if-none-match": sent.format(etag)}, first=1)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert answer.headers["cache-control"].startswith("public")


async def test_who_has_another_gets_this_one(gateway: MakeGateway) -> None:
    async with gateway() as client:
        etag = (await get(client, PAGE, first=1)).headers["etag"]
        answer = await get(client, PAGE, {"if-none-match": etag}, first=2)
    assert (answer.status_code, answer.headers["etag"] != etag) == (200, True)


async def test_a_post_is_answered_whatever_one_has(gateway: MakeGateway) -> None:
    async with gateway() as client:
        etag = (await get(client, PAGE, first=1)).headers["etag"]
        answer = await client.query(PAGE, headers={"if-none-match": etag}, first=1)
    assert answer.status == 200


async def test_no_cdn_shows_an_answer_beyond_the_moment_it_changes_by_itself(
    gateway: MakeGateway, upstream: Upstream
) -> None:
    clock = FixedClock(1_795_000_000.0)
    upstream.patch("productOffering", "po-mobile-m", {"validFor": {"endDateTime": "2026-11-18T11:07:10Z"}})
    assert clock.at == 1_795_000_000.0  # 2026-11-18T11:06:40Z
    async with gateway(clock=clock, answers_max_age=60, answers_max_stale=60) as client:
        whole = await get(client, NAME, id=MOBILE_M)
        clock.advance(20)
        late = await get(client, NAME, id=MOBILE_M)
    assert whole.headers["cache-control"] == "public, max-age=30, stale-while-revalidate=0"
    assert (fate(late), late.headers["cache-control"]) == ("hit", "public, max-age=10, stale-while-revalidate=0")


# ---------------------------------------------------------------- what ends an answer


async def test_time_alone_changes_an_answer(gateway: MakeGateway, upstream: Upstream) -> None:
    """What can be sold until a moment cannot be sold from that moment on, and no event tells."""
    clock = FixedClock(1_795_000_000.0)
    upstream.patch("productOffering", "po-mobile-m", {"validFor": {"endDateTime": "2026-11-18T11:07:10Z"}})
    async with gateway(clock=clock) as client:
        seen = []
        for seconds in (0, 29, 1):
            clock.advance(seconds)
            seen.append((await client.data(NAME, id=MOBILE_M))["productOffering"]["sellable"])
    assert seen == [True, True, False]


async def test_time_alone_changes_a_page(gateway: MakeGateway, upstream: Upstream) -> None:
    """Also one whose members came with it, and were not looked for one by one."""
    clock = FixedClock(1_795_000_000.0)
    upstream.patch("productOffering", "po-mobile-m", {"validFor": {"endDateTime": "2026-11-18T11:07:10Z"}})
    page = "{ productOfferings(first: 100) { nodes { id sellable } } }"
    async with gateway(clock=clock) as client:
        seen = []
        for seconds in (0, 29, 1):
            clock.advance(seconds)
            nodes = (await client.data(page))["productOfferings"]["nodes"]
            seen += [node["sellable"] for node in nodes if node["id"] == MOBILE_M]
    assert seen == [True, True, False]


async def test_a_price_that_begins_shows_when_it_does(gateway: MakeGateway, upstream: Upstream) -> None:
    clock = FixedClock(1_795_000_000.0)
    begins = {"validFor": {"startDateTime": "2026-11-18T11:07:10Z"}}
    upstream.patch("productOfferingPrice", "pop-mobile-m-monthly", begins)
    async with gateway(clock=clock) as client:
        before = len((await client.data(NAME, id=MOBILE_M))["productOffering"]["prices"])
        clock.advance(30)
        after = len((await client.data(NAME, id=MOBILE_M))["productOffering"]["prices"])
    assert after == before + 1


async def test_an_answer_is_no_fresher_than_what_it_is_made_of(gateway: MakeGateway, upstream: Upstream) -> None:
    """Read a minute ago for another question, it makes this answer a minute old."""
    clock = FixedClock()
    settings = {"cache_fresh": 100, "cache_stale_while_revalidate": 0, "answers_lifetime": 1_000}
    async with gateway(clock=clock, **settings) as client:
        await client.data("query($id: ID!) { productOffering(id: $id) { name } }", id=MOBILE_M)
        clock.advance(60)
        assert fate(await client.query("query($id: ID!) { productOffering(id: $id) { id name } }", id=MOBILE_M))
        upstream.patch("productOffering", "po-mobile-m", {"name": "Renamed"})
        clock.advance(41)
        found = await client.data("query($id: ID!) { productOffering(id: $id) { id name } }", id=MOBILE_M)
    assert found["productOffering"]["name"] == "Renamed"


async def test_an_answer_with_errors_is_not_kept(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Nor is anybody else told to keep it; the next to ask after the upstream is well gets it whole."""
    sandbox.fault("status", api="TMF620", resource="productOfferingPrice", status=503)
    async with gateway(tmf620_attempts=1, tmf620_breaker_threshold=1_000) as client:
        broken = [await get(client, PAGE, first=1) for _ in range(2)]
        sandbox.clear_faults()
        whole = await get(client, PAGE, first=1)
    assert [(fate(each), each.headers["cache-control"]) for each in broken] == [("fwd=miss", "private, no-store")] * 2
    assert (fate(whole), "errors" in whole.json()) == ("fwd=miss", False)


async def test_what_is_only_better_than_nothing_is_not_kept(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """An old offering shown since its upstream is down makes an answer without errors that nobody keeps."""
    clock = FixedClock()
    settings = {"cache_fresh": 10, "cache_stale_while_revalidate": 0, "answers_stale_if_error": 0}
    async with gateway(clock=clock, tmf620_attempts=1, tmf620_breaker_threshold=1_000, **settings) as client:
        await get(client, PAGE, first=1)
        sandbox.fault("status", api="TMF620", status=503)
        clock.advance(11)
        answers = [await get(client, PAGE, first=1) for _ in range(2)]
    assert ["errors" in each.json() for each in answers] == [False, False]
    assert [(fate(each), each.headers["cache-control"]) for each in answers] == [("fwd=miss", "private, no-store")] * 2


async def test_an_older_answer_hides_a_failure(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """Within its bounds, and with nothing that says a CDN may keep it any longer."""
    clock = FixedClock()
    settings = {"answers_lifetime": 10, "answers_stale_while_revalidate": 0, "answers_stale_if_error": 60}
    breaking = {"cache_fresh": 40, "cache_stale_while_revalidate": 0, "cache_stale_if_error": 0}
    async with gateway(
        clock=clock, tmf620_attempts=1, tmf620_breaker_threshold=1_000, **settings, **breaking
    ) as client:
        whole = await get(client, PAGE, first=1)
        sandbox.fault("status", api="TMF620", status=503)
        clock.advance(39)
        covered = await get(client, PAGE, first=1)
        clock.advance(2)
        broken = await get(client, PAGE, first=1)
    assert whole.content == covered.content
    assert "errors" in broken.json()


# ---------------------------------------------------------------- the same as ever


def public_schema() -> GraphQLSchema:
    """The schema with hardly anything in it but what is public: what random documents are written for."""
    schema = build_schema.__wrapped__()._schema  # one of its own, for it is cut down
    schema.mutation_type = None
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and public_fields(kind):
            for name in set(kind.fields) - public_fields(kind):
                del kind.fields[name]
    return schema


@pytest.mark.no_cover  # other tests go the same ways
async def test_a_kept_answer_is_the_answer(gateway: MakeGateway) -> None:
    """Random public documents: made for one, kept for the next, or never kept at all, they say the same."""
    schema, written_for = build_schema()._schema, public_schema()
    hits = 0
    clock = FixedClock()
    async with gateway(clock=clock) as keeping, gateway(clock=clock, answers_memory_mb=0) as plain:
        for number in range(200):
            asked = document(written_for, Random(number), depth=5)
            tree = parse(asked.text)
            if validate(schema, tree) or private_field(schema, tree, tree.definitions[0]):  # type: ignore[arg-type]
                continue
            answers = [await client.query(asked.text, **asked.variables) for client in (plain, keeping, keeping)]
            bodies = [_without_ids(each.body) for each in answers]
            assert bodies[0] == bodies[1] == bodies[2], asked
            hits += fate(answers[2]) == "hit"
            assert (fate(answers[2]) == "hit") <= ("errors" not in answers[2].body)
    assert hits > 40


def _without_ids(body: dict[str, Any]) -> dict[str, Any]:
    errors = [{**error, "extensions": {"code": error["extensions"]["code"]}} for error in body.get("errors", ())]
    return {"data": body.get("data"), "errors": sorted(errors, key=str)}
