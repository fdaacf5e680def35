"""`bff serve`: the settings it goes by, and what uvicorn is told, in each worker as in `bff dev`."""

import ctypes
import gc
import os
import sys
from typing import Any, NoReturn

from bff.settings import Settings
from bff.settings_reader import SettingsError, read_settings, require_upstreams


def serve() -> None:
    """Serve the gateway as the environment's settings say; ends the process where they are wrong."""
    import uvicorn  # the command line takes its settings from here, and does not serve

    settings = environment_settings()
    checked(settings)
    uvicorn.run(
        "bff.serving:serving_app",
        factory=True,
        workers=settings.workers,
        log_config=None,  # each process sets up its logs in `serving_app`
        access_log=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=",".join(settings.proxies),
        **server_options(settings),
    )


def serving_app() -> object:
    """The application that a serving process runs; made in each worker."""
    from bff.app import create_app  # not for the process that looks after the workers
    from bff.telemetry import configure_logging

    settings = environment_settings()
    configure_logging(settings)
    _keep_room()
    # A page makes thousands of objects that go by themselves: looking for rings among them after every 700, as Python
    # does unless told otherwise, took a third of what a cold page costs.
    gc.set_threshold(20_000, 20, 20)
    return create_app(settings, opened=_settle)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h of glibc


def _keep_room() -> None:
    """Let glibc keep some free memory, and take what is large from there.

    Half a megabyte, a page of a thousand offerings, it would ask the system for with each answer, and give it back: the
    system hands it out anew page by page, and each answer took three times as long.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, 16 << 20)
        mallopt(_MMAP_THRESHOLD, 8 << 20)


def _settle() -> None:
    """What lives as long as the process is never garbage: looking through it made one page in a hundred wait 40 ms."""
    gc.collect()
    gc.freeze()


def server_options(settings: Settings) -> dict[str, Any]:
    """Options of `uvicorn.Config`. WebSockets cost a process nothing where none are served."""
    sockets = settings.sockets
    return {
        "host": settings.host,
        "port": settings.port,
        "timeout_graceful_shutdown": settings.shutdown_timeout,
        "http": "bff.edge.http_server:AtOnceProtocol",
        "ws": "bff.edge.socket_server:DrainedSocket" if sockets.per_process else "none",
        "ws_max_size": settings.limit.body_bytes,
        "ws_ping_interval": sockets.ping,
        "ws_ping_timeout": sockets.ping,
        "ws_per_message_deflate": False,
    }


def environment_settings() -> Settings:
    """The settings in the environment. A wrong one is named, and ends the process."""
    try:
        return read_settings(os.environ)
    except SettingsError as error:
        fail(str(error))


def checked(settings: Settings) -> None:
    """See that nothing is missing. What is, is named, and ends the process."""
    try:
        require_upstreams(settings)
    except SettingsError as error:
        fail(str(error))


def fail(text: str) -> NoReturn:
    """End the process with a word to whoever started it."""
    sys.stderr.write(text + "\n")
    raise SystemExit(2)
