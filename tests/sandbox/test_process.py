"""The sandbox as a process: it starts, keeps what was written through any death, and never outlives its parent."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.process import SandboxProcess
from tests.sandbox.conftest import BASE


def write(sandbox: SandboxProcess, identifier: str) -> None:
    answer = httpx.post(f"{sandbox.base_url}{BASE}/category", json={"id": identifier, "name": identifier})
    assert answer.status_code == 201


def total(sandbox: SandboxProcess) -> int:
    answer = httpx.get(f"{sandbox.base_url}{BASE}/category?limit=1")
    return int(answer.headers["x-total-count"])


def test_what_was_written_survives_a_stop_and_a_kill(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as first:
        before = total(first)
        write(first, "one")
        assert first.stop() == 0
    second = SandboxProcess(tmp_path).start()
    write(second, "two")
    second.kill()
    with SandboxProcess(tmp_path) as third:
        assert total(third) == before + 2
        assert httpx.get(f"{third.base_url}{BASE}/category/two").json()["name"] == "two"
        listed = httpx.get(f"{third.base_url}{BASE}/category?offset={before}").json()
        assert [category["id"] for category in listed] == ["one", "two"]


def test_another_number_of_offerings_seeds_again(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as first:
        before = total(first)
        write(first, "one")
    with SandboxProcess(tmp_path, offerings=200) as second:
        assert total(second) == before
        assert httpx.get(f"{second.base_url}{BASE}/productOffering?limit=1").headers["x-total-count"] == "200"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_exits_cleanly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    process, _ = started(tmp_path)
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert process.communicate() == (b"", b"")


def test_it_exits_when_its_parent_is_gone(tmp_path: Path) -> None:
    process, base_url = started(tmp_path, "--exit-with-stdin")
    assert httpx.get(f"{base_url}/sandbox/health").json() == {"status": "ok"}
    assert process.communicate(timeout=10) == (b"", b"")
    assert process.returncode == 0


def test_without_the_option_the_end_of_stdin_means_nothing(tmp_path: Path) -> None:
    process, base_url = started(tmp_path)
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    for _ in range(5):
        assert httpx.get(f"{base_url}/sandbox/health").status_code == 200
    process.terminate()
    assert process.communicate(timeout=10) == (b"", b"")


def started(data: Path, *options: str) -> tuple["subprocess.Popen[bytes]", str]:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(data), *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    return process, process.stdout.readline().decode().split()[-1]


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sandbox = SandboxProcess(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(RuntimeError, match="in use"):
            sandbox.start()


def test_a_given_port_is_taken_and_a_second_stop_does_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sandbox = SandboxProcess(port=port).start()
    assert sandbox.base_url == f"http://127.0.0.1:{port}"
    data = sandbox.data
    assert sandbox.stop() == 0
    assert sandbox.stop() is None
    assert not data.exists()


async def test_it_is_an_async_context_too() -> None:
    async with SandboxProcess() as sandbox:
        assert sandbox.control.calls()["total"] == 0
        assert sandbox.pid > 0
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.pid


def test_a_habit_from_the_start_is_on_again_after_a_kill(tmp_path: Path) -> None:
    first = SandboxProcess(tmp_path, habits=["TMF620:etag-present"]).start()
    first.kill()
    with first as again:
        first_one = httpx.get(f"{again.base_url}{BASE}/category?limit=1").json()[0]["id"]
        assert "etag" in httpx.get(f"{again.base_url}{BASE}/category/{first_one}").headers
