"""What an upstream says again, word for word, is the same object again."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from clients.texts import Texts
from kernel.context import Audience
from tests.clients.upstream import AUDIENCE, NONE, OTHERS, THINGS, Thing, client_of

SCOPE = ("test.thing", "en.web")
PLENTY = 1_000_000


def read(texts: Texts, *names: str, scope: tuple[str, str] = SCOPE) -> list[Thing]:
    return texts.read(scope, [name.encode() for name in names], lambda text: Thing(id=text.decode()))


def same(these: Sequence[object], those: Sequence[object]) -> list[bool]:
    return [one is other for one, other in zip(these, those, strict=True)]


def test_the_same_text_is_the_same_object() -> None:
    texts = Texts(PLENTY)
    first = read(texts, "a", "b")
    assert [each.id for each in first] == ["a", "b"]
    assert same(read(texts, "b", "c", "a"), [first[1], None, first[0]]) == [True, False, True]


@pytest.mark.parametrize("other", [("test.other", "en.web"), ("test.thing", "de.web")])
def test_nothing_is_shared_between_collections_or_audiences(other: tuple[str, str]) -> None:
    texts = Texts(PLENTY)
    first = read(texts, "a")
    assert same(read(texts, "a", scope=other), first) == [False]
    assert same(read(texts, "a"), first) == [True]


def test_what_nobody_holds_any_more_is_made_anew() -> None:
    """A text holds nothing alive: what a memory let go is gone."""
    texts, made = Texts(PLENTY), 0

    def make(text: Any) -> Thing:
        nonlocal made
        made += 1
        return Thing(id=text.decode())

    for _ in range(3):
        texts.read(SCOPE, [b"a"], make)
    assert made == 3
    held = texts.read(SCOPE, [b"a"], make)
    assert same(texts.read(SCOPE, [b"a"], make), held) == [True]
    assert made == 4


def test_it_has_an_end() -> None:
    """Of more texts than fit, those heard last stay, and those heard again; the others are forgotten."""
    texts = Texts(100_000)
    again, once, held = read(texts, "again"), read(texts, "once"), []
    for number in range(1_000):
        held += read(texts, f"{number}")
        assert same(read(texts, "again"), again) == [True]
    assert same(read(texts, "999"), held[-1:]) == [True]
    assert same(read(texts, "once"), once) == [False]
    kept = [same(read(texts, each.id), [each]) for each in reversed(held)].count([True])
    assert 0 < kept < 500


class Shop:
    """Things as JSON texts, some of which cannot be read."""

    def __init__(self, *texts: str) -> None:
        self.texts = [*texts]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(("/thing", "/other")):
            return httpx.Response(200, text=f"[{','.join(self.texts)}]")
        wanted = request.url.path.rsplit("/", 1)[1]
        return httpx.Response(200, text=next(each for each in self.texts if json.loads(each)["id"] == wanted))


async def page(client: Any, collection: Any = THINGS, audience: Audience = AUDIENCE) -> Any:
    return await client.page(collection, audience, fields=NONE, offset=0, limit=10)


async def test_through_the_client() -> None:
    """A page again: what says the same is the same object, by itself and in lists; what says anything else is not."""
    shop = Shop('{"id":"a","name":"A"}', '{"id":"b","name":"B"}', '{"id":"c"}')
    client = client_of(shop)
    client.texts = Texts(PLENTY)
    first = await page(client)
    shop.texts[1:] = ['{"id":"b","name":"other"}', '{"id": "c"}', '{"id":"d"}']
    second = await page(client)
    assert [each.name for each in second.items] == ["A", "other", None, None]
    assert same(second.items[:3], first.items) == [True, False, False]
    alone = await client.get(THINGS, AUDIENCE, "a", NONE)
    assert same([alone], first.items[:1]) == [True]
    for elsewhere in (await page(client, OTHERS), await page(client, audience=Audience("de", "web"))):
        assert elsewhere.items[0] == first.items[0]
        assert same(elsewhere.items[:1], first.items[:1]) == [False]


async def test_an_odd_element_costs_only_itself() -> None:
    shop = Shop('{"id":"a"}', "7", '{"id":"b","tags":[1,"t"]}')
    client = client_of(shop)
    client.texts = Texts(PLENTY)
    for _ in range(2):
        found = await page(client)
        assert [(each.id, each.tags) for each in found.items] == [("a", ()), ("b", ("t",))]
        assert found.received == 3


async def test_without_it_every_answer_is_decoded() -> None:
    client = client_of(Shop('{"id":"a"}'))
    first = await page(client)
    assert same((await page(client)).items, first.items) == [False]
