"""Where an event goes, and one POST over a connection of its own."""

import asyncio

import pytest

from sandbox.outgoing import callback_problem, post, target
from tests.sandbox.listening import listening


@pytest.mark.parametrize(
    ("callback", "path", "url"),
    [
        ("http://h", "/listener/x", "http://h/listener/x"),
        ("http://h/", "/listener/x", "http://h/listener/x"),
        ("http://h:8/a/b?token=t&x=1", "/listener/x", "http://h:8/a/b/listener/x?token=t&x=1"),
        ("http://h/a?token=t", "", "http://h/a?token=t"),
        ("https://h", "", "https://h/"),
        ("http://[::1]:9/a#f", "/x", "http://[::1]:9/a/x"),
    ],
)
def test_the_path_goes_after_the_callback_and_before_its_query(callback: str, path: str, url: str) -> None:
    assert target(callback, path) == (url, {})


def test_userinfo_becomes_basic() -> None:
    assert target("http://me:p%40ss@h:8/a", "/x") == ("http://h:8/a/x", {"authorization": "Basic bWU6cEBzcw=="})
    assert target("http://me@h", "/x")[1] == {"authorization": "Basic bWU6"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h",
        "ftp://h",
        "http://",
        "http:///x",
        "http://h:x",
        "http://h:99999",
        "http://h/a b",
        "http://h/\r\nx: y",
        "http://h/ü",
    ],
)
def test_what_nothing_can_be_posted_to(url: str) -> None:
    assert callback_problem(url) is not None


@pytest.mark.parametrize("url", ["http://h", "https://u:p@h:8/a?b=c", "http://[::1]:9/"])
def test_what_can_be_posted_to(url: str) -> None:
    assert callback_problem(url) is None


async def test_a_post_answers_the_status() -> None:
    async with listening(201, 503) as listener:
        assert await post(f"{listener.address}/a?b=c", b'{"x":1}', {"authorization": "Bearer t"}, 10) == 201
        heard = await listener.next()
        assert (heard.path, heard.body, heard.headers["authorization"]) == ("/a?b=c", {"x": 1}, "Bearer t")
        assert (heard.headers["content-type"], heard.headers["host"]) == ("application/json", listener.address[7:])
        assert await post(listener.address, b"{}", {}, 10) == 503
        assert (await listener.next()).path == "/"


async def test_a_listener_that_says_nothing_times_out() -> None:
    async with listening(0) as listener:
        with pytest.raises(TimeoutError):
            await post(listener.address, b"{}", {}, 0.05)


async def test_what_is_no_http_is_said() -> None:
    async with listening(-1) as listener:
        with pytest.raises(ValueError, match="no HTTP"):
            await post(listener.address, b"{}", {}, 10)


async def test_no_connection_is_said() -> None:
    async with listening() as listener:
        address = listener.address
    with pytest.raises(OSError, match="Connect"):
        await post(address, b"{}", {}, 10)


async def test_an_early_end_is_said() -> None:
    async def end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(end, "127.0.0.1", 0)
    async with server:
        with pytest.raises((EOFError, OSError)):
            await post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", b"{}", {}, 10)
