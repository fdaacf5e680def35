"""Messages to people: made once and sent once, each to the address of its kind, by the contract of the file."""

from typing import Any

import httpx
import pytest

from sandbox.apis.tmf681 import TMF681
from tests.needs import need_spec
from tests.sandbox.swagger import Contract

MESSAGES = "/tmf-api/communicationManagement/v4/communicationMessage"
RESOURCE = TMF681.resources[0]
BOTH = {"phoneNumber": "+4915770000017", "email": "ada@lumaro.example"}


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract(need_spec("TMF681-Communication-v4.0.0.json"))


def message(**more: Any) -> dict[str, Any]:
    told = {"messageType": "SMS", "content": "Code 4711", "sender": {"name": "Shop"}, "receiver": [BOTH]}
    return {**told, "characteristic": [{"name": "reference", "value": "r1"}], **more}


async def outbox(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = (await client.get("/outbox")).json()
    return sent


async def test_a_message_that_is_made_is_sent_and_keeps_the_contract(
    client: httpx.AsyncClient, contract: Contract
) -> None:
    assert contract.problems("CommunicationMessage_Create", message()) == []
    created = await client.post(MESSAGES, json=message())
    assert (created.status_code, contract.problems("CommunicationMessage", created.json())) == (201, [])
    assert (created.json()["state"], created.json()["tryTimes"]) == ("completed", 1)
    assert await outbox(client) == [
        {
            "channel": "sms",
            "to": BOTH["phoneNumber"],
            "subject": "",
            "text": "Code 4711",
            "at": "2026-11-23T08:30:00.000Z",
        }
    ]


async def test_an_email_goes_to_the_other_address(client: httpx.AsyncClient) -> None:
    await client.post(MESSAGES, json=message(messageType="Email", subject="Hello"))
    (sent,) = await outbox(client)
    assert (sent["channel"], sent["to"], sent["subject"]) == ("email", BOTH["email"], "Hello")


async def test_every_receiver_with_an_address_gets_it(client: httpx.AsyncClient) -> None:
    receivers = [{"phoneNumber": "+491"}, {"email": "x@y.example"}, {"phoneNumber": "+492"}]
    await client.post(MESSAGES, json=message(receiver=receivers))
    assert [each["to"] for each in await outbox(client)] == ["+491", "+492"]


async def test_it_is_found_by_a_characteristic_and_a_change_sends_nothing(client: httpx.AsyncClient) -> None:
    created = (await client.post(MESSAGES, json=message())).json()
    assert [each["id"] for each in (await client.get(f"{MESSAGES}?characteristic.value=r1")).json()] == [created["id"]]
    assert (await client.get(f"{MESSAGES}?characteristic.value=r2")).json() == []
    await client.patch(f"{MESSAGES}/{created['id']}", json={"content": "else"})
    assert len(await outbox(client)) == 1


@pytest.mark.parametrize("missing", ["content", "receiver", "sender", "messageType"])
async def test_what_the_file_requires_is_required(client: httpx.AsyncClient, contract: Contract, missing: str) -> None:
    answer = await client.post(MESSAGES, json={name: value for name, value in message().items() if name != missing})
    assert (answer.status_code, contract.problems("Error", answer.json())) == (400, [])
    assert await outbox(client) == []


def test_the_table_of_names_is_that_of_the_file(contract: Contract) -> None:
    listed = contract._schema["$defs"]["CommunicationMessage"]["properties"]
    assert RESOURCE.attributes == set(listed)
    assert set(RESOURCE.arrays) == {name for name in listed if listed[name].get("type") == "array"}
