"""Reservations: they hold what is free, give back what they hold, and keep the contract of the file of v1."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.apis.tmf685 import TMF685
from sandbox.seed.numbers import Numbers
from tests.needs import need_spec
from tests.sandbox.conftest import NOW, NUMBERS, Clock
from tests.sandbox.inventory import FREE, NEWER, V4
from tests.sandbox.inventory import RESOURCE as NUMBER
from tests.sandbox.listening import listening
from tests.sandbox.swagger import Contract

BASE = "/tmf-api/resourcePoolManagement/v1"
RESERVATION = f"{BASE}/reservation"
RESOURCE = TMF685.resources[0]
SEED = [Numbers(NUMBERS).document(position) for position in range(NUMBERS)]
SECOND = next(each["id"] for each in SEED[1:] if each["allocationStatus"] == "available")
TAKEN = next(each["id"] for each in SEED if each["allocationStatus"] == "reserved")
LATER = "2026-11-23T09:00:00Z"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract(need_spec("TMF685-ResourcePool-v1.json"))


def body(*numbers: str, **more: Any) -> dict[str, Any]:
    return {
        "relatedParty": {"id": "cart-1", "name": "Cart", "role": "customer"},
        "reservationItem": [
            {"quantity": 1, "appliedCapacityAmount": {"resource": [{"id": number}]}} for number in numbers
        ],
        **more,
    }


async def reserve(client: httpx.AsyncClient, *numbers: str, **more: Any) -> str:
    answer = await client.post(RESERVATION, json=body(*numbers, **more))
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def state(client: httpx.AsyncClient, number: str = FREE) -> str:
    return str((await client.get(f"{NEWER}/{number}")).json()["allocationStatus"])


async def cancel(client: httpx.AsyncClient, identifier: str) -> int:
    answer = await client.patch(f"{RESERVATION}/{identifier}", json={"reservationState": "cancelled"})
    return answer.status_code


async def test_a_reservation_marks_what_it_holds(client: httpx.AsyncClient) -> None:
    identifier = await reserve(client, FREE)
    number = (await client.get(f"{NUMBER}/{FREE}")).json()
    assert (number["resourceStatus"], number["usageState"]) == ("reserved", "idle")
    assert number["relatedParty"] == [
        {"id": "cart-1", "name": "Cart", "role": "reserver", "@referredType": "Party"},
    ]
    assert {"name": "reservation", "value": identifier, "valueType": "string"} in number["resourceCharacteristic"]


async def test_a_reservation_says_what_it_holds(client: httpx.AsyncClient) -> None:
    created = (await client.post(RESERVATION, json=body(FREE, SECOND, reservationState="cancelled"))).json()
    assert created["reservationState"] == "reserved"
    assert [item["subReservationState"] for item in created["reservationItem"]] == ["reserved", "reserved"]
    (resource,) = created["reservationItem"][0]["appliedCapacityAmount"]["resource"]
    assert resource == {"id": FREE, "href": f"http://sandbox.test{NUMBER}/{FREE}"}
    assert (await client.get(f"{RESERVATION}/{created['id']}")).json() == created
    assert (await client.get(f"{RESERVATION}?relatedParty.id=cart-1&reservationState=reserved")).json() == [created]


@pytest.mark.parametrize(
    ("numbers", "status"), [((TAKEN,), 409), ((FREE, TAKEN), 409), (("none",), 400), ((FREE, "none"), 400), ((), 400)]
)
async def test_what_cannot_be_held_changes_nothing(
    client: httpx.AsyncClient, numbers: tuple[str, ...], status: int
) -> None:
    assert (await client.post(RESERVATION, json=body(*numbers))).status_code == status
    assert (await client.get(RESERVATION)).json() == []
    assert await state(client) == "available"


async def test_a_number_is_held_once(client: httpx.AsyncClient) -> None:
    await reserve(client, FREE)
    assert (await client.post(RESERVATION, json=body(FREE))).status_code == 409


async def test_a_reservation_s_own_id_is_not_taken_twice(client: httpx.AsyncClient) -> None:
    await reserve(client, FREE, id="r")
    assert (await client.post(RESERVATION, json=body(SECOND, id="r"))).status_code == 409
    assert await state(client, SECOND) == "available"


async def test_cancelling_gives_back_as_it_was(client: httpx.AsyncClient) -> None:
    before = (await client.get(f"{NUMBER}/{FREE}")).json()
    identifier = await reserve(client, FREE)
    assert await cancel(client, identifier) == 200
    assert (await client.get(f"{NUMBER}/{FREE}")).json() == before
    assert await cancel(client, identifier) == 409
    await reserve(client, FREE)


async def test_what_was_assigned_meanwhile_keeps_its_owner(client: httpx.AsyncClient) -> None:
    identifier = await reserve(client, FREE)
    await client.patch(f"{NUMBER}/{FREE}", json={"usageState": "active"})
    assert await cancel(client, identifier) == 200
    assert await state(client) == "allocated"


async def test_what_another_holds_meanwhile_is_left_alone(client: httpx.AsyncClient) -> None:
    identifier = await reserve(client, FREE)
    await client.patch(f"{NUMBER}/{FREE}", json={"resourceStatus": "available", "resourceCharacteristic": []})
    await reserve(client, FREE)
    assert await cancel(client, identifier) == 200
    assert await state(client) == "reserved"


async def test_a_completed_reservation_gives_nothing_back(client: httpx.AsyncClient, clock: Clock) -> None:
    identifier = await reserve(client, FREE, valid_for=LATER)
    done = await client.patch(f"{RESERVATION}/{identifier}", json={"reservationState": "completed"})
    assert done.status_code == 200
    clock.now = NOW + timedelta(days=1)
    assert await state(client) == "reserved"


async def test_a_reservation_ends_with_its_time(client: httpx.AsyncClient, clock: Clock) -> None:
    identifier = await reserve(client, FREE, valid_for=LATER)
    clock.now = NOW + timedelta(minutes=29, seconds=59)
    assert await state(client) == "reserved"
    clock.now = NOW + timedelta(minutes=30)
    assert await state(client) == "available"
    ended = (await client.get(f"{RESERVATION}/{identifier}")).json()
    assert (ended["reservationState"], ended["reservationItem"][0]["subReservationState"]) == ("expired", "expired")


async def test_a_reservation_can_be_extended(client: httpx.AsyncClient, clock: Clock) -> None:
    identifier = await reserve(client, FREE, valid_for=LATER)
    extended = await client.patch(f"{RESERVATION}/{identifier}", json={"valid_for": "2026-11-23T10:00:00"})
    assert (extended.status_code, extended.json()["reservationState"]) == (200, "reserved")
    clock.now = NOW + timedelta(hours=1)
    assert await state(client) == "reserved"
    clock.now = NOW + timedelta(hours=2)
    assert await state(client) == "available"


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ({"valid_for": "soon"}, 400),
        ({"valid_for": 5}, 400),
        ({"reservationState": "mine"}, 400),
        ({"reservationItem": body(SECOND)["reservationItem"]}, 400),
        ({"reservationItem": None}, 400),
    ],
)
async def test_what_a_reservation_does_not_allow(client: httpx.AsyncClient, patch: object, status: int) -> None:
    identifier = await reserve(client, FREE)
    assert (await client.patch(f"{RESERVATION}/{identifier}", json=patch)).status_code == status
    assert (await state(client), await state(client, SECOND)) == ("reserved", "available")


@pytest.mark.parametrize(
    "items",
    ["x", [1], [{}], [{"appliedCapacityAmount": []}], [{"appliedCapacityAmount": {"resource": {"id": FREE}}}],
     [{"appliedCapacityAmount": {"resource": ["x"]}}], [{"appliedCapacityAmount": {"resource": [{}]}}]],
)  # fmt: skip
async def test_items_of_another_shape_are_refused(client: httpx.AsyncClient, items: object) -> None:
    answer = await client.post(RESERVATION, json={"relatedParty": {"id": "c"}, "reservationItem": items})
    assert answer.status_code == 400


async def test_the_inventory_tells_of_a_reservation(client: httpx.AsyncClient) -> None:
    async with listening() as listener:
        await client.post(
            f"{V4}/hub", json={"callback": listener.address, "query": "eventType=ResourceStateChangeEvent"}
        )
        identifier = await reserve(client, FREE)
        assert (await listener.next()).body["event"]["resource"]["resourceStatus"] == "reserved"
        await cancel(client, identifier)
        heard = (await listener.next()).body["event"]["resource"]
        assert (heard["id"], heard["resourceStatus"], heard["href"]) == (
            FREE, "available", f"http://sandbox.test{NUMBER}/{FREE}",
        )  # fmt: skip


async def test_what_is_answered_keeps_the_contract(client: httpx.AsyncClient, contract: Contract) -> None:
    wanted = body(FREE, SECOND, valid_for=LATER, description="d", channelRef={"id": "web"})
    assert contract.problems("Reservation_Create", wanted) == []
    created = (await client.post(RESERVATION, json=wanted)).json()
    assert contract.problems("Reservation", created) == []
    assert await cancel(client, created["id"]) == 200
    listed = (await client.get(RESERVATION)).json()
    assert [contract.problems("Reservation", each) for each in listed] == [[]]


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
async def test_the_file_has_no_such_method(client: httpx.AsyncClient, method: str) -> None:
    identifier = await reserve(client, FREE)
    assert (await client.request(method, f"{RESERVATION}/{identifier}", json={})).status_code == 405


def test_the_table_of_names_is_that_of_the_file(contract: Contract) -> None:
    listed = contract._schema["$defs"]["Reservation"]["properties"]
    assert RESOURCE.attributes == set(listed)
    assert set(RESOURCE.arrays) == {name for name in listed if listed[name].get("type") == "array"}
