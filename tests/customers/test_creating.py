"""Becoming a customer: three things upstream and a link, once each, and what is sent on the way."""

import asyncio

import pytest

from sandbox.control import SandboxControl
from tests.customers.conftest import MakeShop
from tests.customers.people import ADDRESS, company, new_key, person
from tests.customers.records import Records


def written(sandbox: SandboxControl) -> list[str]:
    """What was written upstream, in order."""
    log = sandbox.calls()["log"]
    return [f"{call['method']} {call['resource']}" for call in log if call["method"] != "GET"]


async def test_a_consumer_becomes_a_customer_by_three_writes_in_order(
    shop: MakeShop, sandbox: SandboxControl, records: Records
) -> None:
    async with shop() as ada:
        payload = await ada.create()
        assert payload["errors"] == []
        assert written(sandbox) == ["POST individual", "POST customer", "POST billingAccount"]
    party, customer, account = records.one("individual"), records.one("customer"), records.one("billingAccount")
    assert customer["engagedParty"]["id"] == party["id"]
    assert account["relatedParty"][0]["id"] == customer["id"]
    assert party["birthDate"] == "1987-04-12T00:00:00Z"
    made = payload["customer"]
    assert (made["segment"], made["displayName"], made["status"]) == ("B2C", "Ada Winter", "Active")
    assert made["profile"] == {
        "givenName": "Ada",
        "familyName": "Winter",
        "birthDate": "1987-04-12",
        "contact": {"email": "ada@example.com", "phone": None, "reminderConsent": True, "address": None},
    }
    (shown,) = made["billingAccounts"]
    assert (shown["cycle"], shown["presentationMedia"], shown["paymentTerms"]) == ("monthly", ["email"], "P14D")
    assert payload["billingAccount"] == {"id": shown["id"], "name": "Ada Winter"}


async def test_the_viewer_is_the_owner_of_the_new_customer(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.create()
        (edge,) = (await ada.viewer())["customers"]["edges"]
    assert (edge["role"], edge["node"]) == ("OWNER", ada.customer)


async def test_a_company_has_other_details_and_other_bills(shop: MakeShop, records: Records) -> None:
    async with shop() as ada:
        wished = {"billing": {"cycle": "quarterly", "media": ["edi", "paper"], "terms": "P14D"}}
        payload = await ada.create({**company(), **wished})
    assert payload["errors"] == []
    made = payload["customer"]
    assert (made["segment"], made["displayName"]) == ("B2B", "Acme GmbH")
    profile = made["profile"]
    assert (profile["legalName"], profile["registrationNumber"], profile["taxId"]) == (
        "Acme GmbH",
        "HRB 4711",
        "DE123456789",
    )
    (account,) = made["billingAccounts"]
    assert (account["cycle"], account["presentationMedia"], account["paymentTerms"]) == (
        "quarterly",
        ["edi", "paper"],
        "P14D",
    )
    assert records.one("organization")["tradingName"] == "Acme GmbH"


@pytest.mark.parametrize("version", ["v4", "v5"])
async def test_both_versions_give_the_same_customer(shop: MakeShop, records: Records, version: str) -> None:
    contact = {"email": "a@example.com", "phone": "+4915112345678", "address": ADDRESS, "reminderConsent": True}
    async with shop(version=version) as ada:
        payload = await ada.create(person(contact=contact, documentNumber="C01X 00T47"))
    assert payload["errors"] == []
    assert payload["customer"]["profile"]["contact"] == {**contact, "address": {**ADDRESS, "line2": None}}
    assert payload["customer"]["profile"]["birthDate"] == "1987-04-12"
    assert payload["customer"]["billingAccounts"][0]["presentationMedia"] == ["email"]
    party = records.one("individual")
    assert [medium["mediumType"] for medium in party["contactMedium"]] == ["email", "phone", "postalAddress"]
    assert party["fullName"] == "Ada Winter"


async def test_the_same_key_brings_the_same_customer_and_writes_nothing(
    shop: MakeShop, sandbox: SandboxControl, records: Records
) -> None:
    async with shop() as ada:
        key = new_key()
        first = await ada.create(key=key)
        sandbox.reset_calls()
        assert await ada.create(key=key) == first
        assert written(sandbox) == []
    assert records.counts() == (1, 1, 1)


async def test_the_same_key_for_another_person_is_refused(shop: MakeShop, records: Records) -> None:
    async with shop() as ada:
        key = new_key()
        await ada.create(key=key)
        payload = await ada.create(person("other@example.com"), key=key)
    assert [error["code"] for error in payload["errors"]] == ["IDEMPOTENCY_MISMATCH"]
    assert records.counts() == (1, 1, 1)


async def test_twenty_at_once_with_a_key_each_make_one_set_of_three(shop: MakeShop, records: Records) -> None:
    async with shop() as ada:
        people = [ada.another(f"user-{number}") for number in range(20)]
        payloads = await asyncio.gather(*(each.create() for each in people))
    codes = sorted(error["code"] for payload in payloads for error in payload["errors"])
    assert codes == ["DUPLICATE"] * 19
    assert sum(payload["customer"] is not None for payload in payloads) == 1
    assert records.counts() == (1, 1, 1)


async def test_twenty_at_once_with_one_key_make_one_set_of_three(shop: MakeShop, records: Records) -> None:
    async with shop() as ada:
        key = new_key()
        payloads = await asyncio.gather(*(ada.create(key=key) for _ in range(20)))
    assert {payload["customer"]["id"] for payload in payloads} == {ada.customer["id"]}
    assert records.counts() == (1, 1, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (person("Ada@Example.com"), person("ada@example.COM", givenName="Eve")),
        (
            person(contact={"phone": "+4915112345678", "reminderConsent": True}),
            person(contact={"phone": "+4915112345678", "email": "e@example.com", "reminderConsent": True}),
        ),
        (person(documentNumber="C01X-00T47"), person("eve@example.com", documentNumber="c01x00t47")),
        (
            company("HRB 4711"),
            company("hrb-47 11", contact={"email": "e@x.example", "reminderConsent": True}),
        ),
    ],
    ids=["e-mail", "phone", "document", "registration"],
)
async def test_a_second_customer_is_refused_and_nobody_is_told_about_the_first(
    shop: MakeShop, sandbox: SandboxControl, records: Records, first: dict[str, object], second: dict[str, object]
) -> None:
    async with shop() as ada:
        assert (await ada.create(first))["errors"] == []
        sandbox.reset_calls()
        payload = await ada.another("user-eve").create(second)
        assert sandbox.calls()["total"] == 0
    assert payload["customer"] is None
    assert payload["errors"] == [
        {
            "code": "DUPLICATE",
            "message": "There is a customer with such details already.",
            "path": ["input", "party"],
            "retryable": False,
            "retryAfterSeconds": None,
        }
    ]
    assert records.counts() == (1, 1, 1)


async def test_one_address_serves_a_consumer_and_a_company(shop: MakeShop, records: Records) -> None:
    async with shop() as ada:
        assert (await ada.create(person("ada@example.com")))["errors"] == []
        assert (await ada.create(company(email="ada@example.com")))["errors"] == []
        edges = (await ada.viewer())["customers"]["edges"]
    assert [edge["node"]["segment"] for edge in edges] == ["B2C", "B2B"]


async def test_a_guest_is_asked_to_sign_in_and_nothing_is_written(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        answer = await ada.another(None).ask(
            "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { errors { code } } }",
            input={"idempotencyKey": new_key(), **person()},
        )
    assert (answer.data, answer.codes) == ({"createCustomer": None}, ["UNAUTHENTICATED"])
    assert sandbox.calls()["total"] == 0
