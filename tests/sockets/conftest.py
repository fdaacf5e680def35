"""An estate as it runs in production: two gateways, each a process of its own, over one Redis and one database."""

import shutil
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bff.dev import SANDBOX_TMF620, SANDBOX_TMF663, embedded_redis
from bff.identity import options_of
from bff.settings import CognitoSettings
from sandbox.cognito.operations import CLIENT, POOL
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.shopper import Shopper
from tests.processes import free_ports, serving
from tests.sockets.follower import Remote

KEY = "a-signing-key-for-tests-of-forty-letters"
SHOP = "https://shop.example.com"


@dataclass(frozen=True)
class Estate:
    """The base URLs of both processes, and the file that has all that they said."""

    one: str
    other: str
    logs: tuple[Path, Path]


def settings_over(sandbox_url: str, database: Path, **given: Any) -> dict[str, Any]:
    return {
        "tmf620_url": sandbox_url + SANDBOX_TMF620,
        "tmf620_page_size": 500,
        "tmf663_url": sandbox_url + SANDBOX_TMF663["v4"],
        "keys": KEY,
        "database_url": f"sqlite:///{database}",
        "cart_sweep": 3600,
        "sockets_look": 3600,
        **given,
    }


@pytest.fixture(scope="package")
def estate(
    sandbox_process: SandboxProcess, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Estate]:
    folder = tmp_path_factory.mktemp("estate")
    shutil.copy(migrated_file, folder / "bff.db")
    with ExitStack() as running:
        redis = running.enter_context(embedded_redis(folder / "redis"))
        settings = settings_over(
            sandbox_process.base_url,
            folder / "bff.db",
            redis_url=redis,
            cognito_pool=POOL,
            cognito_client_id=CLIENT,
            cognito_endpoint=sandbox_process.base_url,
            session_cookies=True,
            cors_origins=SHOP,
            sockets_operations=2,
            metrics_enabled=True,
            log_level="debug",
        )
        port, logs = free_ports(2), (folder / "one.log", folder / "other.log")
        one, _ = running.enter_context(serving(log=logs[0], port=port, **settings))
        other, _ = running.enter_context(serving(log=logs[1], port=port + 1, sockets_init_seconds=2, **settings))
        yield Estate(one, other, logs)


@pytest.fixture
async def guest(estate: Estate, sandbox: SandboxControl) -> AsyncIterator[Shopper]:
    """A guest with a cart, at the first process."""
    async with Remote(estate.one) as client:
        shopper = Shopper(client)
        await shopper.create()
        yield shopper


@dataclass
class User(Shopper):
    """Somebody who is signed in."""

    bearer: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.bearer}"}


def token_of(sandbox: SandboxControl, sandbox_url: str, *, seconds: float = 3_600) -> str:
    """An access token of somebody new, that is refused after so many seconds."""
    now = time.time()
    pool = options_of(CognitoSettings(pool=POOL, client_id=CLIENT, endpoint=sandbox_url))
    return sandbox.mint(
        {
            "sub": f"u-{uuid.uuid4().hex}",
            "iss": pool.issuer,
            "client_id": CLIENT,
            "token_use": "access",
            "iat": int(now - 60),
            "exp": now + seconds - 10,  # the leeway that a token has everywhere
            "origin_jti": uuid.uuid4().hex,
        }
    )


@pytest.fixture
async def ada(estate: Estate, sandbox: SandboxControl, sandbox_process: SandboxProcess) -> AsyncIterator[User]:
    """A user with a cart, at the first process."""
    async with Remote(estate.one) as client:
        user = User(client, bearer=token_of(sandbox, sandbox_process.base_url))
        await user.create()
        yield user
