"""The servers: how each is started, what it is asked, and how its answer reads."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import Request, urlopen

import msgspec

from benchmarks.load import post
from benchmarks.peers import content
from benchmarks.peers.replay import PREFIX
from tests.processes import ROOT, free_ports, serving

NODE: Final = ROOT / "benchmarks" / "peers" / "node"
GATEWAY: Final = "this gateway"
OWN_PAGE: Final = 100
"""The gateway gives so many offerings a page at most: a larger one is asked for as several, in one operation."""

UNKEPT: Final = frozenset({"cold", "renewed"})
"""Where nothing is to be kept. They differ in what the upstream says: something new each time, or the same again."""

_PAGE = (
    "nodes { id name categories { id name } specification { name brand } prices { id name net { amount currency } } }"
)
_PEER = """query Page($offset: Int!, $limit: Int!) { offerings(offset: $offset, limit: $limit) {
  id name categories { id name } specification { name brand } prices { id name net { amount currency } }
} }"""
_PROXY = """query Page($offset: Int!, $limit: Int!) { offerings(offset: $offset, limit: $limit) {
  id name category { id name } productSpecification { specification { name brand } }
  productOfferingPrice { price { id name price { unit value } } }
} }"""


@dataclass(frozen=True)
class Page:
    """`count` offerings from the 0-based `offset` on."""

    offset: int
    count: int


@dataclass(frozen=True)
class Running:
    """A server that answers at `url`, as process `pid`."""

    name: str
    url: str
    pid: int
    ask: Callable[[Page], bytes]
    read: Callable[[Mapping[str, Any]], content.Content]

    def request(self, page: Page) -> bytes:
        return post(self.url, self.ask(page))

    def body(self, page: Page) -> bytes:
        """The bytes it answers to a page."""
        sent = Request(self.url, self.ask(page), {"Content-Type": "application/json"})
        with urlopen(sent, timeout=120) as reply:
            body: bytes = reply.read()
        return body

    def answer(self, page: Page) -> content.Content:
        """What it answers to a page.

        Raises:
            RuntimeError: an error is in the answer, or no data.
        """
        body = self.body(page)
        answer = msgspec.json.decode(body)
        if answer.get("errors") or not answer.get("data"):
            raise RuntimeError(f"{self.name}: {body[:500]!r}")
        return self.read(answer["data"])


class DidNotStartError(Exception):
    """A peer cannot do the work here; the text says why."""


# ---------------------------------------------------------------- this gateway


def cursors(url: str, count: int) -> Sequence[str]:
    """The cursors of the first `count` offerings, in order."""
    document = "query ($after: String) { productOfferings(first: 100, after: $after) { edges { cursor } } }"
    found: list[str] = []
    while len(found) < count:
        body = msgspec.json.encode({"query": document, "variables": {"after": found[-1] if found else None}})
        with urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=60) as reply:
            edges = msgspec.json.decode(reply.read())["data"]["productOfferings"]["edges"]
        if not edges:
            raise RuntimeError(f"the gateway shows {len(found)} offerings, {count} are needed")
        found.extend(edge["cursor"] for edge in edges)
    return found


def gateway_body(page: Page, known: Sequence[str]) -> bytes:
    """The operation for a page; `known` are the cursors of all offerings before its last hundred."""
    starts = range(page.offset, page.offset + page.count, OWN_PAGE)
    names = [f"a{number}" for number in range(len(starts))]
    fields = " ".join(f"p{name}: productOfferings(first: $first, after: ${name}) {{ {_PAGE} }}" for name in names)
    declared = ", ".join(("$first: Int!", *(f"${name}: String" for name in names)))
    after = {name: known[start - 1] if start else None for name, start in zip(names, starts, strict=True)}
    variables = {"first": min(page.count, OWN_PAGE), **after}
    return msgspec.json.encode({"query": f"query Page({declared}) {{ {fields} }}", "variables": variables})


@contextmanager
def gateway(upstream: str, mode: str, reach: int) -> Iterator[Running]:
    """`bff serve` as an operator runs it; what is not to be cached in `mode` is switched off."""
    settings: dict[str, object] = {"tmf620_page_size": 1_000, "metrics_enabled": True, "request_timeout": 60}
    if mode != "whole":
        settings["answers_memory_mb"] = 0
    if mode in UNKEPT:
        settings |= {"cache_fresh": 0, "cache_stale_while_revalidate": 0, "cache_missing": 0}
    if mode == "cold":
        settings["cache_memory_mb"] = 0
    port = free_ports(1, first=21_000)
    with serving(port=port, tmf620_url=upstream + PREFIX.rstrip("/"), **settings) as (base, pid):
        url = f"{base}/graphql"
        known = cursors(url, reach)
        yield Running(GATEWAY, url, pid, lambda page: gateway_body(page, known), content.of_gateway)


# ---------------------------------------------------------------- the others


def _peer_body(document: str) -> Callable[[Page], bytes]:
    def body(page: Page) -> bytes:
        variables = {"offset": page.offset, "limit": page.count}
        return msgspec.json.encode({"query": document, "variables": variables})

    return body


@dataclass(frozen=True)
class Peer:
    """Another server: its command, given port, upstream and mode, and the modes in which it can do the work."""

    name: str
    modes: frozenset[str]
    command: Callable[[int, str, str, Path], list[str]]
    document: str = _PEER
    read: Callable[[Mapping[str, Any]], content.Content] = content.of_peer
    path: str = "/graphql"


def _node(script: str) -> Callable[[int, str, str, Path], list[str]]:
    return lambda port, upstream, mode, _: ["node", str(NODE / script), str(port), upstream + PREFIX, mode]


def _plain(port: int, upstream: str, mode: str, _: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.peers.plain", str(port), upstream + PREFIX, mode]


def _tailcall(port: int, upstream: str, _mode: str, folder: Path) -> list[str]:
    configured = (NODE / "tailcall.graphql").read_text("utf-8")
    path = folder / "tailcall.graphql"
    path.write_text(configured.replace("PORT", str(port)).replace("UPSTREAM/", upstream + PREFIX), "utf-8")
    binary = NODE / "node_modules" / "@tailcallhq" / "core-linux-x64-gnu" / "bin" / "tailcall"
    binary.chmod(0o755)
    return [str(binary), "start", str(path)]


def _hive(port: int, upstream: str, _mode: str, folder: Path) -> list[str]:
    composed = folder / "supergraph.graphql"
    command = [str(NODE / "node_modules/.bin/mesh-compose"), "-c", str(NODE / "hive.compose.js"), "-o", str(composed)]
    told = {**os.environ, "UPSTREAM": upstream + PREFIX.rstrip("/")}
    done = subprocess.run(command, cwd=NODE, env=told, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DidNotStartError(f"its supergraph could not be made: {done.stdout[-200:]}")
    options = ["--port", str(port), "--host", "127.0.0.1", "--config-path", str(NODE / "hive.config.js")]
    return [str(NODE / "node_modules/.bin/hive-gateway"), *options, "supergraph", str(composed)]


PEERS: Final = (
    Peer("Strawberry, DataLoader, httpx", UNKEPT | {"cached"}, _plain),
    Peer("Apollo Server", UNKEPT | {"cached", "whole"}, _node("apollo.js"), path="/"),
    Peer("GraphQL Yoga, graphql-jit", UNKEPT | {"cached", "whole"}, _node("yoga.js")),
    Peer("Hive Gateway, JIT", UNKEPT, _hive, document=_PROXY, read=content.of_proxy),
    Peer("Tailcall", UNKEPT, _tailcall, document=_PROXY, read=content.of_proxy),
)


@contextmanager
def running(peer: Peer, upstream: str, mode: str, folder: Path) -> Iterator[Running]:
    """A peer that has answered a page.

    Raises:
        DidNotStartError: it ended or gave no right answer in time.
    """
    port = free_ports(1, first=22_000)
    environment = {
        **os.environ,
        "NODE_ENV": "production",
        "TAILCALL_TRACKER": "false",
        "TAILCALL_LOG_LEVEL": "error",
        "FORK": "1",
    }
    said = folder / f"{peer.name.split()[0].strip(',')}-{mode}.log"
    with said.open("wb") as log, ExitStack() as ending:
        try:
            process = subprocess.Popen(
                peer.command(port, upstream, mode, folder), cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        except OSError as error:
            raise DidNotStartError(str(error)) from None
        ending.callback(_stop, process)
        url = f"http://127.0.0.1:{port}{peer.path}"
        started = Running(peer.name, url, process.pid, _peer_body(peer.document), peer.read)
        _wait(started, process, said)
        yield started


def _wait(started: Running, process: "subprocess.Popen[bytes]", said: Path) -> None:
    last = ""
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            started.answer(Page(0, 1))
        except (URLError, OSError, RuntimeError, KeyError, TypeError) as error:
            last = str(error)
        else:
            return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    text = said.read_text("utf-8", "replace").strip().splitlines()
    raise DidNotStartError(f"{text[0][:200] if text else ''} {last[:300]}".strip() or "it ended without a word")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
