"""Processes that are born ready: forked from one that has imported everything, so that being killed costs little.

`python -m chaos.nursery` reads a line of JSON and answers one: `{"start": "chaos.numbers_processes:gateway",
"given": {...}}` answers the child's process id, `{"kill": 17}` comes back when that child is no more. When its input
ends, however its parent came to its own end, it takes all its children with it; where it is killed, Linux does.
"""

import contextlib
import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn, Self

from tests.processes import ROOT

_DEATH_SIGNAL = 1


class Nursery:
    """The nursery as seen by who wants processes: `with Nursery() as nursery: pid = nursery.start(...)`."""

    def __init__(self, imports: str, log: Path) -> None:
        """`imports`: the module that is there from the start; `log`: where all processes say what they have to say."""
        self._imports, self._log = imports, log
        self._turn = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "chaos.nursery", self._imports]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        """Of the nursery itself.

        Raises:
            RuntimeError: it is not open.
        """
        if self._process is None:
            raise RuntimeError("the nursery is not open")
        return self._process.pid

    def start(self, program: str, given: dict[str, Any]) -> int:
        """Call `module:function` with `given` in a process of its own; its id."""
        return int(self._ask({"start": program, "given": given}))

    def kill(self, pid: int) -> None:
        """SIGKILL, and wait until it is gone; nothing happens when it is."""
        self._ask({"kill": pid})

    def _ask(self, wanted: dict[str, Any]) -> Any:
        with self._turn:
            if self._process is None or self._process.stdin is None or self._process.stdout is None:
                raise RuntimeError("the nursery is not open")
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


def main() -> None:
    importlib.import_module(sys.argv[1])
    children: set[int] = set()
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what children print is not an answer
        for line in sys.stdin:
            wanted = json.loads(line)
            if "start" in wanted:
                pid = os.fork()
                if pid == 0:
                    _live(wanted["start"], wanted["given"])
                children.add(pid)
                answers.write(f"{pid}\n")
            else:
                _end(wanted["kill"], children)
                answers.write("0\n")
            answers.flush()
    for pid in list(children):
        _end(pid, children)


def _live(program: str, given: dict[str, Any]) -> NoReturn:
    """What a child does, and nothing of its parent's afterwards."""
    try:
        if sys.platform == "linux":  # it ends with its parent, however that ends (prctl(2)), whatever it executes later
            ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        module, _, function = program.partition(":")
        getattr(importlib.import_module(module), function)(**given)
    except BaseException:  # noqa: BLE001  (it is told, and the process ends)
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)


def _end(pid: int, children: set[int]) -> None:
    if pid in children:
        children.discard(pid)
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
