"""Each habit of answers and writes, off and on."""

from typing import Any

import httpx
import pytest

from sandbox.habits.answering import etag
from sandbox.process import SandboxProcess
from tests.sandbox.conftest import BASE
from tests.sandbox.habits.conftest import Switch

OFFERING = f"{BASE}/productOffering"
ESIM = f"{OFFERING}/po-esim"


async def test_counts_missing(client: httpx.AsyncClient, habit: Switch) -> None:
    assert {"x-total-count", "x-result-count"} <= (await client.get(OFFERING)).headers.keys()
    await habit("counts-missing")
    answer = await client.get(OFFERING)
    assert not {"x-total-count", "x-result-count"} & answer.headers.keys()
    assert len(answer.json()) == 100
    assert (await client.get(ESIM)).status_code == 200


async def test_statuses_of_writes(client: httpx.AsyncClient, habit: Switch) -> None:
    async def statuses() -> list[int]:
        created = await client.post(OFFERING, json={"name": "x"})
        return [created.status_code, (await client.patch(ESIM, json={"version": "2"})).status_code]

    assert await statuses() == [201, 200]
    await habit("patch-answers-201")
    assert await statuses() == [201, 201]
    await habit("post-answers-200")
    assert await statuses() == [200, 201]
    assert (await client.patch(ESIM, json={"name": None})).status_code == 400


async def test_etag_present(client: httpx.AsyncClient, habit: Switch) -> None:
    assert "etag" not in (await client.get(ESIM)).headers
    assert (await client.patch(ESIM, json={"version": "2"}, headers={"if-match": '"old"'})).status_code == 200
    await habit("etag-present")
    tag = (await client.get(ESIM)).headers["etag"]
    assert (await client.get(ESIM, headers={"accept-language": "de"})).headers["etag"] == tag
    assert "etag" not in (await client.get(OFFERING)).headers
    changed = await client.patch(ESIM, json={"version": "3"}, headers={"if-match": tag})
    assert changed.status_code == 200
    for method in ("PATCH", "DELETE"):
        refused = await client.request(method, ESIM, json={"version": "4"}, headers={"if-match": tag})
        assert (refused.status_code, refused.json()["code"]) == (412, "preconditionFailed")
    assert (await client.get(ESIM)).json()["version"] == "3"
    assert (await client.get(ESIM)).headers["etag"] == changed.headers["etag"] != tag
    assert (await client.patch(ESIM, json={}, headers={"if-match": "*"})).status_code == 200
    assert (await client.patch(ESIM, json={})).status_code == 200


async def test_etag_weak_and_required(client: httpx.AsyncClient, habit: Switch) -> None:
    await habit("etag-present", weak=True, required=True)
    tag = (await client.get(ESIM)).headers["etag"]
    assert tag.startswith('W/"')
    assert (await client.delete(ESIM)).status_code == 428
    assert (await client.delete(ESIM, headers={"if-match": f'"other", {tag}'})).status_code == 204


def test_a_tag_follows_the_content() -> None:
    assert etag({"id": "1"}) == etag({"id": "1"}) != etag({"id": "2"})


async def test_transitions(client: httpx.AsyncClient, habit: Switch) -> None:
    async def move(state: str) -> int:
        return (await client.patch(ESIM, json={"lifecycleStatus": state})).status_code

    assert [await move(state) for state in ("In study", "Obsolete", "Active")] == [200, 200, 200]
    await habit("transitions-enforced")
    assert await move("Obsolete") == 409
    assert (await client.get(ESIM)).json()["lifecycleStatus"] == "Active"
    assert [await move(state) for state in ("Active", "Launched", "Retired", "Obsolete")] == [200] * 4
    assert [await move("Active"), await move("Cooking")] == [409, 400]
    await habit("transitions-free")
    assert await move("Active") == 200


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("detail", {"detail": "productOffering nobody does not exist"}),
        ("number", {"code": 40401, "reason": "No such resource", "status": 404}),
        ("empty", None),
        ("html", None),
    ],
)
async def test_error_shapes(client: httpx.AsyncClient, habit: Switch, shape: str, body: Any) -> None:
    address = f"{OFFERING}/nobody"
    assert (await client.get(address)).json()["code"] == "notFound"
    await habit("error-shapes", shape=shape)
    answer = await client.get(address)
    assert answer.status_code == 404
    if body:
        assert answer.json() == body
    assert (answer.text == "", answer.text.startswith("<!doctype html>")) == (shape == "empty", shape == "html")
    assert (await client.get(ESIM)).status_code == 200


async def test_error_shapes_take_turns(client: httpx.AsyncClient, habit: Switch) -> None:
    await habit("error-shapes")
    answers = [await client.get(f"{OFFERING}/nobody") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert [answer.text[:9] for answer in answers] == ['{"detail"', "<!doctype", "", '{"code":4', '{"detail"']


def test_late_apply(server: SandboxProcess) -> None:
    address = f"{server.base_url}{BASE}/category"
    server.control.habit("late-apply", times=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(address, json={"id": "late", "name": "Late"}, timeout=0.3)
    assert httpx.get(f"{address}/late").json()["name"] == "Late"
    while (status := server.control.calls()["log"][0]["status"]) is None:
        pass  # the write ends because its client has left, or this test never does
    assert status == 0
    assert httpx.patch(f"{address}/late", json={"name": "Now"}, timeout=10).json()["name"] == "Now"
    server.control.habit("late-apply", delayMs=20)
    assert httpx.delete(f"{address}/late", timeout=10).status_code == 204
    assert httpx.post(address, json={"id": "late", "name": ""}, timeout=10).status_code == 400


async def test_a_late_answer_comes(client: httpx.AsyncClient, habit: Switch) -> None:
    await habit("late-apply", delayMs=1)
    assert (await client.patch(ESIM, json={"version": "2"})).json()["version"] == "2"
