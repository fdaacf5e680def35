"""`bff dev`: the whole shop in one command, from outside; and what is in its way."""

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis as redis_client
import structlog
import uvicorn
from redis.backoff import NoBackoff
from redis.retry import Retry

from bff.app import create_app
from bff.dev import (
    DevError,
    _Announcing,
    _only_one,
    _require_free,
    _socket_path,
    dev_settings,
    embedded_redis,
    run_dev,
    serve,
)
from bff.settings import DatabaseSettings, NumberSettings, Settings
from sandbox.process import SandboxProcess
from sandbox.seed.catalogue import offers
from tests.processes import PATIENCE, free_ports

ROOT = Path(__file__).resolve().parents[2]
PAGE = {"query": "{ productOfferings(first: 2) { nodes { name prices { kind } } } }"}


def start(port: int, data: Path) -> "subprocess.Popen[bytes]":
    """A `bff dev` that has said it is ready."""
    command = [sys.executable, "-m", "bff", "dev", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    for line in process.stdout:
        if b"Ctrl-C" in line:
            return process
    raise AssertionError("bff dev did not start")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_starts_answers_and_leaves_nothing_behind(tmp_path: Path, how: signal.Signals) -> None:
    """One command serves the shop; a signal ends it with 0, its sandbox and its Redis with it; then it starts again."""
    port = free_ports(2)
    for _ in range(2):
        process = start(port, tmp_path)
        try:
            page = httpx.post(f"http://127.0.0.1:{port}/graphql", json=PAGE).json()
            assert page["data"]["productOfferings"]["nodes"][0]["name"] == "Mobile M"
            assert httpx.get(f"http://127.0.0.1:{port + 1}/sandbox/health").json() == {"status": "ok"}
            assert httpx.get(f"http://127.0.0.1:{port}/livez").json() == {"status": "ok"}
            assert "GraphiQL" in httpx.get(f"http://127.0.0.1:{port}/graphql", headers={"accept": "text/html"}).text
            url = f"unix://{_socket_path(tmp_path / 'redis')}"
            with redis_client.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis:
                assert redis.ping()
        finally:
            process.send_signal(how)
            code = process.wait(timeout=PATIENCE)
            assert process.stdout is not None
            process.stdout.close()
        assert code == 0
        for gone in (port, port + 1):
            _require_free(gone)
        with (
            redis_client.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis,
            pytest.raises(redis_client.ConnectionError),
        ):
            redis.ping()


def test_what_is_in_the_way(tmp_path: Path) -> None:
    """A taken port and a folder in use are told before anything starts."""
    port = free_ports(2)
    with socket.create_server(("127.0.0.1", port + 1)), pytest.raises(DevError, match=f"Port {port + 1} is in use"):
        run_dev(Settings(), port=port, data=tmp_path, offerings=None)
    with _only_one(tmp_path), pytest.raises(DevError, match="Another `bff dev`"), _only_one(tmp_path):
        pass
    with _only_one(tmp_path):
        assert (tmp_path / "lock").exists()


def test_a_redis_left_over_by_a_killed_run_is_stopped(tmp_path: Path) -> None:
    """Its data is kept and its socket taken over."""
    killed = (
        "import os, pathlib; from bff.dev import embedded_redis; "
        f"held = embedded_redis(pathlib.Path({str(tmp_path)!r})); print(held.__enter__(), flush=True); os._exit(9)"
    )
    first_run = subprocess.run([sys.executable, "-c", killed], stdout=subprocess.PIPE, cwd=ROOT, text=True, check=False)
    url = first_run.stdout.strip()
    with redis_client.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis:
        redis.set("a", "1")
        first = redis.info()["process_id"]
    with embedded_redis(tmp_path) as again, redis_client.Redis.from_url(again) as redis:
        assert (again, redis.get("a")) == (url, b"1")
        assert redis.info()["process_id"] != first
    (tmp_path / "valkey.sock").touch()
    with embedded_redis(tmp_path) as url, redis_client.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis:
        assert redis.ping()


def test_sockets_have_short_names(tmp_path: Path) -> None:
    """Where the folder's own name is too long for a socket, a short one stands for it, always the same."""
    assert _socket_path(Path("/a")) == Path("/a/valkey.sock")
    long = Path("/" + "a" * 100)
    assert len(str(_socket_path(long))) < 90
    assert _socket_path(long) == _socket_path(long) != _socket_path(long / "b")


async def test_says_where_to_look_when_it_is_ready(
    sandbox_process: SandboxProcess, redis_url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The server announces itself after it listens."""
    port, sandbox = free_ports(2), sandbox_process.base_url
    settings = dev_settings(Settings(), port=port, sandbox_url=sandbox, redis_url=redis_url, data=tmp_path)
    server: Any = _Announcing(uvicorn.Config(create_app(settings), port=port, log_level="warning"), settings)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0)
    said = capsys.readouterr().out
    async with httpx.AsyncClient() as client:
        page = await client.post(f"http://127.0.0.1:{port}/graphql", json=PAGE)
    server.should_exit = True
    await running
    assert page.json()["data"]["productOfferings"]["nodes"][1]["name"] == "Kaiyo K1"
    assert f"GraphiQL   http://127.0.0.1:{port}/graphql" in said
    assert f"Sandbox    {sandbox_process.base_url}/sandbox/calls" in said
    assert f"Outbox     {sandbox_process.base_url}/outbox" in said


def test_everything_is_stopped_however_serving_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway gets settings that point at its sandbox and Redis; both are gone when it ends, even by SIGTERM."""
    given: list[Settings] = []
    before = signal.getsignal(signal.SIGTERM)
    port = free_ports(2)

    def serve(settings: Settings) -> None:
        given.append(settings)
        assert httpx.get(f"http://127.0.0.1:{port + 1}/sandbox/health").json() == {"status": "ok"}
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("bff.dev.serve", serve)
    try:
        with pytest.raises(SystemExit) as ended:
            run_dev(Settings(), port=port, data=tmp_path, offerings=None)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 0
    (settings,) = given
    assert (settings.port, settings.log_format, settings.tmf620.page_size) == (port, "console", 500)
    assert settings.database.url == f"sqlite:///{tmp_path}/bff.db"
    assert settings.tmf620.url == f"http://127.0.0.1:{port + 1}/tmf-api/productCatalogManagement/v4"
    _require_free(port + 1)
    assert not _socket_path(tmp_path / "redis").exists()


def test_ctrl_c_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """uvicorn raises it again when it has stopped; nobody wants to see that."""
    before = structlog.get_config()

    def stopped(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bff.dev._Announcing.run", stopped)
    try:
        unused = "http://127.0.0.1:2"
        serve(dev_settings(Settings(), port=1, sandbox_url=unused, redis_url="redis://127.0.0.1:2", data=tmp_path))
    finally:
        structlog.configure(**before)


def dev(settings: Settings, data: Path) -> Settings:
    return dev_settings(settings, port=1, sandbox_url="http://127.0.0.1:2", redis_url="", data=data)


def test_the_signing_key_of_a_folder_is_drawn_once(tmp_path: Path) -> None:
    """Nobody else on the machine can read it, and another folder has another."""
    (tmp_path / "other").mkdir()
    first, again, other = (dev(Settings(), folder).keys for folder in (tmp_path, tmp_path, tmp_path / "other"))
    assert first == again != other
    assert len(first[0]) >= 32
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_tiers_are_sold_by_the_sandboxs_offerings(tmp_path: Path) -> None:
    """Unless the settings name others."""
    tiers = [each.split("=") for each in dev(Settings(), tmp_path).numbers.tier_offerings]
    offerings = {offer.id for offer in offers()}
    assert [tier for tier, _ in tiers] == ["SILVER", "GOLD", "PLATINUM"]
    assert {offering for _, offering in tiers} <= offerings
    own = NumberSettings(tier_offerings=("GOLD=po-1",))
    assert dev(Settings(numbers=own), tmp_path).numbers == own


def test_a_database_and_keys_of_the_users_are_kept(tmp_path: Path) -> None:
    """Whoever names a PostgreSQL server tries it with everything else of `bff dev`."""
    keys, database = ("k" * 32,), DatabaseSettings(url="postgresql://u@h/d", migrate=False)
    settings = dev(Settings(keys=keys, database=database), tmp_path)
    assert (settings.keys, settings.database) == (keys, database)
    assert not (tmp_path / "key").exists()
