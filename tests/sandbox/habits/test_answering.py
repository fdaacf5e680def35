"""Each habit of answers and writes, off and on."""

from typing import Any

import httpx
import pytest

from sandbox.habits.answering import etag
from sandbox.process import SandboxProcess
from tests.sandbox.carts import NEWER, OLDER, SMALL
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


@pytest.mark.parametrize("path", [OLDER, NEWER])
async def test_sparse_write_answers(client: httpx.AsyncClient, habit: Switch, path: str) -> None:
    body = {"@type": "ShoppingCart", **SMALL}
    whole = (await client.post(path, json=body)).json()
    assert "cartItem" in whole
    await habit("sparse-write-answers", api="TMF663")
    created = await client.post(path, json=body)
    assert (created.status_code, set(created.json())) == (201, {"id", "href", "@type"})
    assert created.headers["content-length"] == str(len(created.content))
    address = created.json()["href"]
    assert (await client.get(address)).json()["cartItem"][0] == whole["cartItem"][0]
    patched = await client.patch(address, json={"cartItem": []})
    assert (patched.status_code, patched.json()) == (200, created.json())
    assert (await client.get(address)).json()["cartItem"] == []
    assert len((await client.get(path)).json()[0]) > 3
    assert (await client.patch(f"{path}/nobody", json={})).json()["code"] == "notFound"
    assert (await client.delete(address)).status_code == 204


@pytest.mark.parametrize("path", [OLDER, NEWER])
async def test_a_cart_has_a_tag_and_if_match_is_honoured(client: httpx.AsyncClient, habit: Switch, path: str) -> None:
    await habit("etag-present", api="TMF663")
    created = await client.post(path, json={"@type": "ShoppingCart", **SMALL})
    address, tag = created.json()["href"], created.headers["etag"]
    first = await client.patch(address, json={"cartItem": []}, headers={"if-match": tag})
    assert first.status_code == 200
    refused = await client.patch(address, json=SMALL, headers={"if-match": tag})
    assert (refused.status_code, refused.json()["code"]) == (412, "preconditionFailed")
    assert (await client.delete(address, headers={"if-match": tag})).status_code == 412
    read = await client.get(address)
    assert (read.json()["cartItem"], read.headers["etag"]) == ([], first.headers["etag"])
    assert (await client.delete(address, headers={"if-match": read.headers["etag"]})).status_code == 204


async def test_both_versions_give_a_cart_the_same_tag(client: httpx.AsyncClient, habit: Switch) -> None:
    await habit("etag-present", api="TMF663")
    created = await client.post(OLDER, json=SMALL)
    newer = await client.get(f"{NEWER}/{created.json()['id']}")
    assert newer.headers["etag"] == created.headers["etag"]


def test_late_apply_writes_a_cart_at_once(server: SandboxProcess) -> None:
    address = server.base_url + OLDER
    cart = httpx.post(address, json={}).json()
    server.control.habit("late-apply", api="TMF663")
    with pytest.raises(httpx.ReadTimeout):
        httpx.patch(f"{address}/{cart['id']}", json=SMALL, timeout=0.3)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(address, json={"id": "late"}, timeout=0.3)
    found = httpx.get(f"{address}?relatedParty.id=ind-7").json()
    assert [each["id"] for each in found] == [cart["id"]]
    assert httpx.get(f"{address}/late").status_code == 200


@pytest.mark.parametrize("path", [OLDER, NEWER])
def test_applied_later(server: SandboxProcess, path: str) -> None:
    address = server.base_url + path
    cart = httpx.post(address, json={"@type": "ShoppingCart"}).json()
    server.control.habit("applied-later", api="TMF663")
    with pytest.raises(httpx.TransportError):
        httpx.patch(cart["href"], json=SMALL)
    with pytest.raises(httpx.TransportError):
        httpx.post(address, json={"@type": "ShoppingCart", "id": "ghost"})
    assert httpx.get(cart["href"]).json() == cart
    assert httpx.get(f"{address}/ghost").status_code == 404
    assert server.control.ghosts() == [
        {"method": "PATCH", "path": f"{path}/{cart['id']}"},
        {"method": "POST", "path": path},
    ]
    server.control.apply_ghosts()
    assert len(httpx.get(cart["href"]).json()["cartItem"]) == 2
    assert httpx.get(f"{address}/ghost").status_code == 200
    assert server.control.ghosts() == []
    assert [call["status"] for call in server.control.calls()["log"] if call["method"] == "PATCH"] == [0]


def test_a_ghost_comes_by_itself_after_its_time(server: SandboxProcess) -> None:
    address = server.base_url + OLDER
    server.control.habit("applied-later", api="TMF663", delayMs=1, times=1)
    with pytest.raises(httpx.TransportError):
        httpx.post(address, json={"id": "ghost"})
    while httpx.get(f"{address}/ghost").status_code == 404:
        pass  # the write comes, or this test never ends
    assert server.control.ghosts() == []
    assert httpx.post(address, json={"id": "usual"}).status_code == 201


def test_a_ghost_may_keep_its_client_waiting(server: SandboxProcess) -> None:
    address = server.base_url + OLDER
    server.control.habit("applied-later", api="TMF663", closed=False)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(address, json={"id": "ghost"}, timeout=0.3)
    assert httpx.get(f"{address}/ghost").status_code == 404
    server.control.apply_ghosts()
    assert httpx.get(f"{address}/ghost").status_code == 200


def test_a_ghost_is_judged_when_it_comes(server: SandboxProcess) -> None:
    server.control.habit("etag-present", api="TMF663")
    created = httpx.post(server.base_url + OLDER, json={})
    address, tag = created.json()["href"], created.headers["etag"]
    server.control.habit("applied-later", api="TMF663", times=1)
    with pytest.raises(httpx.TransportError):
        httpx.patch(address, json={"cartItem": []}, headers={"if-match": tag})
    assert httpx.patch(address, json=SMALL, headers={"if-match": tag}).status_code == 200
    server.control.apply_ghosts()
    assert len(httpx.get(address).json()["cartItem"]) == 2


def test_a_reset_forgets_ghosts(server: SandboxProcess) -> None:
    server.control.habit("applied-later", api="TMF663", delayMs=3_600_000)
    with pytest.raises(httpx.TransportError):
        httpx.post(server.base_url + OLDER, json={"id": "ghost"})
    server.control.reset()
    assert server.control.ghosts() == []
    server.control.apply_ghosts()
    assert httpx.get(f"{server.base_url}{OLDER}/ghost").status_code == 404


def test_reads_are_no_ghosts(server: SandboxProcess) -> None:
    server.control.habit("applied-later")
    assert httpx.get(server.base_url + ESIM).status_code == 200
    assert server.control.ghosts() == []
