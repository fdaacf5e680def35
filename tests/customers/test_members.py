"""Members, invitations and a changed contact."""

import asyncio
from typing import Any

import pytest

from domain.pipelines.customers import CustomerSteps
from domain.pipelines.model import Work
from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from tests.carts.fate import Life, live, mortal
from tests.customers.conftest import MakeShop
from tests.customers.people import company, new_key, person
from tests.customers.records import Records
from tests.customers.transports import Refusing

DAY = 86_400.0
NEW = {"email": "new@example.com", "phone": "+4915112345678", "reminderConsent": False}


async def test_an_invitation_waits_until_its_login_signs_in(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.create(company())
        newcomer = ada.another("Ben@Example.com")
        assert (await newcomer.viewer())["customers"]["edges"] == []
        assert (await ada.invite("ben@example.COM", "BUYER"))["errors"] == []
        (edge,) = (await newcomer.viewer())["customers"]["edges"]
    assert (edge["role"], edge["node"]["id"]) == ("BUYER", ada.customer["id"])


async def test_a_login_that_is_not_verified_takes_up_nothing(shop: MakeShop) -> None:
    """Users of these tests without an @ have signed in by nothing that is known."""
    async with shop() as ada:
        await ada.create(company())
        await ada.invite("ben@example.com", "BUYER")
        assert (await ada.another("ben").viewer())["customers"]["edges"] == []


async def test_an_invitation_ends(shop: MakeShop) -> None:
    clock = FixedClock()
    async with shop(clock=clock) as ada:
        await ada.create(company())
        await ada.invite("ben@example.com", "BUYER")
        clock.advance(7 * DAY + 1)
        assert (await ada.another("ben@example.com").viewer())["customers"]["edges"] == []


async def test_an_invitation_that_was_replaced_meanwhile_is_not_taken_up_as_it_was(
    shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was seen before, and is taken up after: by then less is granted."""
    async with shop() as ada:
        await ada.create(company())
        await ada.invite("ben@example.com", "ADMIN")
        mortal(monkeypatch)
        ben, life = ada.another("ben@example.com"), Life(sleeps_at=1)
        late = await live(life, ben.viewer())
        assert life.asleep.is_set()
        assert (await ada.invite("ben@example.com", "VIEWER"))["errors"] == []
        life.awake.set()
        await late
        assert [edge["role"] for edge in (await ben.viewer())["customers"]["edges"]] == ["VIEWER"]


async def test_an_invitation_that_ends_while_it_is_taken_up_is_over(
    shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FixedClock()
    async with shop(clock=clock) as ada:
        await ada.create(company())
        await ada.invite("ben@example.com", "ADMIN")
        mortal(monkeypatch)
        ben, life = ada.another("ben@example.com"), Life(sleeps_at=1)
        late = await live(life, ben.viewer())
        clock.advance(7 * DAY + 1)
        life.awake.set()
        assert (await late)["customers"]["edges"] == []


async def test_who_has_a_role_keeps_it(shop: MakeShop) -> None:
    async with shop() as ada:
        owner = ada.another("owner@example.com")
        await owner.create(company())
        await owner.invite("owner@example.com", "VIEWER")
        (edge,) = (await owner.viewer())["customers"]["edges"]
    assert edge["role"] == "OWNER"


async def test_a_consumer_has_no_members(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.create(person())
        (error,) = (await ada.invite("ben@example.com", "BUYER"))["errors"]
    assert (error["code"], error["path"]) == ("FORBIDDEN", ["input", "customerId"])


async def test_the_same_invitation_sent_again_is_one_and_another_under_its_key_is_refused(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.create(company())
        key = new_key()
        for _ in range(2):
            assert (await ada.invite("ben@example.com", "BUYER", key=key))["errors"] == []
        (error,) = (await ada.invite("ben@example.com", "ADMIN", key=key))["errors"]
    assert error["code"] == "IDEMPOTENCY_MISMATCH"


async def test_a_contact_is_replaced_and_what_others_keep_beside_it_stays(shop: MakeShop, records: Records) -> None:
    async with shop() as ada:
        await ada.create()
        party = records.one("individual")
        fax = {"mediumType": "fax", "characteristic": {"faxNumber": "+494012"}}
        theirs = {"name": "vip", "valueType": "string", "value": "yes"}
        records.patch(
            "individual",
            party["id"],
            {
                "contactMedium": [*party["contactMedium"], fax],
                "partyCharacteristic": [*party["partyCharacteristic"], theirs],
            },
        )
        payload = await ada.update(NEW)
    assert payload["errors"] == []
    assert payload["customer"]["profile"]["contact"] == {**NEW, "address": None}
    after = records.one("individual")
    kinds = [medium["mediumType"] for medium in after["contactMedium"]]
    assert (kinds, after["contactMedium"][-1]) == (["email", "phone", "fax"], fax)
    assert theirs in after["partyCharacteristic"]


async def test_a_contact_in_v5(shop: MakeShop, records: Records) -> None:
    async with shop(version="v5") as ada:
        await ada.create(company())
        payload = await ada.update(NEW)
    assert payload["customer"]["profile"]["contact"] == {**NEW, "address": None}


async def test_anothers_address_is_refused_and_ones_old_one_is_free_again(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as ada:
        await ada.create(person("ada@example.com"))
        eve = ada.another("user-eve")
        await eve.create(person("eve@example.com"))
        sandbox.reset_calls()
        (error,) = (await eve.update({"email": "ada@example.com", "reminderConsent": False}))["errors"]
        assert (error["code"], error["path"]) == ("DUPLICATE", ["input", "contact"])
        assert written(sandbox) == []
        assert (await ada.update(NEW))["errors"] == []
        assert (await eve.update({"email": "ada@example.com", "reminderConsent": False}))["errors"] == []


async def test_a_refused_contact_leaves_the_address_free(shop: MakeShop) -> None:
    async with shop(transports={"tmf632": Refusing("PATCH", 422)}) as ada:
        await ada.create()
        (error,) = (await ada.update(NEW))["errors"]
        assert (error["code"], error["retryable"]) == ("INVALID", False)
        payload = await ada.another("user-eve").create(person("new@example.com"))
    assert payload["errors"] == []


async def test_the_same_change_sent_again_is_done_once(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        await ada.create()
        key = new_key()
        first = await ada.update(NEW, key=key)
        sandbox.reset_calls()
        assert await ada.update(NEW, key=key) == first
    assert written(sandbox) == []


def written(sandbox: SandboxControl) -> list[Any]:
    return [call["method"] for call in sandbox.calls()["log"] if call["method"] != "GET"]


async def test_of_two_changes_at_once_the_contact_that_stays_is_nobody_else_s(
    shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is about to let go of what it takes for outdated when the second is carried out."""
    outdated, asleep, awake = CustomerSteps.release_outdated, asyncio.Event(), asyncio.Event()

    async def sleeping(self: CustomerSteps, work: Work) -> str:
        if not asleep.is_set():
            asleep.set()
            await awake.wait()
        return await outdated(self, work)

    monkeypatch.setattr(CustomerSteps, "release_outdated", sleeping)
    async with shop(customers_look_before="") as ada:
        await ada.create()
        first, second = ({"email": f"{each}@example.com", "reminderConsent": False} for each in ("first", "second"))
        late = asyncio.create_task(ada.update(first))
        await asyncio.wait_for(asleep.wait(), 20)
        key = new_key()
        payload = await ada.update(second, key=key)
        awake.set()
        assert (await late)["errors"] == []
        assert [(each["code"], each["retryable"]) for each in payload["errors"]] == [("IN_PROGRESS", True)]
        assert (await ada.update(second, key=key))["errors"] == []
        eve = ada.another("user-eve")
        assert [each["code"] for each in (await eve.create(person("second@example.com")))["errors"]] == ["DUPLICATE"]
        assert (await eve.create(person("first@example.com")))["errors"] == []


async def test_a_change_that_comes_to_nothing_is_in_no_other_s_way(shop: MakeShop) -> None:
    async with shop(transports={"tmf632": Refusing("PATCH", 422)}) as ada:
        await ada.create()
        for _ in range(2):
            assert [each["code"] for each in (await ada.update(NEW))["errors"]] == ["INVALID"]
