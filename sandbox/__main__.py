"""`python -m sandbox --port 8001 --data DIR`: the sandbox over HTTP, until SIGTERM, SIGINT or the end of its parent.

The port is bound before the seed is written, so a port in use is said at once; the line on standard output comes when
the sandbox answers, and with `--port 0` it is the only place that tells the port.
"""

import argparse
import asyncio
import socket
import sys
from pathlib import Path

from sandbox.app import create_sandbox
from sandbox.seed.numbers import DEFAULT as NUMBERS
from sandbox.serving import SandboxServer

DATABASE = "sandbox.sqlite"


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    with socket.create_server((options.host, options.port), backlog=2048) as listener:
        stopping = asyncio.Event()
        app = create_sandbox(
            options.data / DATABASE,
            offerings=options.offerings,
            numbers=options.numbers,
            habits=[tuple(each.split(":", 1)) for each in options.habit],
            stopping=stopping,
        )
        address = f"http://{options.host}:{listener.getsockname()[1]}"
        server = SandboxServer(app, stopping, lambda: _say(address), access_log=False, log_level="warning")
        if options.exit_with_stdin:
            server.exit_with_stdin()
        server.run(sockets=[listener])


def _say(address: str) -> None:
    sys.stdout.write(f"sandbox on {address}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A small operator behind TM Forum APIs.")
    parser.add_argument("--port", type=int, default=8001, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--data", type=Path, required=True, help="folder of the database; made when missing")
    parser.add_argument("--offerings", type=int, help="grow the catalogue to this many offerings")
    parser.add_argument("--numbers", type=int, default=NUMBERS, help="telephone numbers, and SIM cards as many")
    parser.add_argument("--habit", action="append", default=[], help="on from the start, as TMF639:etag-present")
    parser.add_argument("--exit-with-stdin", action="store_true", help="also stop when standard input ends")
    return parser


if __name__ == "__main__":
    main()
