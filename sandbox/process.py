"""The sandbox as a process of its own, for tests and for development: started, waited for, and never left behind.

The child reads its standard input from us and exits when that ends, so killing the parent, even with SIGKILL, is
enough. Without a folder of your own the data lives in a temporary one that goes with the process.
"""

import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.request import urlopen

from sandbox.control import SandboxControl


class SandboxProcess:
    """`with SandboxProcess() as sandbox: httpx.get(sandbox.base_url + ...)`; also `async with`."""

    def __init__(
        self,
        data: Path | None = None,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        offerings: int | None = None,
        numbers: int | None = None,
        habits: Iterable[str] = (),
        timeout: float = 60.0,
    ) -> None:
        """`port` 0 takes a free one; `timeout` bounds the start in seconds, which grows with `offerings`.

        `habits` are on from the start, as `TMF639:etag-present`: whoever is killed and comes back has them too.
        """
        self._temporary = tempfile.TemporaryDirectory(prefix="sandbox-") if data is None else None
        self.data = data or Path(str(self._temporary and self._temporary.name))
        self._options = ["--port", str(port), "--host", host]
        self._options += [] if offerings is None else ["--offerings", str(offerings)]
        self._options += [] if numbers is None else ["--numbers", str(numbers)]
        self._options += [part for each in habits for part in ("--habit", each)]
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self.base_url = ""

    @property
    def control(self) -> SandboxControl:
        return SandboxControl(self.base_url)

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self) -> Self:
        """Start and wait until it answers.

        Raises:
            RuntimeError: it exited or did not get ready within the timeout; what it said is in the message.
        """
        command = [sys.executable, "-m", "sandbox", "--data", str(self.data), "--exit-with-stdin", *self._options]
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "sandbox.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        try:
            self.base_url = self._announced()
            with urlopen(f"{self.base_url}/sandbox/health", timeout=self._timeout):  # noqa: S310 - always http
                return self
        except BaseException:
            self.stop()
            raise

    def stop(self) -> int | None:
        """Stop and wait; answers the exit code, or None when nothing ran. A second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.terminate()
        try:
            return process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            self._close(process)

    def kill(self) -> None:
        """SIGKILL, as a crash would; the data stays where it is, unless it was temporary."""
        process = self._running()
        self._process = None
        process.kill()
        process.wait()
        self._close(process)

    def _close(self, process: "subprocess.Popen[bytes]") -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("the sandbox is not running")
        return self._process

    def _announced(self) -> str:
        """The address from the line that the child writes when it is ready."""
        lines: queue.Queue[bytes] = queue.Queue()
        output = self._running().stdout
        threading.Thread(target=_first_line, args=(output, lines), daemon=True).start()
        try:
            line = lines.get(timeout=self._timeout).decode()
        except queue.Empty:
            line = ""
        if "http://" not in line:
            raise RuntimeError(f"the sandbox did not start: {(self.data / 'sandbox.log').read_text()[-2000:]}")
        return line[line.index("http://") :].strip()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _first_line(output: IO[bytes] | None, lines: "queue.Queue[bytes]") -> None:
    if output is not None:
        lines.put(output.readline())
