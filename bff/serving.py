"""What uvicorn is told, whoever starts it: `bff serve` in each worker, or `bff dev`."""

from typing import Any

from bff.settings import Settings


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
