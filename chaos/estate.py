"""Gateways as production runs them, over one database, one cart system and one Redis; each can be killed or stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bff.dev import SANDBOX_TMF620, SANDBOX_TMF663, embedded_redis
from sandbox.process import SandboxProcess
from tests.processes import ROOT, free_ports, wait_for

HOLD = 2.0
SERVE = ("-m", "bff", "serve")
_KEY = "a-signing-key-for-chaos-of-forty-letters"


@dataclass
class Gateway:
    """One process, on a port of its own, that comes back there when it is started again."""

    port: int
    environment: dict[str, str]
    program: Sequence[str]
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {**os.environ, **self.environment, "BFF_PORT": str(self.port)}
        self._process = subprocess.Popen([sys.executable, *self.program], cwd=ROOT, env=environment)

    def wait(self) -> None:
        wait_for(f"{self.url}/readyz")

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing let go."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """SIGSTOP: it sleeps, and does not know."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


@dataclass
class Estate:
    sandbox: SandboxProcess
    gateways: list[Gateway] = field(default_factory=list)

    @property
    def carts_url(self) -> str:
        """The cart system's own address."""
        return f"{self.sandbox.base_url}{SANDBOX_TMF663['v4']}/shoppingCart"


@contextmanager
def estate(folder: Path, *, database: str = "", gateways: int = 2, program: Sequence[str] = SERVE) -> Iterator[Estate]:
    """Everything, ready. `database`: a URL, else SQLite in `folder`. `program`: serves instead of `bff serve`."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess())
        settings = {
            "tmf620_url": sandbox.base_url + SANDBOX_TMF620,
            "tmf620_page_size": 500,
            "tmf663_url": sandbox.base_url + SANDBOX_TMF663["v4"],
            "tmf663_timeout": 0.7,
            "tmf663_breaker_cooldown": 0.3,
            "redis_url": stack.enter_context(embedded_redis(folder / "redis")),
            "database_url": database or f"sqlite:///{folder}/bff.db",
            "cart_hold": HOLD,
            "cart_sweep": 1,
            "cache_fresh": 3_600,
            "keys": _KEY,
            "log_level": "error",
        }
        environment = {f"BFF_{name.upper()}": str(value) for name, value in settings.items()}
        # A gateway that was killed comes back to its port: away from where everybody else looks for a free one.
        first = free_ports(gateways, first=21_000 + os.getpid() % 800 * 10)
        running = Estate(sandbox, [Gateway(first + place, environment, program) for place in range(gateways)])
        for gateway in running.gateways:
            stack.callback(gateway.kill)
            gateway.start()
        for gateway in running.gateways:
            gateway.wait()
        yield running
