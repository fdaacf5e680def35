"""How uvicorn serves WebSockets: small, quiet, and with a word to clients when the process stops.

Imported by the server's own start alone, by its name, and only where sockets are served. Without compression, which
would keep a dictionary of its own for each socket.
"""

import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_GOING_AWAY = 1001
# A line for each socket with the whole URL, and on debug each frame, tokens among them.
_QUIET = logging.getLogger("uvicorn.sockets")
_QUIET.setLevel(logging.WARNING)


class DrainedSocket(WebSocketsSansIOProtocol):
    """One socket. When the process stops it is closed as *going away* (RFC 6455, section 7.4.1): clients come again."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.logger = self.conn.logger = _QUIET
        self.conn.debug = False

    def shutdown(self) -> None:
        if not self.handshake_complete or self.close_sent:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": _GOING_AWAY, "reason": ""})
        self.conn.send_close(_GOING_AWAY, "")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
