"""An upstream that costs next to nothing: TMF620 answers recorded from the sandbox, served by bare asyncio.

`python -m benchmarks.peers.replay PORT FILE [new]`. The file holds each collection's items as the sandbox gave them.
What of TMF630 all servers here use is done to them: `fields`, `offset`, `limit`, `id` as `a,b,c` or repeated, and one
item by its path.
`GET /calls` tells how many others came. An item's text for one choice of fields is made once, an answer joins such
texts. With `new` no item has the same text twice: each begins with a number in an attribute that nobody asked for.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlsplit

import msgspec
import uvloop

PREFIX: Final = "/tmf-api/productCatalogManagement/v4/"
_ALWAYS: Final = frozenset({"id", "href"})
_REMEMBERED_BYTES: Final = 200_000_000

Items = dict[str, list[dict[str, Any]]]


class Answers:
    """Answers to GETs by their target, such as `/tmf-api/…/v4/productOffering?limit=20`."""

    def __init__(self, collections: Items, *, new: bool = False) -> None:
        self._numbers = count(1) if new else None
        self._collections = {name: {item["id"]: item for item in items} for name, items in collections.items()}
        self._texts: dict[tuple[str, str], dict[str, bytes]] = {}
        self._remembered: dict[bytes, bytes] = {}
        self._size = 0

    def get(self, target: bytes) -> bytes:
        """The whole HTTP answer."""
        known = self._remembered.get(target)
        if known is None:
            known = self._made(target.decode())
            if self._numbers is not None:
                return known
            if self._size > _REMEMBERED_BYTES:
                self._remembered.clear()
                self._size = 0
            self._remembered[target] = known
            self._size += len(known)
        return known

    def _made(self, target: str) -> bytes:
        parts = urlsplit(target)
        name, _, one = parts.path.removeprefix(PREFIX).partition("/")
        if name not in self._collections or (one and one not in self._collections[name]):
            return _http(b'{"code":"60"}', status="404 Not Found")
        asked = parse_qs(parts.query)
        texts = self._texts_of(name, asked.get("fields", [""])[0])
        if one:
            return _http(self._told(texts[one]))
        if "id" in asked:
            ids = [each for value in asked["id"] for each in value.split(",")]
            found = [texts[each] for each in ids if each in texts]
            return _http(self._listed(found), total=len(found))
        offset, limit = (int(asked.get(name, [given])[0]) for name, given in (("offset", "0"), ("limit", "100")))
        return _http(self._listed([*texts.values()][offset : offset + limit]), total=len(texts))

    def _listed(self, texts: Sequence[bytes]) -> bytes:
        return b"[" + b",".join(map(self._told, texts)) + b"]"

    def _told(self, text: bytes) -> bytes:
        return text if self._numbers is None else b'{"@serial":%d,%b' % (next(self._numbers), text[1:])

    def _texts_of(self, name: str, fields: str) -> dict[str, bytes]:
        key = (name, fields)
        if key not in self._texts:
            wanted = _ALWAYS | set(fields.split(","))
            self._texts[key] = {
                each: msgspec.json.encode({k: v for k, v in item.items() if not fields or k in wanted})
                for each, item in self._collections[name].items()
            }
        return self._texts[key]


def _http(body: bytes, *, status: str = "200 OK", total: int = 0) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Total-Count: {total}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Served(asyncio.Protocol):
    """One connection: GETs without a body, one after the other or in one go."""

    calls = 0

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for head in heads:
            target = head.split(b" ", 2)[1]
            if target == b"/calls":
                self._transport.write(_http(b"%d" % Served.calls))
                continue
            Served.calls += 1
            self._transport.write(self._answer(target))


async def _serve(port: int, answers: Answers) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Served(answers.get), "127.0.0.1", port)
    await server.serve_forever()


def main(port: str, recorded: str, texts: str = "") -> None:
    items = msgspec.json.decode(Path(recorded).read_bytes())
    uvloop.run(_serve(int(port), Answers(items, new=texts == "new")))


if __name__ == "__main__":
    main(*sys.argv[1:])
