"""`availableNumbers` and `availableSims` as clients ask for them, over the sandbox's TMF639 with 2,000 of each."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bff.dev import SANDBOX_TIERS, SANDBOX_TMF639
from domain.reservations.offer_tokens import OfferTokens
from kernel.clock import SystemClock
from kernel.ids import local_id
from kernel.keys import SigningKeys
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from sandbox.seed.numbers import Numbers, secrets
from tests.client import Client
from tests.conftest import gateway_over
from tests.numbers.quiet import until_quiet

SIZE = 2_000
KEY = "k" * 40
RULE = Numbers(SIZE)
DOCUMENTS = [RULE.document(place) for place in range(2 * SIZE)]
NUMBERS = {f"+{each['value']}": each for each in DOCUMENTS[:SIZE]}
FREE = {msisdn for msisdn, each in NUMBERS.items() if each["resourceStatus"] == "available"}
SOME = "query($count: Int, $search: NumberSearch) { availableNumbers(count: $count, search: $search) { msisdn tier } }"
SIMS = "query($kind: SimKind!) { availableSims(kind: $kind, count: 50) { maskedIccid kind offerToken } }"


@pytest.fixture(scope="module")
def inventory_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(numbers=SIZE) as process:
        yield process


@pytest.fixture
def sandbox(inventory_process: SandboxProcess) -> SandboxControl:
    control = inventory_process.control
    control.reset()
    return control


@asynccontextmanager
async def opened(base_url: str, *, version: str = "v4", **given: Any) -> AsyncIterator[Client]:
    """A gateway with numbers."""
    defaults = {
        "tmf639_url": base_url + SANDBOX_TMF639[version],
        "tmf639_version": version,
        "tmf639_page_size": 1_000,
        "keys": KEY,
    }
    async with gateway_over(base_url, **{**defaults, **given}) as client:
        yield client


@pytest.fixture
def shop(inventory_process: SandboxProcess, sandbox: SandboxControl) -> Any:
    return partial(opened, inventory_process.base_url)


@asynccontextmanager
async def warm(shop: Any, redis_url: str, **given: Any) -> AsyncIterator[Client]:
    """A gateway whose index is there: a search costs no call any more. Calls are counted from then on."""
    control = SandboxControl(shop.args[0])
    async with shop(redis_url=redis_url, **given) as client:
        await until_quiet(lambda: client.data(SOME, count=1), lambda: asked(control))
        control.reset_calls()
        yield client


def asked(sandbox: SandboxControl) -> int:
    found: int = sandbox.calls()["total"]
    return found


@pytest.mark.parametrize("version", ["v4", "v5"])
async def test_a_warm_search_costs_no_call(shop: Any, redis_url: str, sandbox: SandboxControl, version: str) -> None:
    """Numbers and cards that are free, each with its token, others at each call."""
    async with warm(shop, redis_url, version=version) as client:
        sandbox.reset_calls()
        draws = [await client.data(SOME, count=50) for _ in range(2)]
        cards = await client.data(SIMS, kind="ESIM")
    assert asked(sandbox) == 0
    found = [{each["msisdn"] for each in draw["availableNumbers"]} for draw in draws]
    assert [len(each) for each in found] == [50, 50]
    assert found[0] != found[1]
    assert found[0] | found[1] <= FREE
    tiers = {each["msisdn"]: each["tier"] for draw in draws for each in draw["availableNumbers"]}
    assert all(tier == NUMBERS[msisdn]["category"].upper() for msisdn, tier in tiers.items())
    assert {each["kind"] for each in cards["availableSims"]} == {"ESIM"}
    assert len(cards["availableSims"]) == 50


async def test_every_kind_of_question_is_answered(shop: Any, redis_url: str) -> None:
    """Tier, prefix, contains, ends with, excluding: together and against the seed."""
    search: dict[str, Any] = {"tier": "SILVER", "prefix": "+491577", "contains": "5", "endsWith": "0"}
    expected = {
        msisdn for msisdn in FREE if NUMBERS[msisdn]["category"] == "Silver" and "5" in msisdn and msisdn.endswith("0")
    }
    some = sorted(expected)[:3]
    async with warm(shop, redis_url) as client:
        found = (await client.data(SOME, count=50, search=search))["availableNumbers"]
        others = (await client.data(SOME, count=50, search={**search, "excluding": some}))["availableNumbers"]
    assert 3 < len(expected) <= 50
    assert {each["msisdn"] for each in found} == expected
    assert {each["msisdn"] for each in others} == expected - set(some)


async def test_an_offer_token_is_the_number_s_or_the_card_s(shop: Any, redis_url: str) -> None:
    """Whoever holds the signing key reads from it what was offered; a card shows four digits of its ICCID."""
    tokens = OfferTokens(SigningKeys([KEY.encode()]), SystemClock())
    async with warm(shop, redis_url) as client:
        numbers = await client.data("{ availableNumbers { msisdn offerToken price { amount } } }")
        cards = await client.data(SIMS, kind="PHYSICAL")
    assert len(numbers["availableNumbers"]) == 10
    for each in numbers["availableNumbers"]:
        read = tokens.read(each["offerToken"])
        assert (read.msisdn, read.upstream_id) == (each["msisdn"], NUMBERS[each["msisdn"]]["id"])
        assert each["price"] is None
    serials = {each["serialNumber"] for each in DOCUMENTS if each["@type"] == "PhysicalResource"}
    for each in cards["availableSims"]:
        iccid = tokens.read(each["offerToken"]).value
        assert iccid in serials
        assert each["maskedIccid"] == "•" * (len(iccid) - 4) + iccid[-4:]


async def test_a_tier_is_shown_with_the_price_of_its_offering(
    shop: Any, redis_url: str, sandbox: SandboxControl, inventory_process: SandboxProcess
) -> None:
    """The one-time price in the catalogue, read once for an answer; tiers without offering have none."""
    sold = "{ productOfferings(first: 50) { nodes { id prices { kind gross { amount currency } } } } }"
    async with gateway_over(inventory_process.base_url) as client:
        offerings = (await client.data(sold))["productOfferings"]["nodes"]
    priced = {
        each["id"]: [price["gross"] for price in each["prices"] if price["kind"] == "PAY_NOW"] for each in offerings
    }
    offering, amounts = next((each, amounts) for each, amounts in priced.items() if amounts)
    setting = f"STANDARD={local_id(offering, 'ProductOffering')}"
    async with warm(shop, redis_url, numbers_tier_offerings=setting) as client:
        sandbox.reset_calls()
        found = await client.data("{ availableNumbers(count: 50) { tier price { amount currency } } }")
    assert {each["tier"] for each in found["availableNumbers"]} > {"STANDARD"}
    for each in found["availableNumbers"]:
        assert each["price"] == (amounts[0] if each["tier"] == "STANDARD" else None)
    assert asked(sandbox) == 2


async def test_the_sandbox_s_tiers_cost_what_its_catalogue_says(
    shop: Any, redis_url: str, sandbox: SandboxControl
) -> None:
    """As in `bff dev`: two calls for all tiers, offerings and prices, and none for the next answer."""
    wanted = {"STANDARD": None, "SILVER": "9.99", "GOLD": "49.99", "PLATINUM": "249.00"}
    some = "availableNumbers(count: 2, search: {{tier: {0}}}) {{ tier price {{ amount currency }} }}"
    every = " ".join(f"{tier.lower()}: {some.format(tier)}" for tier in wanted)
    async with warm(shop, redis_url, numbers_tier_offerings=",".join(SANDBOX_TIERS)) as client:
        sandbox.reset_calls()
        for _ in range(2):
            found = await client.data(f"{{ {every} }}")
            assert asked(sandbox) == 2
    seen = {each["tier"]: each["price"] for some in found.values() for each in some}
    assert seen == {tier: amount and {"amount": amount, "currency": "EUR"} for tier, amount in wanted.items()}


async def test_an_event_takes_a_number_out(shop: Any, redis_url: str, inventory_process: SandboxProcess) -> None:
    """It is read again, whatever the event says of it; then it is not drawn any more, in any process."""
    msisdn = min(FREE)
    local = NUMBERS[msisdn]["id"]
    question = {"prefix": msisdn}
    async with (
        warm(shop, redis_url, events_token="word", events_compare=0) as client,
        warm(shop, redis_url, events_token="word", events_compare=0) as other,
    ):
        assert (await other.data(SOME, search=question))["availableNumbers"]
        path = f"{inventory_process.base_url}{SANDBOX_TMF639['v4']}/resource/{local}"
        async with httpx.AsyncClient() as operator:
            assert (await operator.patch(path, json={"resourceStatus": "reserved"})).status_code == 200
        event = {"eventId": "1", "eventType": "ResourceStateChangeEvent", "event": {"resource": {"id": local}}}
        assert (await client.http.post("/events/tmf639/word", json=event)).status_code == 204
        assert (await client.http.post("/events/tmf639/other", json=event)).status_code == 404
        for each in (client, other):
            while (await each.data(SOME, search=question))["availableNumbers"]:
                pass


async def test_with_redis_away_the_upstream_is_searched(shop: Any, sandbox: SandboxControl) -> None:
    """From the start on, and with other answers at each call."""
    async with shop(redis_url="unix:///nowhere/valkey.sock", tmf639_page_size=100) as client:
        draws = [(await client.data(SOME, count=20))["availableNumbers"] for _ in range(3)]
    found = [{each["msisdn"] for each in draw} for draw in draws]
    assert all(each <= FREE for each in found)
    assert [len(each) for each in found] == [20, 20, 20]
    assert found[0] != found[1] != found[2]
    assert 3 <= asked(sandbox) <= 18


async def test_a_dead_upstream_costs_only_them(shop: Any, redis_url: str, sandbox: SandboxControl) -> None:
    """The catalogue of the same request is there."""
    sandbox.fault("status", api="TMF639", status=503)
    async with shop(redis_url=redis_url, tmf639_attempts=1) as client:
        answer = await client.query("{ availableNumbers { msisdn } productOfferings(first: 1) { nodes { id } } }")
    assert answer.data["availableNumbers"] is None
    assert len(answer.data["productOfferings"]["nodes"]) == 1
    assert answer.codes == ["UPSTREAM_UNAVAILABLE"]


async def test_a_shop_without_tmf639_has_none(inventory_process: SandboxProcess) -> None:
    """As with any other system that is not there."""
    async with gateway_over(inventory_process.base_url) as client:
        answer = await client.query("{ availableSims(kind: ESIM) { kind } }")
    assert (answer.data, answer.codes) == ({"availableSims": None}, ["UPSTREAM_UNAVAILABLE"])


@pytest.mark.parametrize(
    ("search", "count", "code"),
    [
        ({"contains": ".*"}, 10, "BAD_REQUEST"),
        ({"prefix": "%"}, 10, "BAD_REQUEST"),
        ({"endsWith": "1" * 200}, 10, "BAD_REQUEST"),
        ({}, 51, "LIMIT_EXCEEDED"),
        ({}, 0, "LIMIT_EXCEEDED"),
    ],
)
async def test_what_is_no_question_is_refused(
    shop: Any, sandbox: SandboxControl, search: dict[str, str], count: int, code: str
) -> None:
    """And costs no call."""
    async with shop(tmf639_url="http://127.0.0.1:9") as client:
        answer = await client.query(SOME, count=count, search=search)
    assert (answer.data, answer.codes) == ({"availableNumbers": None}, [code])


async def test_a_card_s_secrets_stay_where_they_are(shop: Any, redis_url: str, sandbox: SandboxControl) -> None:
    """No PUK, key or activation code in an answer, in Redis or in a log, though the server heeds no `fields`."""
    sandbox.habit("fields-ignored", api="TMF639")
    with capture_logs() as logs:
        async with warm(shop, redis_url) as client, Redis.from_url(redis_url) as redis:
            told = repr([await client.data(SIMS, kind=kind) for kind in ("ESIM", "PHYSICAL")])
            raw = b"".join([await redis.dump(key) for key in await redis.keys("*")])
    cards = [each.get("serialNumber") or each["value"] for each in DOCUMENTS[SIZE:]]
    hidden = {value for iccid in cards for _, value in secrets(iccid)}
    assert not [each for each in hidden if each in told or each in repr(logs) or each.encode() in raw]
    assert all("resourceCharacteristic" not in each["query"] for each in sandbox.calls()["log"])
