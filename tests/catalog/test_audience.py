"""Languages and channels: from a header to the upstream and into every cache key, and nothing else of it."""

import asyncio
import re
from typing import Any

import pytest
import redis as redis_client

from sandbox.control import SandboxControl
from tests.conftest import MakeGateway
from tests.upstream import Seed, offering_id

PAGE = "{ productOfferings(first: 100) { nodes { id name description prices { name } categories { name } } } }"
EN, DE = {"accept-language": "en"}, {"accept-language": "de"}


async def test_both_languages_and_never_mixed(gateway: MakeGateway, seed: Seed, redis_url: str) -> None:
    """English and German asked in turns, at once and again: each page all in its own language, from every cache."""
    english = {offering_id(each["id"]): (each["name"], each["description"]) for each in seed.offerings}
    german = {offering_id(each["id"]): (each["name"], each["description"]) for each in seed.german}
    assert english[offering_id("po-mobile-m")] != german[offering_id("po-mobile-m")]
    async with gateway(redis_url=redis_url) as first, gateway(redis_url=redis_url) as second:
        for client in (first, second, first):
            pages = await asyncio.gather(*(client.data(PAGE, headers=h) for h in (EN, DE, EN, DE)))
            for page, truth in zip(pages, (english, german, english, german), strict=True):
                nodes = page["productOfferings"]["nodes"]
                assert [(node["name"], node["description"]) for node in nodes] == [truth[node["id"]] for node in nodes]
            assert pages[0]["productOfferings"]["nodes"][0]["prices"][0]["name"] == "Mobile M: monthly charge"
            assert pages[1]["productOfferings"]["nodes"][0]["prices"][0]["name"] == "Mobil M: monatlicher Grundpreis"
            assert pages[1]["productOfferings"]["nodes"][0]["categories"] == [{"name": "Laufzeittarife"}]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-ch;q=0.9, en;q=0.8", "de"),
        ("fr, de;q=0.5", "de"),
        ("fr", "en"),
        ("", "en"),
        ("en;q=0.1, de;q=0.2", "de"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("en;q=0, *", "de"),
        ("de;q=x, en", "en"),
        (";;;,,,===", "en"),
        ("de" * 4000, "en"),
        (",".join(["fr"] * 30 + ["de"]), "en"),
    ],
)
async def test_the_language_is_chosen_and_told(
    gateway: MakeGateway, sandbox: SandboxControl, header: str, language: str
) -> None:
    """The best of the offered languages goes upstream and is named in the answer."""
    async with gateway() as client:
        answer = await client.query(
            "{ productOfferings(first: 1) { nodes { name } } }", headers={"accept-language": header}
        )
    assert answer.headers["content-language"] == language
    assert answer.headers["vary"] == "Accept, Accept-Language, X-Channel"
    assert [call["headers"]["accept-language"] for call in sandbox.calls()["log"]] == [language]
    assert answer.data["productOfferings"]["nodes"] == [{"name": {"en": "Mobile M", "de": "Mobil M"}[language]}]


async def test_nothing_of_a_header_reaches_upstreams_or_keys(
    gateway: MakeGateway, sandbox: SandboxControl, redis_url: str
) -> None:
    """Whatever stands in Accept-Language or X-Channel, upstreams and Redis see only what the settings name."""
    nonsense = [
        "de\r\nX-Evil: 1",
        "web\r\nHost: evil",
        "zz-evil",
        "evil;q=1",
        "../evil",
        "evil" * 500,
        "\x00evil",
        "evíl",
    ]
    async with gateway(redis_url=redis_url) as client:
        for text in nonsense:
            reply = await client.http.post(
                "/graphql",
                json={"query": "{ productOfferings(first: 1) { nodes { name prices { id } } } }"},
                headers=[(b"accept-language", text.encode("latin-1")), (b"x-channel", text.encode("latin-1"))],
            )
            assert reply.status_code == 200
            assert "evil" not in str(reply.headers).casefold()
    sent = sandbox.calls()["log"]
    assert len(sent) == 2  # offerings and prices, once: every nonsense is English in the web shop
    assert {call["headers"]["x-channel"] for call in sent} == {"web"}
    assert {call["headers"]["accept-language"] for call in sent} == {"en"}
    with redis_client.Redis.from_url(redis_url) as redis:
        keys = [key.decode() for key in redis.scan_iter()]
    assert keys
    assert all("evil" not in key.casefold() for key in keys)
    assert [key for key in keys if not re.search(r"B2B\+B2C.en.web:", key)] == []


async def test_channels_do_not_share_entries(gateway: MakeGateway, sandbox: SandboxControl, clock: Any) -> None:
    """Each channel has its own entries and tells the upstream its own name."""
    document = "query($id: ID!) { productOffering(id: $id) { sellable } }"
    sold = []
    async with gateway(clock=clock) as client:
        for channel in ("shop", "web", " Shop ", "web"):
            found = await client.data(document, id=offering_id("po-tourist"), headers={"x-channel": channel})
            sold.append(found["productOffering"]["sellable"])
    assert sold == [True, False, True, False]
    assert [call["headers"]["x-channel"] for call in sandbox.calls()["log"]] == ["shop", "web"]


async def test_an_operator_with_other_languages_and_channels(gateway: MakeGateway, sandbox: SandboxControl) -> None:
    """The settings say which there are, which is the default, and by what header an upstream hears of the channel."""
    async with gateway(languages="de,en", channels="app,web") as client:
        answer = await client.query("{ productOfferings(first: 1) { nodes { name } } }")
    assert answer.headers["content-language"] == "de"
    (call,) = sandbox.calls()["log"]
    assert (call["headers"]["accept-language"], call["headers"]["x-channel"]) == ("de", "app")
