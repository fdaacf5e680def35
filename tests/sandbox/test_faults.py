"""Misbehaviour as a real client sees it, over a real connection."""

import threading
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault, Faults
from sandbox.process import SandboxProcess
from tests.sandbox.conftest import BASE

PATH = f"{BASE}/category?limit=1000"


def get(server: SandboxProcess, path: str = PATH, **options: Any) -> httpx.Response:
    return httpx.get(server.base_url + path, timeout=10, **options)


@pytest.mark.parametrize("kind", ["reset", "off"])
def test_a_reset_is_a_reset(server: SandboxProcess, kind: str) -> None:
    server.control.fault(kind, times=1)
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        get(server)
    assert get(server).status_code == 200


def test_half_an_answer_ends_early(server: SandboxProcess) -> None:
    server.control.fault("half")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        get(server)


def test_a_truncated_answer_is_whole_http_but_no_json(server: SandboxProcess) -> None:
    whole = get(server)
    server.control.fault("truncated")
    answer = get(server)
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(answer.content)))
    assert answer.content == whole.content[: len(whole.content) // 2]
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()


def test_a_big_answer_has_the_size_asked_for(server: SandboxProcess) -> None:
    server.control.fault("big", bytes=5_000_001)
    answer = get(server)
    assert len(answer.content) == 5_000_001
    assert "content-length" not in answer.headers
    assert len(answer.json()[0]) == 5_000_001 - 4


def test_a_client_may_leave_a_big_answer(server: SandboxProcess) -> None:
    server.control.fault("big", bytes=500_000_000, times=1)
    with httpx.stream("GET", server.base_url + PATH) as answer:
        assert len(next(answer.iter_bytes())) > 0
    assert get(server).status_code == 200


def test_a_hanging_call_hangs_until_the_client_gives_up(server: SandboxProcess) -> None:
    server.control.fault("hang", times=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(server.base_url + PATH, timeout=0.3)
    assert get(server).status_code == 200
    while (report := server.control.calls())["log"][0]["status"] is None:
        pass  # the hanging call ends because its client has left, or this test never does
    assert (report["total"], [call["status"] for call in report["log"]]) == (2, [0, 200])


def test_a_hanging_call_does_not_keep_the_server() -> None:
    with SandboxProcess() as own:
        own.control.fault("hang")
        seen: list[BaseException] = []
        client = threading.Thread(target=lambda: seen.append(_error_of(own)))
        client.start()
        while own.control.calls()["total"] == 0:
            pass
        assert own.stop() == 0
        client.join(timeout=10)
        assert isinstance(seen[0], httpx.TransportError)
        assert not isinstance(seen[0], httpx.TimeoutException)


def _error_of(server: SandboxProcess) -> BaseException:
    try:
        get(server)
    except httpx.HTTPError as error:
        return error
    raise AssertionError("the call was answered")


def test_other_answers(server: SandboxProcess) -> None:
    server.control.fault("status", status=429, times=1, headers={"Retry-After": "3"})
    answer = get(server)
    assert (answer.status_code, answer.json()["status"], answer.headers["retry-after"]) == (429, "429", "3")
    server.control.fault("status", times=1)
    assert get(server).status_code == 503
    server.control.fault("html", times=1)
    answer = get(server)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    server.control.fault("html", times=1, status=200)
    assert get(server).status_code == 200
    server.control.fault("errorBody", times=1)
    answer = get(server)
    assert (answer.status_code, answer.json()["@type"]) == (200, "Error")


def test_a_delay_delays_and_changes_nothing(server: SandboxProcess) -> None:
    plain = get(server)
    server.control.fault("delay", delayMs=300)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(server.base_url + PATH, timeout=0.1)
    assert get(server).content == plain.content


def test_a_delayed_write_keeps_its_body(server: SandboxProcess) -> None:
    server.control.fault("delay", delayMs=50)
    answer = httpx.post(server.base_url + f"{BASE}/category", json={"id": "slow", "name": "Slow"})
    assert (answer.status_code, answer.json()["name"]) == (201, "Slow")


def test_a_fault_strikes_only_what_it_names(server: SandboxProcess) -> None:
    server.control.fault("status", api="TMF620", resource="productOfferingPrice")
    assert get(server, f"{BASE}/productOfferingPrice").status_code == 503
    assert get(server, f"{BASE}/productOfferingPrice/pop-esim-once").status_code == 503
    assert get(server).status_code == 200
    assert get(server, "/sandbox/health").json() == {"status": "ok"}
    assert server.control.calls()["byResource"] == {"TMF620.productOfferingPrice": 2, "TMF620.category": 1}
    assert [call["status"] for call in server.control.calls()["log"]] == [503, 503, 200]


def test_faults_are_listed_and_removed(server: SandboxProcess) -> None:
    server.control.fault("status", resource="category", times=2)
    server.control.fault("delay", delayMs=1)
    get(server)
    assert [(fault["kind"], fault["times"]) for fault in server.control.faults()] == [("status", 1), ("delay", None)]
    server.control.clear_faults(resource="category")
    assert [fault["kind"] for fault in server.control.faults()] == ["delay"]
    server.control.clear_faults()
    assert server.control.faults() == []


def hits(fault: Fault, calls: int) -> list[int]:
    faults = Faults()
    faults.add(fault)
    return [number for number in range(1, calls + 1) if faults.fire("TMF620", "category")[1]]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (1.0, [1, 2, 3, 4, 5, 6, 7, 8]),
        (0.5, [2, 4, 6, 8]),
        (0.25, [4, 8]),
        (0.75, [2, 3, 4, 6, 7, 8]),
        (0.1, []),
        (0.0, []),
    ],
)
def test_a_rate_is_every_kth_call(rate: float, expected: list[int]) -> None:
    assert hits(Fault(kind="reset", rate=rate), 8) == expected


def test_a_tenth_is_every_tenth_call() -> None:
    assert hits(Fault(kind="reset", rate=0.1), 100) == list(range(10, 101, 10))


def test_times_end_a_fault() -> None:
    assert hits(Fault(kind="reset", rate=0.5, times=2), 20) == [2, 4]
    assert hits(Fault(kind="reset", times=3), 20) == [1, 2, 3]


def test_delays_add_up_and_the_first_other_kind_answers() -> None:
    faults = Faults()
    for fault in (
        Fault(kind="delay", delay_ms=100),
        Fault(kind="reset", delay_ms=50),
        Fault(kind="html"),
        Fault(kind="delay", delay_ms=9),
    ):
        faults.add(fault)
    delay, deciding = faults.fire("TMF620", None)
    assert (round(delay, 3), deciding and deciding.kind) == (0.15, "reset")


async def test_without_a_connection_a_reset_is_an_exception(app) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox.test") as client:
        await client.put("/sandbox/faults", json={"kind": "reset"})
        with pytest.raises(ConnectionResetError):
            await client.get(PATH)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "explode"},
        {},
        {"kind": "delay", "delay": 3},
        {"kind": "status", "api": "TMF999"},
        {"kind": "delay", "delayMs": "x"},
    ],
)
async def test_a_wrong_fault_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.put("/sandbox/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["@type"] == "Error"
    assert (await client.get("/sandbox/faults")).json() == []
