"""Linking a line: by a code to its own number, and without telling anybody whose number is whose."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import redis as redis_client

from bff.dev import SANDBOX_TMF681, embedded_redis
from domain.identity.lines import Lines
from domain.identity.linking import Linking
from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from store.idempotency import Idempotency
from tests.carts.fate import Killed, Life, boundary, live
from tests.customers.conftest import MakeShop
from tests.customers.people import Someone, company, new_key, person
from tests.customers.records import Records
from tests.customers.transports import Refusing

ADAS, TERMINATED, NOBODYS = "+4915770000017", "+4915770000025", "+4915770099999"
PRODUCTS = "{ viewer { customers { nodes { products { nodes { msisdn name } } } } } }"
WRONG = [["OTP_INVALID", "The code is wrong.", ["input", "code"]]]


@pytest.fixture
def linking(shop: MakeShop, sandbox_process: SandboxProcess, redis_url: str) -> MakeShop:
    """Makes shops that can send codes to lines; closing one waits for what it has begun to send."""
    url = sandbox_process.base_url + SANDBOX_TMF681
    return partial(shop, redis_url=redis_url, tmf681_url=url, identity_pace=0)


Texts = Callable[[str], list[str]]


@pytest.fixture
def texts(sandbox: SandboxControl) -> Texts:
    """The text messages that a number was sent."""
    return lambda number: [
        each["text"] for each in sandbox.outbox() if (each["channel"], each["to"]) == ("sms", number)
    ]


async def code_to(texts: Texts, number: str, count: int = 1) -> str:
    """The code in the newest message, once there are so many."""
    async with asyncio.timeout(10):
        while len(sent := texts(number)) < count:  # noqa: ASYNC110  (another process has them)
            await asyncio.sleep(0.01)
    found = re.search(r"\d{6}", sent[-1])
    assert found
    return found[0]


def told(payload: dict[str, Any]) -> list[list[Any]]:
    return [[error["code"], error["message"], error["path"]] for error in payload["errors"]]


async def linked(ada: Someone, texts: Texts, number: str = ADAS) -> dict[str, Any]:
    """Both calls; the second's payload."""
    sent = await ada.link(number)
    code = await code_to(texts, number)
    return await ada.link(number, challengeToken=sent["challengeToken"], code=code)


def line(customer: str, number: str, **more: Any) -> dict[str, Any]:
    related = {"id": customer, "name": "x", "role": "customer", "@referredType": "Customer"}
    told = [{"name": "MSISDN", "value": number.removeprefix("+")}]
    return {"name": "M", "status": "active", "relatedParty": [related], "productCharacteristic": told, **more}


@pytest.mark.parametrize("version", ["v4", "v5"])
async def test_a_line_joins_a_customer_and_keeps_everything_else(
    linking: MakeShop, records: Records, texts: Texts, version: str
) -> None:
    before = records.get("product", "pr-ada-mobile")
    async with linking(version=version) as ada:
        await ada.create()
        payload = await linked(ada, texts)
        assert payload["errors"] == []
        assert payload["challengeToken"] is None
        assert (payload["product"]["msisdn"], payload["product"]["name"]) == (ADAS, "Mobile M")
        (node,) = (await ada.data(PRODUCTS))["viewer"]["customers"]["nodes"]
        assert node["products"]["nodes"] == [{"msisdn": ADAS, "name": "Mobile M"}]
    after = records.get("product", "pr-ada-mobile")
    theirs, ours = before.pop("relatedParty"), after.pop("relatedParty")
    assert [(each["id"], each["role"]) for each in ours] == [
        *((each["id"], each["role"]) for each in theirs),
        (records.one("customer")["id"], "user"),
    ]
    assert after == before
    assert len(texts(ADAS)) == 1


async def test_what_others_keep_in_the_array_stays_as_it_came(
    linking: MakeShop, records: Records, texts: Texts
) -> None:
    odd = {"id": "dealer-7", "name": "Dealer", "role": "dealer", "@referredType": "Individual", "x-commission": "12"}
    kept = [*records.get("product", "pr-ada-mobile")["relatedParty"], odd]
    records.patch("product", "pr-ada-mobile", {"relatedParty": kept})
    async with linking() as ada:
        await ada.create()
        assert (await linked(ada, texts))["errors"] == []
    assert records.get("product", "pr-ada-mobile")["relatedParty"][:2] == kept


# ---------------------------------------------------------------- not theirs


async def make_other_shops_line(ada: Someone, records: Records) -> str:
    """A line of somebody who is this shop's customer."""
    ben = ada.another("user-ben")
    await ben.create(person("ben@example.com"))
    (upstream,) = [each["id"] for each in records.all("customer") if each["name"] == "Ada Winter"]
    records.create("product", line(upstream, "+4915770000041"))
    return "+4915770000041"


async def make_companys_line(_: Someone, records: Records) -> str:
    records.create("product", line("cu-bakery", "+4915770000058"))
    return "+4915770000058"


async def make_party_of_companys_line(_: Someone, records: Records) -> str:
    records.create("product", line("or-bakery", "+4915770000058"))
    return "+4915770000058"


async def make_two_lines(_: Someone, records: Records) -> str:
    for _number in range(2):
        records.create("product", line("cu-ben", "+4915770000066"))
    return "+4915770000066"


async def terminated(_: Someone, _records: Records) -> str:
    return TERMINATED


@pytest.mark.parametrize(
    "make",
    [make_other_shops_line, make_companys_line, make_party_of_companys_line, make_two_lines, terminated],
    ids=lambda make: make.__name__,
)
async def test_a_line_that_is_not_theirs_is_like_a_number_of_nobody(
    linking: MakeShop, records: Records, sandbox: SandboxControl, make: Any
) -> None:
    """Same shape, same length, no message, and no code is right."""
    async with linking() as ada:
        number = await make(ada, records)
        await ada.create()
        before = records.all("product")
        seen = []
        for each in (number, NOBODYS):
            sent = await ada.link(each)
            assert sent["challengeToken"]
            wrong = await ada.link(each, challengeToken=sent["challengeToken"], code="123456")
            seen.append((len(sent.pop("challengeToken")), sent, told(wrong), wrong["product"]))
        assert seen[0] == seen[1]
        assert seen[0][1:] == ({"product": None, "errors": []}, WRONG, None)
    assert sandbox.outbox() == []
    assert records.all("product") == before


async def test_a_company_links_a_companys_line(linking: MakeShop, records: Records, texts: Texts) -> None:
    number = await make_companys_line(Someone(None), records)  # type: ignore[arg-type]
    async with linking() as acme:
        await acme.create(company())
        assert (await linked(acme, texts, number))["product"]["msisdn"] == number


async def test_the_answer_waits_for_nothing_that_depends_on_whose_the_line_is(
    linking: MakeShop, sandbox: SandboxControl, texts: Texts
) -> None:
    """Messages hang, and so does the system that tells whose a line is; the answer comes all the same."""
    async with linking(tmf681_timeout=0.5, tmf629_timeout=0.5) as ada:
        await ada.create()
        for api in ("TMF681", "TMF629"):
            sandbox.fault("hang", api=api)
        async with asyncio.timeout(8):
            sent = [await ada.link(each) for each in (ADAS, NOBODYS)]
        assert [len(each["challengeToken"]) for each in sent] == [len(sent[0]["challengeToken"])] * 2
        assert [each["errors"] for each in sent] == [[], []]
        sandbox.clear_faults()
    assert texts(ADAS) == []


async def test_what_is_asked_in_the_foreground_is_the_same_for_every_number(
    linking: MakeShop, sandbox: SandboxControl
) -> None:
    async with linking() as ada:
        await ada.create()
        asked = []
        for number in (TERMINATED, NOBODYS):
            sandbox.reset_calls()
            await ada.link(number)
            log = [(each["api"], each["query"].replace(number[1:], "N")) for each in sandbox.calls()["log"]]
            asked.append(sorted(log))
    assert asked[0] == asked[1]
    assert [api for api, _ in asked[0]] == ["TMF637", "TMF637"]


# ---------------------------------------------------------------- codes and tokens


async def test_a_code_is_good_for_its_own_user_customer_and_number_alone(
    linking: MakeShop, records: Records, texts: Texts
) -> None:
    before = records.get("product", "pr-ada-mobile")
    async with linking() as ada:
        await ada.create()
        eve = ada.another("user-eve")
        await eve.create(person("eve@example.com"))
        sent = await ada.link(ADAS)
        answer = {"challengeToken": sent["challengeToken"], "code": await code_to(texts, ADAS)}
        assert told(await eve.link(ADAS, **answer)) == WRONG
        assert told(await ada.link(NOBODYS, **answer)) == [
            ["INVALID", "This is no challenge token for this.", ["input", "challengeToken"]]
        ]
        second = await ada.another(ada.name).create(person("second@example.com"))
        assert told(await ada.link(ADAS, customerId=second["customer"]["id"], **answer)) == WRONG
        assert records.get("product", "pr-ada-mobile") == before
        assert (await ada.link(ADAS, **answer))["errors"] == []


async def test_a_code_ends_after_ten_minutes(linking: MakeShop, clock: FixedClock, texts: Texts) -> None:
    async with linking(clock=clock) as ada:
        await ada.create()
        sent = await ada.link(ADAS)
        answer = {"challengeToken": sent["challengeToken"], "code": await code_to(texts, ADAS)}
        clock.advance(600)
        assert [each[0] for each in told(await ada.link(ADAS, **answer))] == ["OTP_EXPIRED"]


async def test_a_code_can_be_tried_five_times_and_no_key_helps(
    linking: MakeShop, records: Records, texts: Texts
) -> None:
    async with linking() as ada:
        await ada.create()
        sent = await ada.link(ADAS)
        right = await code_to(texts, ADAS)
        wrong = f"{(int(right) + 1) % 10**6:06}"
        tried = [(await ada.link(ADAS, challengeToken=sent["challengeToken"], code=wrong)) for _ in range(5)]
        assert [told(each) for each in tried] == [WRONG] * 5
        last = await ada.link(ADAS, challengeToken=sent["challengeToken"], code=right)
        assert [each[0] for each in told(last)] == ["RATE_LIMITED"]
    assert len(records.get("product", "pr-ada-mobile")["relatedParty"]) == 1


@pytest.mark.parametrize("number", [ADAS, NOBODYS])
async def test_a_number_is_sent_three_codes_in_ten_minutes_whoever_asks(
    linking: MakeShop, clock: FixedClock, number: str, texts: Texts
) -> None:
    async with linking(clock=clock) as ada:
        await ada.create()
        eve = ada.another("user-eve")
        await eve.create(person("eve@example.com"))
        seen = [told(await each.link(number)) for each in (ada, eve, ada, eve)]
        assert [[error[0] for error in each] for each in seen] == [[], [], [], ["RATE_LIMITED"]]
        clock.advance(600)
        assert told(await eve.link(number)) == []
    assert len(texts(number)) == (4 if number == ADAS else 0)


async def test_without_redis_nothing_is_sent_and_no_code_taken(
    linking: MakeShop, tmp_path_factory: pytest.TempPathFactory, records: Records, texts: Texts
) -> None:
    with embedded_redis(tmp_path_factory.mktemp("own")) as url:
        async with linking(redis_url=url) as ada:
            await ada.create()
            sent = await ada.link(ADAS)
            code = await code_to(texts, ADAS)
            with redis_client.Redis.from_url(url) as server:
                server.shutdown(nosave=True)
            refused = [await ada.link(ADAS), await ada.link(ADAS, challengeToken=sent["challengeToken"], code=code)]
            assert [[each[0] for each in told(payload)] for payload in refused] == [["RATE_LIMITED"]] * 2
    assert len(texts(ADAS)) == 1
    assert len(records.get("product", "pr-ada-mobile")["relatedParty"]) == 1


async def test_a_token_of_another_kind_is_none(linking: MakeShop) -> None:
    async with linking() as ada:
        await ada.create()
        for token in ("", "x", "A" * 700):
            payload = await ada.link(ADAS, challengeToken=token, code="123456")
            assert [each[0] for each in told(payload)] == ["INVALID"]


# ---------------------------------------------------------------- once, and to its end


async def test_the_same_key_sends_one_message_and_brings_the_same_code(linking: MakeShop, texts: Texts) -> None:
    async with linking() as ada:
        await ada.create()
        key = new_key()
        first = await ada.link(ADAS, key=key)
        code = await code_to(texts, ADAS)
        second = await ada.link(ADAS, key=key)
        for sent in (first, second):
            payload = await ada.link(ADAS, challengeToken=sent["challengeToken"], code=code)
            assert payload["product"]["msisdn"] == ADAS
        other = await ada.link(NOBODYS, key=key)
        assert [each[0] for each in told(other)] == ["IDEMPOTENCY_MISMATCH"]
    assert len(texts(ADAS)) == 1


async def test_a_message_that_was_not_sent_is_sent_when_the_key_comes_again(
    linking: MakeShop, sandbox: SandboxControl, texts: Texts
) -> None:
    key = new_key()
    async with linking() as ada:
        await ada.create()
        sandbox.fault("status", api="TMF681", status=503)
        await ada.link(ADAS, key=key)
    assert texts(ADAS) == []
    sandbox.clear_faults()
    async with linking() as again:
        again.customer = ada.customer
        sent = await again.link(ADAS, key=key)
        code = await code_to(texts, ADAS)
        assert (await again.link(ADAS, challengeToken=sent["challengeToken"], code=code))["errors"] == []


async def test_a_message_that_was_sent_without_an_answer_is_not_sent_again(
    linking: MakeShop, sandbox: SandboxControl, texts: Texts
) -> None:
    key = new_key()
    async with linking(tmf681_timeout=0.5) as ada:
        await ada.create()
        sandbox.habit("late-apply", api="TMF681", times=1)
        await ada.link(ADAS, key=key)
    async with linking() as again:
        again.customer = ada.customer
        await again.link(ADAS, key=key)
    assert len(texts(ADAS)) == 1


async def test_a_link_without_an_answer_is_finished_by_its_key_which_needs_no_code_any_more(
    linking: MakeShop, sandbox: SandboxControl, records: Records, texts: Texts
) -> None:
    async with linking(tmf637_timeout=0.5) as ada:
        await ada.create()
        sent = await ada.link(ADAS)
        answer = {"challengeToken": sent["challengeToken"], "code": await code_to(texts, ADAS)}
        key = new_key()
        sandbox.habit("late-apply", api="TMF637", times=1)
        lost = await ada.link(ADAS, key=key, **answer)
        assert [each[0] for each in told(lost)] == ["UPSTREAM_UNAVAILABLE"]
        assert lost["errors"][0]["retryable"]
        done = [await ada.link(ADAS, key=key, challengeToken="gone", code="000000") for _ in range(2)]
        assert [each["product"]["msisdn"] for each in done] == [ADAS, ADAS]
        other = await ada.link(NOBODYS, key=key, **answer)
        assert [each[0] for each in told(other)] == ["INVALID"]
    assert len(records.get("product", "pr-ada-mobile")["relatedParty"]) == 2


async def test_a_gateway_that_dies_once_the_line_has_joined_leaves_the_rest_to_the_key(
    linking: MakeShop, records: Records, texts: Texts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is let go of, as nothing is by a dead process; another takes over when the claim's time is over."""
    key = new_key()
    async with linking(clock=clock) as ada:
        await ada.create()
        sent = await ada.link(ADAS)
        answer = {"challengeToken": sent["challengeToken"], "code": await code_to(texts, ADAS)}
        join = Lines.join

        async def joins_and_dies(self: Lines, *given: Any) -> None:
            await join(self, *given)
            raise Killed

        async def nothing(*_: Any) -> None: ...

        with monkeypatch.context() as dying:
            dying.setattr(Lines, "join", joins_and_dies)
            dying.setattr(Idempotency, "release", nothing)
            with pytest.raises(Killed):
                await ada.link(ADAS, key=key, **answer)
        assert [each[0] for each in told(await ada.link(ADAS, key=key, **answer))] == ["IN_PROGRESS"]
        clock.advance(31)
        done = await ada.link(ADAS, key=key, challengeToken="gone", code="000000")
    assert (done["errors"], done["product"]["msisdn"]) == ([], ADAS)
    assert len(records.get("product", "pr-ada-mobile")["relatedParty"]) == 2


async def test_a_line_that_changed_hands_in_between_is_not_linked(
    linking: MakeShop, records: Records, texts: Texts
) -> None:
    async with linking() as ada:
        await ada.create()
        sent = await ada.link(ADAS)
        code = await code_to(texts, ADAS)
        records.patch("product", "pr-ada-mobile", {"status": "terminated"})
        payload = await ada.link(ADAS, challengeToken=sent["challengeToken"], code=code)
    assert told(payload) == [["NOT_FOUND", "This line cannot be linked.", ["input", "msisdn"]]]
    assert len(records.get("product", "pr-ada-mobile")["relatedParty"]) == 1


async def test_two_at_once_both_get_in_or_one_is_refused_and_nobody_is_lost(
    linking: MakeShop, records: Records, texts: Texts
) -> None:
    """Two shoppers hold the same telephone; the array of related parties is replaced as a whole."""
    async with linking() as ada:
        await ada.create()
        eve = ada.another("user-eve")
        await eve.create(person("eve@example.com"))
        answers = []
        for count, each in enumerate((ada, eve), 1):
            sent = await each.link(ADAS)
            answers.append({"challengeToken": sent["challengeToken"], "code": await code_to(texts, ADAS, count)})
        done = await asyncio.gather(*(each.link(ADAS, **more) for each, more in zip((ada, eve), answers, strict=True)))
    joined = [each for each in done if not each["errors"]]
    refused = [each[0] for payload in done for each in told(payload)]
    assert len(joined) == 1
    assert refused in (["NOT_FOUND"], ["IN_PROGRESS"])
    assert len(records.get("product", "pr-ada-mobile")["relatedParty"]) == 2


async def test_who_sleeps_while_another_joins_does_not_write_over_them(
    linking: MakeShop, records: Records, texts: Texts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the line and the write, until the lease is over: the array is replaced as a whole."""
    async with linking(clock=clock) as ada:
        await ada.create()
        eve = ada.another("user-eve")
        await eve.create(person("eve@example.com"))
        answers = []
        for count, each in enumerate((ada, eve), 1):
            sent = await each.link(ADAS)
            answers.append({"challengeToken": sent["challengeToken"], "code": await code_to(texts, ADAS, count)})
        kind = Lines._kind

        async def sleeping(self: Lines, *given: Any) -> Any:
            await boundary()
            return await kind(self, *given)

        monkeypatch.setattr(Lines, "_kind", sleeping)
        life = Life(sleeps_at=2)  # the first is before the lease
        late = await live(life, ada.link(ADAS, **answers[0]))
        assert life.asleep.is_set()
        clock.advance(31)
        assert (await eve.link(ADAS, **answers[1]))["errors"] == []
        after = records.get("product", "pr-ada-mobile")["relatedParty"]
        life.awake.set()
        assert [each[0] for each in told(await late)] == ["IN_PROGRESS"]
    assert records.get("product", "pr-ada-mobile")["relatedParty"] == after


async def test_who_sleeps_while_the_same_key_sends_does_not_send_again(
    linking: MakeShop, texts: Texts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with linking(clock=clock) as ada:
        await ada.create()
        key, count = new_key(), Linking._count_send

        async def sleeping(self: Linking, *given: Any) -> None:
            await boundary()
            await count(self, *given)

        monkeypatch.setattr(Linking, "_count_send", sleeping)
        life = Life(sleeps_at=1)
        late = await live(life, ada.link(ADAS, key=key))
        clock.advance(31)
        assert (await ada.link(ADAS, key=key))["errors"] == []
        await code_to(texts, ADAS)
        life.awake.set()
        assert [each[0] for each in told(await late)] == ["IN_PROGRESS"]
    assert len(texts(ADAS)) == 1


# ---------------------------------------------------------------- bad days, bad input


@pytest.mark.parametrize("habit", ["filter-ignored", "counts-missing", "sparse-write-answers", "etag-present"])
async def test_servers_that_answer_in_other_ways_make_no_difference(
    linking: MakeShop, sandbox: SandboxControl, texts: Texts, habit: str
) -> None:
    async with linking(tmf637_page_size=2) as ada:
        await ada.create()
        sandbox.habit(habit, api="TMF637")
        assert (await linked(ada, texts))["product"]["msisdn"] == ADAS


async def test_while_lines_cannot_be_looked_up_every_number_is_told_so(
    linking: MakeShop, sandbox: SandboxControl, texts: Texts
) -> None:
    async with linking() as ada:
        await ada.create()
        key = new_key()
        sandbox.fault("status", api="TMF637", status=503)
        away = [await ada.link(number, key=each) for number, each in ((ADAS, key), (NOBODYS, new_key()))]
        assert told(away[0]) == told(away[1])
        assert [each[0] for each in told(away[0])] == ["UPSTREAM_UNAVAILABLE"]
    sandbox.clear_faults()
    async with linking() as again:
        again.customer = ada.customer
        assert (await again.link(ADAS, key=key))["challengeToken"]
    assert len(texts(ADAS)) == 1


async def test_an_operator_that_refuses_the_link_is_no_reason_to_say_so_twice(linking: MakeShop, texts: Texts) -> None:
    async with linking(transports={"tmf637": Refusing("PATCH", 422)}) as ada:
        await ada.create()
        assert told(await linked(ada, texts)) == [["NOT_FOUND", "This line cannot be linked.", ["input", "msisdn"]]]


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"msisdn": "+490000"}, [["input", "msisdn"]]),
        ({"challengeToken": "x"}, [["input", "code"]]),
        ({"code": "123456"}, [["input", "challengeToken"]]),
        ({"code": "12a456", "challengeToken": "x"}, [["input", "code"], ["input", "challengeToken"]]),
        ({"code": "1" * 5_000, "challengeToken": "x"}, [["input", "code"], ["input", "challengeToken"]]),
        ({"challengeToken": "x" * 20_000, "code": "123456"}, [["input", "challengeToken"]]),
    ],
)
async def test_what_cannot_be_is_told_by_its_path_and_nothing_is_asked(
    linking: MakeShop, sandbox: SandboxControl, given: dict[str, str], paths: list[list[str]]
) -> None:
    async with linking() as ada:
        await ada.create()
        sandbox.reset_calls()
        payload = await ada.link(given.pop("msisdn", ADAS), **given)
    assert [error[2] for error in told(payload)] == paths
    assert {error[0] for error in told(payload)} == {"INVALID"}
    assert sandbox.calls()["total"] == 0


async def test_where_no_codes_can_be_sent_it_says_so(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.create()
        answer = await ada.ask("mutation($input: LinkServiceInput!) { linkService(input: $input) { errors { code } } }",
            input={"idempotencyKey": new_key(), "customerId": ada.customer["id"], "msisdn": ADAS})  # fmt: skip
    assert answer.codes == ["UPSTREAM_UNAVAILABLE"]


# ---------------------------------------------------------------- keys that are not remembered any more


async def unlinked(records: Records) -> None:
    """The line changes hands: nobody of the shop's customers has to do with it any more."""
    first, *_ = records.get("product", "pr-ada-mobile")["relatedParty"]
    records.patch("product", "pr-ada-mobile", {"relatedParty": [first]})


async def test_a_key_that_is_not_remembered_any_more_does_not_stand_for_a_code(
    linking: MakeShop, records: Records, texts: Texts, clock: FixedClock
) -> None:
    """It linked the line yesterday, and no sweep has come by since."""
    async with linking(clock=clock) as ada:
        await ada.create()
        sent, key = await ada.link(ADAS), new_key()
        answer = {"challengeToken": sent["challengeToken"], "code": await code_to(texts, ADAS)}
        assert (await ada.link(ADAS, key=key, **answer))["errors"] == []
        await unlinked(records)
        clock.advance(86_401)
        again = (await ada.link(ADAS))["challengeToken"]
        wrong = f"{(int(await code_to(texts, ADAS, 2)) + 1) % 10**6:06}"
        assert told(await ada.link(ADAS, key=key, challengeToken=again, code=wrong)) == WRONG
    assert len(records.get("product", "pr-ada-mobile")["relatedParty"]) == 1


async def test_a_key_that_is_forgotten_this_very_moment_does_not_stand_for_a_code(
    linking: MakeShop, records: Records, texts: Texts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it was looked for, and before it is claimed. The next try is asked for the code."""
    async with linking(clock=clock) as ada:
        await ada.create()
        sent, key = await ada.link(ADAS), new_key()
        answer = {"challengeToken": sent["challengeToken"], "code": await code_to(texts, ADAS)}
        assert (await ada.link(ADAS, key=key, **answer))["errors"] == []
        await unlinked(records)
        clock.advance(86_399)
        look = Idempotency.look

        async def looks_a_moment_too_early(self: Idempotency, *given: Any) -> Any:
            found = await look(self, *given)
            clock.advance(2)
            return found

        with monkeypatch.context() as patch:
            patch.setattr(Idempotency, "look", looks_a_moment_too_early)
            late = await ada.link(ADAS, key=key, challengeToken="gone", code="000000")
        assert [(each["code"], each["retryable"]) for each in late["errors"]] == [("IN_PROGRESS", True)]
        payload = await ada.link(ADAS, key=key, challengeToken="gone", code="000000")
        assert [each[0] for each in told(payload)] == ["INVALID"]
    assert len(records.get("product", "pr-ada-mobile")["relatedParty"]) == 1
