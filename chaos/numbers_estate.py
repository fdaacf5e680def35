"""Gateways, workers, Redis and upstream of `scripts/chaos numbers`, each a process that can be killed and stopped."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from bff.dev import SANDBOX_TMF620, SANDBOX_TMF639, SANDBOX_TMF663
from chaos.nursery import Nursery
from sandbox.control import SandboxControl
from tests.processes import free_ports, wait_for

_KEY = "a-signing-key-for-chaos-of-forty-letters"
_CONDITIONAL = ("TMF639:etag-present", "TMF639:transitions-enforced")
_PROGRAMS = "chaos.numbers_processes"


@dataclass(frozen=True)
class Conditions:
    """What kind of an estate it is. Times in seconds.

    `conditional`: whether the inventory takes If-Match and refuses wrong moves, or is blind. `apart`: how far the
    slowest and the fastest clock are apart. `numbers`: in the inventory; four of five are free. `plant`: what is put in
    the place of the protocol, `module:function`. `timeouts`: how long one process after the other waits for the
    inventory; one that slept while it waited goes on with what it was about to write, if it waits long enough.
    """

    conditional: bool = False
    apart: float = 0.0
    hold: float = 3.0
    gateways: int = 2
    workers: int = 2
    numbers: int = 3_000
    database: str = ""
    plant: str = ""
    timeouts: tuple[float, ...] = (1.0, 8.0)

    @property
    def late_write(self) -> float:
        """For how long the inventory may still carry out what it did not answer; it is stopped and put off for less."""
        return 2 * self.hold

    @property
    def kind(self) -> str:
        return "conditional" if self.conditional else "blind"

    @property
    def lives(self) -> float:
        """How long a hold lives by the clock of one process; by the fastest it has then `hold` left."""
        return self.hold + self.apart

    def shift(self, place: int) -> float:
        """By how much a process's clock is wrong: those of gateways are late, by all of `apart` or nearly, those of
        workers right or half as late.
        """
        if place < self.gateways:
            return -self.apart * (1 - place / 10)
        return -self.apart * ((place - self.gateways) % 2) / 2


@dataclass
class Process:
    """One process, which comes back where it was when it is started again."""

    nursery: Nursery
    program: str
    given: dict[str, Any]
    wait: Callable[[], None]
    url: str = ""
    _pid: int | None = None

    def start(self) -> None:
        self._pid = self.nursery.start(f"{_PROGRAMS}:{self.program}", self.given)

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing let go."""
        if self._pid is not None:
            self.nursery.kill(self._pid)
            self._pid = None

    def stop(self) -> None:
        """SIGSTOP: it sleeps, and does not know."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._pid is not None:
            os.kill(self._pid, number)


@dataclass
class RedisProcess(Process):
    """Redis with an append-only file in `folder`."""

    folder: Path = Path()

    def cut_tail(self, share: float) -> None:
        """Lose that share of what the file holds, as a machine does that loses power. Only while it does not run."""
        for file in self.folder.glob("appendonlydir/*.incr.aof"):
            os.truncate(file, int(file.stat().st_size * (1 - share)))


@dataclass
class Estate:
    conditions: Conditions
    folder: Path
    database: str
    redis_url: str
    redis: RedisProcess
    upstream: Process
    gateways: list[Process] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)

    @property
    def control(self) -> SandboxControl:
        return SandboxControl(self.upstream.url)

    @property
    def everything(self) -> list[Process]:
        return [self.redis, self.upstream, *self.gateways, *self.workers]


@contextmanager
def estate(folder: Path, conditions: Conditions) -> Iterator[Estate]:
    """Everything, ready; what the processes say is in `folder/log`."""
    with ExitStack() as stack:
        nursery = stack.enter_context(Nursery(_PROGRAMS, folder / "log"))
        count = conditions.gateways + conditions.workers
        # What was killed comes back to its port: away from where everybody else looks for a free one.
        first = free_ports(count + 1, first=22_000 + os.getpid() % 700 * 10)
        made = Estate(
            conditions,
            folder,
            conditions.database or f"sqlite:///{folder}/bff.db",
            f"unix://{folder}/redis/redis.sock",
            _redis(nursery, folder / "redis"),
            _upstream(nursery, folder / "sandbox", first, conditions),
        )
        for place in range(count):
            kind = "gateway" if place < conditions.gateways else "worker"
            port = first + 1 + place
            timeout = conditions.timeouts[place % len(conditions.timeouts)]
            given = {
                "environment": _environment(made, timeout),
                "port": port,
                "shift": conditions.shift(place),
                "plant": conditions.plant,
            }
            url = f"http://127.0.0.1:{port}"
            process = Process(nursery, kind, given, _answering(f"{url}/readyz"), url)
            (made.gateways if kind == "gateway" else made.workers).append(process)
        for one in (made.redis, made.upstream):
            one.start()
            one.wait()
        for process in (*made.gateways, *made.workers):
            process.start()
            process.wait()
        yield made


def _redis(nursery: Nursery, folder: Path) -> RedisProcess:
    folder.mkdir()
    path = folder / "redis.sock"

    def wait() -> None:
        with redis.Redis(unix_socket_path=str(path)) as client:
            for _ in range(400):
                with contextlib.suppress(redis.exceptions.RedisError):
                    client.ping()
                    return
                time.sleep(0.02)
        raise RuntimeError("Redis did not answer")

    return RedisProcess(nursery, "redis_server", {"folder": str(folder)}, wait, folder=folder)


def _upstream(nursery: Nursery, folder: Path, port: int, conditions: Conditions) -> Process:
    folder.mkdir()
    url = f"http://127.0.0.1:{port}"
    arguments = ["--port", str(port), "--data", str(folder), "--numbers", str(conditions.numbers)]
    if conditions.conditional:
        arguments += [part for habit in _CONDITIONAL for part in ("--habit", habit)]
    return Process(nursery, "upstream", {"arguments": arguments}, _answering(f"{url}/sandbox/health"), url)


def _answering(url: str) -> Callable[[], None]:
    return lambda: wait_for(url)


def _environment(made: Estate, timeout: float) -> dict[str, str]:
    up = made.upstream.url
    settings: dict[str, object] = {
        "tmf620_url": up + SANDBOX_TMF620,
        "tmf620_page_size": 500,
        "redis_url": made.redis_url,
        "database_url": made.database,
        "cart_hold": 2,
        "cache_fresh": 3_600,
        "numbers_fresh": 30,
        "keys": _KEY,
        "log_level": "error",
        "numbers_hold": made.conditions.lives,
        "numbers_longest": 4 * made.conditions.lives,
        "numbers_sweep": 0.5,
        "numbers_settle": 1 + made.conditions.apart,  # or the fastest clock would undo what others are still at
        "numbers_late_write": made.conditions.late_write,
        "numbers_last_look": 2 * made.conditions.late_write,
        "numbers_rest_days": 0.5 / 86_400,
        "numbers_per_shopper": 20,
        "numbers_per_address": 100_000,
    }
    for name, address in (("tmf639", SANDBOX_TMF639["v4"]), ("tmf663", SANDBOX_TMF663["v4"])):
        settings |= {
            f"{name}_url": up + address,
            f"{name}_page_size": 500,
            f"{name}_timeout": timeout,
            f"{name}_attempts": 2,
            f"{name}_breaker_threshold": 50,
            f"{name}_breaker_cooldown": 0.3,
        }
    return {f"BFF_{name.upper()}": str(value) for name, value in settings.items()}
