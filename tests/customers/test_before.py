"""Customers that the operator had before the shop: nobody becomes one twice, and nobody is told who is one."""

from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.customers.conftest import MakeShop
from tests.customers.people import company, person
from tests.customers.records import Records

DUPLICATE = [["DUPLICATE", "There is a customer with such details already.", ["input", "party"]]]
DOCUMENT = {"identificationType": "passport", "identificationId": "C01X00T47"}
REGISTER = {"identificationType": "commercialRegister", "identificationId": "HRB90210"}
PHONE = {"mediumType": "mobile", "characteristic": {"phoneNumber": "+4915112345678"}}


def told(payload: dict[str, Any]) -> list[list[Any]]:
    return [[error["code"], error["message"], error["path"]] for error in payload["errors"]]


def contact(**more: Any) -> dict[str, Any]:
    return {"contact": {"reminderConsent": False, **more}}


SOME = {
    "email": person("ada@lumaro.example"),
    "email in other letters": person("Ada@Lumaro.example"),
    "phone": person(**contact(phone="+4915112345678")),
    "document": person(documentNumber="c01x-00t47"),
    "registration": company("HRB 90210"),
    "registration in other letters": company("hrb-90210"),
}


@pytest.mark.parametrize("version", ["v4", "v5"])
@pytest.mark.parametrize("given", SOME.values(), ids=SOME)
async def test_who_was_a_customer_before_is_a_duplicate_and_nothing_is_made(
    shop: MakeShop, records: Records, given: dict[str, Any], version: str
) -> None:
    """The server's filter finds what is written alike: as it was typed, or in the one form."""
    media = records.get("individual", "in-ada")["contactMedium"]
    records.patch("individual", "in-ada", {"contactMedium": [*media, PHONE], "individualIdentification": [DOCUMENT]})
    records.patch("organization", "or-bakery", {"organizationIdentification": [REGISTER]})
    async with shop(version=version) as somebody:
        assert told(await somebody.create(given)) == DUPLICATE
        assert records.counts() == (0, 0, 0)
        assert (await somebody.create(person("free@example.com")))["errors"] == []


async def test_the_words_are_those_for_a_customer_of_the_shop(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.create(person("ada@example.com"))
        ours = await ada.another("user-eve").create(person("ada@example.com"))
        theirs = await ada.another("user-eve").create(person("ada@lumaro.example"))
    assert ours == theirs


async def test_what_was_refused_is_free_again(shop: MakeShop, records: Records) -> None:
    """The claim of a phone number ends with the refusal, which was about the address."""
    both = person(**contact(email="ada@lumaro.example", phone="+4915112345678"))
    async with shop() as eve:
        assert told(await eve.create(both)) == DUPLICATE
        payload = await eve.another("user-ben").create(person(**contact(phone="+4915112345678")))
    assert payload["errors"] == []


async def test_a_party_that_is_no_customer_is_in_nobodys_way(shop: MakeShop, records: Records) -> None:
    """A lead, and one whose customer was closed."""
    media = [{"mediumType": "email", "characteristic": {"emailAddress": "lead@example.com"}}]
    records.create("individual", {"givenName": "L", "familyName": "Ead", "contactMedium": media})
    records.patch("customer", "cu-ben", {"status": "closed"})
    async with shop() as ada:
        for each in ("lead@example.com", "ben@lumaro.example"):
            assert (await ada.create(person(each)))["errors"] == []


async def test_one_person_can_be_a_consumer_and_speak_for_a_company(shop: MakeShop) -> None:
    """A value counts within its segment, before as now."""
    async with shop() as ada:
        payload = await ada.create(company(email="ada@lumaro.example", **contact(email="ada@lumaro.example")))
    assert payload["errors"] == []


async def test_a_contact_of_somebody_elses_is_not_taken_and_ones_own_is(shop: MakeShop, records: Records) -> None:
    async with shop() as ada:
        await ada.create(person("ada@example.com"))
        refused = await ada.update({"email": "ben@lumaro.example", "reminderConsent": False})
        assert told(refused) == [[*DUPLICATE[0][:2], ["input", "contact"]]]
        assert (await ada.update({"email": "ada@example.com", "reminderConsent": False}))["errors"] == []
    assert "ben@lumaro.example" not in str(records.one("individual"))


@pytest.mark.parametrize("habit", ["filter-ignored", "counts-missing"])
async def test_servers_whose_filters_are_worth_nothing_are_looked_through(
    shop: MakeShop, sandbox: SandboxControl, habit: str
) -> None:
    async with shop(tmf632_page_size=2) as ada:
        sandbox.habit(habit, api=None)
        assert told(await ada.create(person("ada@lumaro.example"))) == DUPLICATE
        assert (await ada.create(person("free@example.com")))["errors"] == []


async def test_while_it_cannot_be_told_nobody_becomes_one_and_the_key_is_good_later(
    shop: MakeShop, sandbox: SandboxControl, records: Records
) -> None:
    async with shop(tmf632_breaker_threshold=100) as ada:
        sandbox.fault("status", api="TMF632", status=503)
        payload = await ada.create(key="7d9f2c1e-0000-4000-8000-000000000009")
        assert [error["code"] for error in payload["errors"]] == ["UPSTREAM_UNAVAILABLE"]
        sandbox.clear_faults()
        assert records.counts() == (0, 0, 0)
        again = await ada.create(key="7d9f2c1e-0000-4000-8000-000000000009")
    assert again["errors"] == []


async def test_it_can_be_switched_off(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop(customers_look_before="") as ada:
        sandbox.reset_calls()
        assert (await ada.create(person("ada@lumaro.example")))["errors"] == []
    assert [call for call in sandbox.calls()["log"] if "contactMedium" in call["query"].partition("fields=")[0]] == []


# ---------------------------------------------------------------- finding out by trying


async def test_details_can_be_tried_ten_times_an_hour(shop: MakeShop, redis_url: str, records: Records) -> None:
    async with shop(redis_url=redis_url) as eve:
        tried = [told(await eve.create(person("ada@lumaro.example")))[0][0] for _ in range(11)]
        assert tried == ["DUPLICATE"] * 10 + ["RATE_LIMITED"]
        free = await eve.create(person("free@example.com"))
        assert told(free)[0][0] == "RATE_LIMITED"
        assert free["errors"][0]["retryable"]
        assert (await eve.another("user-ben").create(person("free@example.com")))["errors"] == []
    assert records.counts() == (1, 1, 1)


async def test_successes_count_too_for_they_tell_as_much(shop: MakeShop, redis_url: str) -> None:
    async with shop(redis_url=redis_url, customers_tries=2) as eve:
        tried = [told(await eve.create(person(f"free{number}@example.com"))) for number in range(3)]
    assert [[error[0] for error in each] for each in tried] == [[], [], ["RATE_LIMITED"]]


async def test_a_new_contact_is_a_try_as_well_and_from_one_address_there_are_so_many(
    shop: MakeShop, redis_url: str
) -> None:
    async with shop(redis_url=redis_url, customers_tries_by_address=3) as eve:
        await eve.create(person("eve@example.com"))
        for _ in range(2):
            await eve.update({"email": "ben@lumaro.example", "reminderConsent": False})
        third = await eve.update({"email": "free@example.com", "reminderConsent": False})
        other = await eve.another("user-ben").create(person("free@example.com"))
    assert [told(each)[0][0] for each in (third, other)] == ["RATE_LIMITED"] * 2


async def test_a_key_that_comes_again_is_no_further_try(shop: MakeShop, redis_url: str) -> None:
    async with shop(redis_url=redis_url, customers_tries=1) as ada:
        key = "7d9f2c1e-0000-4000-8000-000000000010"
        seen = [await ada.create(key=key) for _ in range(3)]
    assert [each["errors"] for each in seen] == [[], [], []]


async def test_without_redis_nobody_can_try(shop: MakeShop, records: Records) -> None:
    async with shop(redis_url="unix:///nowhere/redis.sock") as eve:
        payload = await eve.create()
    assert told(payload)[0][0] == "RATE_LIMITED"
    assert records.counts() == (0, 0, 0)
