"""The porting provider: what can be ported, how far it is, and that nobody reads an authorisation code again."""

from typing import Any

import httpx
import pytest

from sandbox.process import SandboxProcess
from tests.sandbox.inventory import FREE, LOGICAL, RESOURCE, V4
from tests.sandbox.listening import listening

PORT_IN = "/porting/v1/portIn"
NUMBER = "4915112345678"
CODE = "s3cret-code"
BODY = {"externalId": "e-1", "msisdn": NUMBER, "donor": "Telora", "authorisationCode": CODE}


async def ask(client: httpx.AsyncClient, msisdn: str) -> Any:
    return (await client.get("/porting/v1/portability", params={"msisdn": msisdn})).json()


async def port(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post(PORT_IN, json={**BODY, **more})
    assert answer.status_code == 201
    port_in: dict[str, Any] = answer.json()
    return port_in


async def move(client: httpx.AsyncClient, identifier: str, **body: Any) -> httpx.Response:
    return await client.post(f"/sandbox/porting/{identifier}", json=body)


async def tagged(client: httpx.AsyncClient, msisdn: str = NUMBER) -> str:
    """A number on its way, as the shop makes one."""
    told = {"portInStatus": "requested", "donorOperator": "Telora"}
    characteristics = [{"name": name, "value": value, "valueType": "string"} for name, value in told.items()]
    body = {"name": msisdn, "value": msisdn, "resourceStatus": "reserved", "resourceCharacteristic": characteristics}
    return str((await client.post(LOGICAL, json=body)).json()["id"])


async def told(client: httpx.AsyncClient, identifier: str) -> dict[str, str]:
    number = (await client.get(f"{RESOURCE}/{identifier}")).json()
    return {each["name"]: each["value"] for each in number["resourceCharacteristic"]}


@pytest.mark.parametrize(
    ("msisdn", "donor", "requires"),
    [
        ("4915112345678", "Telora", ["authorisationCode"]),
        ("4917212345678", "Vandia", ["accountNumber", "authorisationCode"]),
        ("4917612345678", "Oryx", ["accountNumber"]),
        ("447911123456", "Kontor Mobil", ["authorisationCode"]),
    ],
)
async def test_a_number_that_can_be_ported(
    client: httpx.AsyncClient, msisdn: str, donor: str, requires: list[str]
) -> None:
    assert await ask(client, msisdn) == {
        "msisdn": msisdn, "portable": True, "donor": donor, "earliest": "2026-11-25T05:00:00Z", "requires": requires,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("msisdn", "donor", "reason"),
    [("4915112345600", "Telora", "NOT_PORTABLE"), ("4915771234567", "Lumaro", "OWN_NUMBER")],
)
async def test_a_number_that_cannot_be_ported(client: httpx.AsyncClient, msisdn: str, donor: str, reason: str) -> None:
    assert await ask(client, msisdn) == {
        "msisdn": msisdn, "portable": False, "reason": reason, "donor": donor, "requires": [],
    }  # fmt: skip


@pytest.mark.parametrize("query", ["", "?msisdn=", "?msisdn=%2B4915112345678", "?msisdn=0151", "?msisdn=x"])
async def test_what_is_no_number_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/porting/v1/portability{query}")).status_code == 400


async def test_a_port_in_is_requested_and_found_again(client: httpx.AsyncClient) -> None:
    answer = await client.post(PORT_IN, json={**BODY, "wantedAt": "2026-12-01T05:00:00Z"})
    created = answer.json()
    assert (answer.status_code, created["state"], answer.headers["location"]) == (201, "requested", created["href"])
    assert created == {
        "id": created["id"],
        "href": f"http://sandbox.test{PORT_IN}/{created['id']}",
        "@type": "PortIn",
        "externalId": "e-1",
        "msisdn": NUMBER,
        "donor": "Telora",
        "wantedAt": "2026-12-01T05:00:00Z",
        "state": "requested",
        "creationDate": "2026-11-23T08:30:00Z",
        "lastUpdate": "2026-11-23T08:30:00Z",
    }
    assert (await client.get(f"{PORT_IN}/{created['id']}")).json() == created
    assert (await client.get(f"{PORT_IN}?externalId=e-1")).json() == [created]
    assert (await client.get(f"{PORT_IN}?externalId=e-2")).json() == []


@pytest.mark.parametrize("missing", ["externalId", "msisdn", "donor"])
async def test_what_a_port_in_needs(client: httpx.AsyncClient, missing: str) -> None:
    body = {key: value for key, value in BODY.items() if key != missing}
    assert (await client.post(PORT_IN, json=body)).status_code == 400


@pytest.mark.parametrize("wrong", [{"msisdn": "+4915112345678"}, {"msisdn": 4915112345678}, {"authorisationCode": 1}])
async def test_what_a_port_in_cannot_be(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert (await client.post(PORT_IN, json={**BODY, **wrong})).status_code == 400
    assert (await client.get(PORT_IN)).json() == []


async def test_the_same_request_is_not_taken_twice(client: httpx.AsyncClient) -> None:
    await port(client)
    assert (await client.post(PORT_IN, json={**BODY, "msisdn": "4915112345679"})).status_code == 409
    assert (await client.post(PORT_IN, json={**BODY, "externalId": "e-2"})).status_code == 409
    assert len((await client.get(PORT_IN)).json()) == 1


async def test_a_rejected_number_can_be_asked_for_again(client: httpx.AsyncClient) -> None:
    await port(client, authorisationCode="0000")
    assert (await port(client, externalId="e-2"))["state"] == "requested"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"authorisationCode": "0000"}, "AUTHORISATION_CODE_WRONG"),
        ({"msisdn": "4915112345600"}, "NOT_PORTABLE"),
        ({"msisdn": "4915771234567"}, "NOT_PORTABLE"),
    ],
)
async def test_some_are_rejected_at_once(client: httpx.AsyncClient, more: dict[str, str], reason: str) -> None:
    created = await port(client, **more)
    assert (created["state"], created["reason"]) == ("rejected", reason)


async def test_a_rejected_one_is_corrected(client: httpx.AsyncClient) -> None:
    created = await port(client, authorisationCode="0000")
    same = await client.patch(f"{PORT_IN}/{created['id']}", json={"accountNumber": "A-1"})
    assert (same.json()["state"], same.json()["reason"]) == ("rejected", "AUTHORISATION_CODE_WRONG")
    right = await client.patch(f"{PORT_IN}/{created['id']}", json={"authorisationCode": "1234"})
    assert (right.status_code, right.json()["state"], "reason" in right.json()) == (200, "requested", False)


@pytest.mark.parametrize("state", ["requested", "validated", "scheduled", "ported"])
async def test_only_a_rejected_one_is_corrected(client: httpx.AsyncClient, state: str) -> None:
    created = await port(client)
    await move(client, created["id"], state=state)
    answer = await client.patch(f"{PORT_IN}/{created['id']}", json={"authorisationCode": "1234"})
    assert answer.status_code == 409


@pytest.mark.parametrize("name", ["state", "msisdn", "externalId", "reason"])
async def test_a_client_cannot_say_how_far_it_is(client: httpx.AsyncClient, name: str) -> None:
    created = await port(client, authorisationCode="0000")
    answer = await client.patch(f"{PORT_IN}/{created['id']}", json={name: "ported"})
    assert answer.status_code == 400
    assert (await client.get(f"{PORT_IN}/{created['id']}")).json() == created


@pytest.mark.parametrize("state", ["requested", "validated", "rejected"])
async def test_one_without_a_date_can_be_cancelled(client: httpx.AsyncClient, state: str) -> None:
    number, created = await tagged(client), await port(client)
    await move(client, created["id"], state=state)
    answer = await client.patch(f"{PORT_IN}/{created['id']}", json={"state": "cancelled"})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert (await told(client, number))["portInStatus"] == "cancelled"
    assert (await port(client, externalId="e-2"))["state"] == "requested"


@pytest.mark.parametrize("state", ["scheduled", "ported", "cancelled"])
async def test_one_that_is_on_its_way_cannot_be_cancelled(client: httpx.AsyncClient, state: str) -> None:
    created = await port(client)
    await move(client, created["id"], state=state)
    answer = await client.patch(f"{PORT_IN}/{created['id']}", json={"state": "cancelled"})
    assert answer.status_code == (200 if state == "cancelled" else 409)
    assert (await client.get(f"{PORT_IN}/{created['id']}")).json()["state"] == state


async def test_a_port_in_goes_its_way(client: httpx.AsyncClient) -> None:
    identifier = (await port(client))["id"]
    for body in (
        {"state": "validated"},
        {"state": "scheduled", "scheduledAt": "2026-12-01T05:00:00Z"},
        {"state": "ported"},
    ):
        assert (await move(client, identifier, **body)).status_code == 200
        assert (await client.get(f"{PORT_IN}/{identifier}")).json()["state"] == body["state"]
    assert (await client.get(f"{PORT_IN}/{identifier}")).json()["scheduledAt"] == "2026-12-01T05:00:00Z"


@pytest.mark.parametrize(
    ("identifier", "body", "status"),
    [("none", {"state": "ported"}, 404), ("", {"state": "lost"}, 400), ("", {"state": "ported", "odd": 1}, 400)],
)
async def test_a_move_that_is_none(client: httpx.AsyncClient, identifier: str, body: Any, status: int) -> None:
    created = await port(client)
    assert (await move(client, identifier or created["id"], **body)).status_code == status
    assert (await client.get(f"{PORT_IN}/{created['id']}")).json() == created


async def test_the_number_in_the_inventory_follows(client: httpx.AsyncClient) -> None:
    number, identifier = await tagged(client), (await port(client))["id"]
    await move(client, identifier, state="rejected", reason="ACCOUNT_UNKNOWN")
    assert await told(client, number) == {
        "donorOperator": "Telora", "portInStatus": "rejected", "portInReason": "ACCOUNT_UNKNOWN",
    }  # fmt: skip
    await client.patch(f"{PORT_IN}/{identifier}", json={"accountNumber": "A-1"})
    assert await told(client, number) == {"donorOperator": "Telora", "portInStatus": "requested"}
    await move(client, identifier, state="scheduled", scheduledAt="2026-12-01T05:00:00Z")
    await move(client, identifier, state="ported")
    assert await told(client, number) == {
        "donorOperator": "Telora", "portInStatus": "ported", "portingDate": "2026-12-01T05:00:00Z",
    }  # fmt: skip


async def test_a_rejection_at_once_is_told_too(client: httpx.AsyncClient) -> None:
    number = await tagged(client)
    await port(client, authorisationCode="0000")
    assert (await told(client, number))["portInStatus"] == "rejected"


async def test_the_inventory_s_hub_tells_of_each_move(client: httpx.AsyncClient) -> None:
    number, identifier = await tagged(client), (await port(client))["id"]
    async with listening() as listener:
        await client.post(f"{V4}/hub", json={"callback": listener.address})
        for state in ("validated", "ported"):
            await move(client, identifier, state=state)
            heard = await listener.next()
            assert heard.path == "/listener/resourceAttributeValueChangeEvent"
            resource = heard.body["event"]["resource"]
            characteristics = {each["name"]: each["value"] for each in resource["resourceCharacteristic"]}
            assert (resource["id"], characteristics["portInStatus"]) == (number, state)


async def test_a_number_of_the_pool_is_left_alone(client: httpx.AsyncClient) -> None:
    body = {"name": NUMBER, "value": NUMBER, "resourceCharacteristic": [{"name": "numberClass", "value": "Gold"}]}
    identifier = (await client.post(LOGICAL, json=body)).json()["id"]
    await move(client, (await port(client))["id"], state="ported")
    assert await told(client, identifier) == {"numberClass": "Gold"}
    assert (await told(client, FREE)) == {"numberClass": "Platinum"}


async def test_no_api_shows_an_authorisation_code(client: httpx.AsyncClient) -> None:
    number = await tagged(client)
    async with listening() as inventory, listening() as provider:
        await client.post(f"{V4}/hub", json={"callback": inventory.address})
        await client.post("/porting/v1/hub", json={"callback": provider.address})
        created = await client.post(PORT_IN, json=BODY)
        identifier = created.json()["id"]
        moved = await move(client, identifier, state="rejected", reason="X")
        corrected = await client.patch(f"{PORT_IN}/{identifier}", json={"authorisationCode": f"{CODE}-2"})
        heard = [await provider.next(), await provider.next(), await inventory.next()]
    shown = [created.text, corrected.text, *(each.raw.decode() for each in heard)]
    paths = (
        PORT_IN,
        f"{PORT_IN}/{identifier}",
        f"{PORT_IN}?fields=authorisationCode",
        f"{RESOURCE}/{number}",
        "/sandbox/calls",
        "/sandbox/events",
        "/sandbox/dump?api=PORTING&version=1&resource=portIn",
    )
    shown += [(await client.get(path)).text for path in paths]
    assert [text for text in shown if CODE in text] == []
    assert [path for path, text in zip(paths, shown[5:], strict=True) if identifier not in text] == [
        f"{RESOURCE}/{number}"
    ]
    assert (await client.get(f"{PORT_IN}?authorisationCode={CODE}-2")).json() == []
    assert moved.json()["authorisationCode"] == CODE
    listed = (await client.get("/sandbox/porting")).json()
    assert [(each["id"], each["authorisationCode"]) for each in listed] == [(identifier, f"{CODE}-2")]
    await client.post("/sandbox/reset")
    assert (await client.get("/sandbox/porting")).json() == []


async def test_a_port_in_without_a_code_has_none(client: httpx.AsyncClient) -> None:
    await client.post(PORT_IN, json={key: value for key, value in BODY.items() if key != "authorisationCode"})
    assert (await client.get("/sandbox/porting")).json()[0]["authorisationCode"] is None


async def test_faults_locks_habits_and_counts_know_the_provider(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/faults", json={"api": "PORTING", "kind": "status", "times": 1})
    assert (await client.get("/porting/v1/portability?msisdn=4915112345678")).status_code == 503
    await client.put("/sandbox/habits", json={"api": "PORTING", "name": "post-answers-200"})
    assert (await client.post(PORT_IN, json=BODY)).status_code == 200
    await client.put("/sandbox/auth", json={"api": "PORTING", "kind": "apiKey", "key": "k"})
    assert (await client.get(PORT_IN)).status_code == 401
    counts = (await client.get("/sandbox/calls")).json()["byResource"]
    assert counts == {"PORTING.portability": 1, "PORTING.portIn": 2}


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", f"{PORT_IN}/x"), ("POST", "/porting/v1/portability"), ("PUT", f"{PORT_IN}/x")]
)
async def test_what_it_does_not_do_is_refused(client: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await client.request(method, path, json={})).status_code == 405


def test_control_moves_a_port_in(server: SandboxProcess) -> None:
    with httpx.Client(base_url=server.base_url) as client:
        identifier = client.post(PORT_IN, json=BODY).json()["id"]
        moved = server.control.port(identifier, "scheduled", scheduled_at="2026-12-01T05:00:00Z")
        assert (moved["state"], moved["scheduledAt"]) == ("scheduled", "2026-12-01T05:00:00Z")
        assert server.control.port(identifier, "rejected", reason="R")["reason"] == "R"
        assert [each["authorisationCode"] for each in server.control.port_ins()] == [CODE]
        assert client.get(f"{PORT_IN}/{identifier}").json()["reason"] == "R"
