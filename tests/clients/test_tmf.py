"""A TM Forum API as it really is: pages, single things, many things, and the dialects of real servers."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.tmf import Page, TMFClient, pushable
from kernel.clock import FixedClock
from kernel.errors import UpstreamError, UpstreamInvalidError, UpstreamUnavailableError
from tests.clients.upstream import AUDIENCE, BASE, NONE, OTHERS, THINGS, FakeTMF, Thing, client_of

IDS = st.from_regex(r"[A-Za-z0-9_](?:[A-Za-z0-9_:@()=~+\-]|\.(?!\.)){0,127}", fullmatch=True)
Answer = Callable[..., httpx.Response]


def answering(status: int = 200, **more: Any) -> tuple[TMFClient, list[httpx.URL]]:
    """A client of a server that always gives the same answer, and the URLs it is asked for."""
    asked: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(status, **more)

    return client_of(handler, attempts=1), asked


async def page_of(client: TMFClient, offset: int = 0, **filters: str) -> Page[Thing]:
    return await client.page(THINGS, AUDIENCE, fields=NONE, offset=offset, limit=20, filters=filters)


def thing(local_id: str) -> Thing:
    return Thing(id=local_id, name=local_id.upper())


async def many(server: FakeTMF, ids: list[str], client: TMFClient | None = None, **options: Any) -> dict[str, Any]:
    options = {"attempts": 1} | options
    return dict(await (client or client_of(server, **options)).get_many(THINGS, AUDIENCE, ids, NONE))


# ---------------------------------------------------------------------- pages


async def test_page() -> None:
    """A page asks for what is selected and what is always needed, and gives the items with the server's total."""
    client, asked = answering(json=[{"id": "a", "name": "A"}, {"id": "b"}], headers={"x-total-count": "7"})
    page = await client.page(
        THINGS, AUDIENCE, fields=frozenset({"tags"}), offset=40, limit=20, filters={"category.id": "x y+z&id=1#"}
    )
    assert page == Page([Thing(id="a", name="A"), Thing(id="b")], 2, 7)
    assert [str(url) for url in asked] == [
        f"{BASE}/thing?fields=id,name,tags&category.id=x%20y%2Bz%26id%3D1%23&offset=40&limit=20"
    ]


@pytest.mark.parametrize("total", [None, "", "many", "-1", "7.0", "٣", " 7"])
async def test_no_usable_total(total: str | None) -> None:
    """A total that is missing or no number is no total."""
    headers = {} if total is None else {"x-total-count": total.encode()}
    client, _ = answering(json=[], headers=headers)
    assert (await page_of(client)).total is None


async def test_partial_content() -> None:
    """206 is as good as 200 (TMF630)."""
    client, _ = answering(206, json=[{"id": "a"}])
    assert [item.id for item in (await page_of(client)).items] == ["a"]


@pytest.mark.parametrize("status", [404, 416])
async def test_nothing_there(status: int) -> None:
    """404 and 416 mean an empty page where something was filtered, or skipped."""
    client, _ = answering(status, text="<html>nothing</html>")
    assert await page_of(client, name="x") == Page((), 0, None)
    assert await page_of(client, offset=20) == Page((), 0, None)


@pytest.mark.parametrize("status", [404, 416])
async def test_wrong_address(status: int) -> None:
    """404 and 416 on the bare first page mean a wrong address: an empty shop would hide it."""
    client, _ = answering(status)
    with pytest.raises(UpstreamInvalidError):
        await page_of(client)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>login</html>",
        b'[{"id": "a"}, {"id":',
        b'{"code": "50", "reason": "sorry"}',
        b"null",
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
async def test_unusable_page(body: bytes) -> None:
    """HTML, half a list, an error in a 200, null and a mountain of brackets are an unusable answer."""
    client, asked = answering(content=body)
    with pytest.raises(UpstreamInvalidError) as caught:
        await page_of(client)
    assert caught.value.detail.startswith("test: thing: ")
    assert len(asked) == 1


async def test_odd_elements() -> None:
    """Odd elements, and those whose id could not go into a URL, are left out and still counted as received."""
    elements = [{"id": "a"}, 5, None, {"name": "x"}, {"id": "../../admin"}, {"id": "a?b"}, {"id": "", "name": "y"}]
    client, _ = answering(json=[*elements, {"id": "b", "tags": None}])
    assert await page_of(client) == Page([Thing(id="a"), Thing(id="b")], 8, None)


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_page_not_available(status: int) -> None:
    """A server that fails is not available, and its text stays out of the message."""
    client, _ = answering(status, text="stack trace at 10.0.0.7")
    with pytest.raises(UpstreamUnavailableError) as caught:
        await page_of(client)
    assert "10.0.0.7" not in caught.value.message


# ---------------------------------------------------------------------- one


async def test_get() -> None:
    """One thing is asked for under its quoted id, with the attributes wanted."""
    client, asked = answering(json={"id": "x:(version=1.0)", "name": "X", "colour": "red"})
    found = await client.get(THINGS, AUDIENCE, "x:(version=1.0)", frozenset({"tags"}))
    assert found == Thing(id="x:(version=1.0)", name="X")
    assert [url.raw_path for url in asked] == [b"/tmf-api/v4/thing/x%3A%28version%3D1.0%29?fields=id,name,tags"]


async def test_get_missing() -> None:
    """404 means that there is no such thing."""
    client, _ = answering(404)
    assert await client.get(THINGS, AUDIENCE, "a", NONE) is None


@pytest.mark.parametrize("local_id", ["../../admin", "a/b", "a?x=1", "a#b", "a%2e", "", "a b", "é"])
async def test_hostile_id(local_id: str) -> None:
    """An id that may not go into a URL is nobody's id; nothing is asked."""
    client, asked = answering(json={"id": local_id})
    assert await client.get(THINGS, AUDIENCE, local_id, NONE) is None
    assert await client.get_many(THINGS, AUDIENCE, [local_id, ".."], NONE) == {local_id: None, "..": None}
    assert asked == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"id": "a"', b'{"code": "50", "reason": "x"}', b'{"id": "b"}', b'[{"id": "a"}]', b"null"]
)
async def test_unusable_one(body: bytes) -> None:
    """Half an object, an error in a 200, a list, and another thing than the one asked for are an unusable answer."""
    client, _ = answering(content=body)
    with pytest.raises(UpstreamInvalidError):
        await client.get(THINGS, AUDIENCE, "a", NONE)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 416, 302])
async def test_refused_one(status: int) -> None:
    """A refusal is not "there is none"."""
    client, _ = answering(status)
    with pytest.raises(UpstreamInvalidError):
        await client.get(THINGS, AUDIENCE, "a", NONE)


# ---------------------------------------------------------------------- many


async def test_id_list() -> None:
    """A server that takes id lists is asked once; what the list leaves out is asked for singly, and is None."""
    server = FakeTMF(["a", "b", "c"])
    assert await many(server, ["c", "zz", "a"]) == {"c": thing("c"), "zz": None, "a": thing("a")}
    assert (server.lists, server.singles) == ([["c", "zz", "a"]], ["zz"])


async def test_one_id_is_no_list() -> None:
    """A single id is asked for under its path."""
    server = FakeTMF(["1"])
    assert await many(server, ["1"]) == {"1": thing("1")}
    assert (server.lists, server.singles) == ([], ["1"])


async def test_no_ids() -> None:
    """For nothing nothing is asked."""
    server = FakeTMF([])
    assert await many(server, []) == {}
    assert server.calls == []


async def test_duplicates() -> None:
    """An id that is wanted twice is asked for once, in lists and singly."""
    server = FakeTMF(["a", "b"])
    assert await many(server, ["a", "x", "a", "x", "b"]) == {"a": thing("a"), "x": None, "b": thing("b")}
    assert (server.lists, server.singles) == ([["a", "x", "b"]], ["x"])


async def test_hostile_ids_among_others() -> None:
    """A hostile id among others goes nowhere and costs only itself."""
    server = FakeTMF(["a", "b"])
    assert await many(server, ["a", "b,c", "../x", "b"]) == {
        "a": thing("a"),
        "b,c": None,
        "../x": None,
        "b": thing("b"),
    }
    assert (server.lists, server.singles) == ([["a", "b"]], [])


async def test_filter_ignored() -> None:
    """Rows that nobody asked for are not believed; the ids are asked for singly, and lists are not tried again."""
    server = FakeTMF(["x1", "x2", "x3", "a", "b"], dialect="ignores")
    client = client_of(server)
    assert await many(server, ["a", "b"], client) == {"a": thing("a"), "b": thing("b")}
    assert await many(server, ["b", "a"], client) == {"a": thing("a"), "b": thing("b")}
    assert (server.lists, server.singles) == ([["a", "b"]], ["a", "b", "b", "a"])


async def test_filter_ignored_with_luck() -> None:
    """A lucky hit among strangers does not make a server one that takes lists."""
    server = FakeTMF(["a", "x1", "x2", "b"], dialect="ignores")
    client = client_of(server)
    for _ in range(2):
        assert await many(server, ["a", "b"], client) == {"a": thing("a"), "b": thing("b")}
    assert (server.lists, server.singles) == ([["a", "b"]], ["b", "a", "b"])


@pytest.mark.parametrize("dialect", ["empty", "refuses", "digits"])
async def test_useless_lists(dialect: str) -> None:
    """A server that answers lists with nothing or a 4xx is found out once, and asked singly from then on."""
    server = FakeTMF(["1", "2", "3"], dialect=dialect)
    client = client_of(server)
    assert await many(server, ["1", "2", "99"], client) == {"1": thing("1"), "2": thing("2"), "99": None}
    assert await many(server, ["2", "3"], client) == {"2": thing("2"), "3": thing("3")}
    assert (server.lists, server.singles) == ([["1", "2", "99"]], ["1", "2", "99", "2", "3"])


async def test_nothing_is_learnt_from_nothing() -> None:
    """A list that is empty because nothing exists says nothing about lists."""
    server = FakeTMF(["a", "b"])
    client = client_of(server)
    assert await many(server, ["x", "y"], client) == {"x": None, "y": None}
    assert await many(server, ["a", "b"], client) == {"a": thing("a"), "b": thing("b")}
    assert server.lists == [["x", "y"], ["a", "b"]]


async def test_a_dialect_each() -> None:
    """What is learnt about one collection is not held against another."""
    server = FakeTMF(["a", "b"], dialect="empty")
    client = client_of(server)
    await many(server, ["a", "b"], client)
    asked = len(server.calls)
    await client.get_many(OTHERS, AUDIENCE, ["a", "b"], NONE)
    assert str(server.calls[asked]).endswith("/other?fields=id&id=a,b&offset=0&limit=2")


async def test_partial_errors() -> None:
    """An id whose answer fails costs only itself."""
    server = FakeTMF(["a", "b", "c"], dialect="empty", broken=frozenset({"b"}))
    found = await many(server, ["a", "b", "c", "d"])
    assert (found["a"], found["c"], found["d"]) == (thing("a"), thing("c"), None)
    assert isinstance(found["b"], UpstreamUnavailableError)
    assert list(found) == ["a", "b", "c", "d"]


async def test_lists_fail() -> None:
    """A list that fails is its ids' error: a server that struggles is not asked for each of them on top."""
    server = FakeTMF(["a", "b"], dialect="breaks")
    client = client_of(server, attempts=1)
    for _ in range(2):
        found = await many(server, ["a", "b"], client)
        assert [type(outcome) for outcome in found.values()] == [UpstreamUnavailableError] * 2
    assert (server.lists, server.singles) == ([["a", "b"]] * 2, [])


async def test_one_chunk_fails() -> None:
    """Of several lists a failing one costs only its own ids."""
    server = FakeTMF(["a", "b", "c", "d"])

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500) if "id=c" in str(request.url) else server(request)

    found = await many(server, ["a", "b", "c", "d"], client_of(handler, page_size=2, attempts=1))
    assert (found["a"], found["b"]) == (thing("a"), thing("b"))
    assert isinstance(found["c"], UpstreamUnavailableError)
    assert found["c"] is found["d"]


async def test_page_size() -> None:
    """No list is longer than a page; a last single one is asked for under its path."""
    ids = [f"i{number}" for number in range(7)]
    server = FakeTMF(ids)
    assert await many(server, ids, page_size=3) == {each: thing(each) for each in ids}
    assert (server.lists, server.singles) == ([ids[:3], ids[3:6]], ["i6"])


@given(
    st.lists(IDS, unique=True, max_size=40), st.sets(st.integers(0, 39)), st.integers(200, 2_000), st.integers(1, 12)
)
async def test_chunks(ids: list[str], gone: set[int], max_url: int, page_size: int) -> None:
    """For any ids: no URL of a list is too long and no list longer than a page, each id is in at most one list, and
    all are told apart rightly."""
    there = [each for at, each in enumerate(ids) if at not in gone]
    server = FakeTMF(there)
    found = await many(server, ids, max_url=max_url, page_size=page_size)
    assert found == {each: thing(each) if each in there else None for each in ids}
    assert all(len(asked) <= page_size for asked in server.lists)
    listed = [each for asked in server.lists for each in asked]
    assert len(listed) == len(set(listed))
    assert all(len(str(url)) <= max_url for url in server.calls if url.path.endswith("/thing"))


async def test_fan_out() -> None:
    """However many single calls there are, no more than the set number fly at once."""
    flying, most = 0, 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        flying -= 1
        return httpx.Response(404)

    client = client_of(handler, fan_out=3)
    found = await client.get_many(THINGS, AUDIENCE, [f"i{number}" for number in range(30)], NONE)
    assert (most, len(found), set(found.values())) == (3, 30, {None})


async def test_circuits() -> None:
    """The state of each circuit can be told, for collections that were asked."""
    server = FakeTMF([], broken=frozenset({"a"}))
    clock = FixedClock()
    client = client_of(server, clock, attempts=1, breaker_threshold=2)
    assert client.circuits() == {}
    for expected in ("closed", "open"):
        with pytest.raises(UpstreamError):
            await client.get(THINGS, AUDIENCE, "a", NONE)
        assert client.circuits() == {"test.thing": expected}


@pytest.mark.parametrize(
    ("value", "may"),
    [
        ("Active", True),
        ("po-1", True),
        ("447911123456", False),
        ("0", False),
        ("٣", False),
        ("a,b", False),
        ("1.5", True),
    ],
)
def test_pushable(value: str, may: bool) -> None:
    """A value of digits only, or with a comma, is not left to a server to filter by."""
    assert pushable(value) is may


@given(st.text(max_size=10))
def test_pushable_text(value: str) -> None:
    """Whatever is pushed can neither be taken for a number of digits nor for two values."""
    if pushable(value):
        assert not value.isdigit()
        assert value.split(",") == [value]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_no_longer_good_is_not_tried_id_by_id(status: int) -> None:
    """Refused for who asks, a list of ids is an error for each, after one call: a dead key must not multiply load."""
    client, asked = answering(status)
    found = await client.get_many(THINGS, AUDIENCE, ["a", "b", "c"], NONE)
    assert {key: type(value).__name__ for key, value in found.items()} == dict.fromkeys("abc", "RefusedError")
    assert len(asked) == 1
