"""Processes of the nursery end when they are told to, and with it."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
import redis

from chaos.nursery import Nursery
from tests.needs import need


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "redis.sock"


def _answers(socket: Path) -> bool:
    with redis.Redis(unix_socket_path=str(socket), retry=None) as client, contextlib.suppress(redis.RedisError):
        return bool(client.ping())
    return False


def _until(socket: Path, *, answers: bool) -> None:
    while _answers(socket) is not answers:
        time.sleep(0.02)


def _start(nursery: Nursery, socket: Path) -> int:
    pid = nursery.start("chaos.numbers_processes:redis_server", {"folder": str(socket.parent)})
    _until(socket, answers=True)
    return pid


def test_what_is_killed_is_gone(tmp_path: Path, socket: Path) -> None:
    with Nursery("chaos.numbers_processes", tmp_path / "log") as nursery:
        nursery.kill(_start(nursery, socket))
        assert not _answers(socket)


def test_all_end_with_the_nursery(tmp_path: Path, socket: Path) -> None:
    with Nursery("chaos.numbers_processes", tmp_path / "log") as nursery:
        _start(nursery, socket)
    assert not _answers(socket)


def test_all_end_with_a_nursery_that_is_killed(tmp_path: Path, socket: Path) -> None:
    need(os.uname().sysname == "Linux", "Linux, which ends children with their parent")
    with Nursery("chaos.numbers_processes", tmp_path / "log") as nursery:
        _start(nursery, socket)
        os.kill(nursery.pid, signal.SIGKILL)
        _until(socket, answers=False)
