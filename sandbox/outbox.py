"""What the operator sends to people: e-mails and text messages, kept to be read at `GET /outbox`, newest last.

Codes are in here in clear: it stands for the mailbox and the telephone of whoever tries the sandbox.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

LENGTH = 2_000

Channel = Literal["email", "sms"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `at` is RFC 3339, `subject` empty for a text message."""

    channel: Channel
    to: str
    subject: str
    text: str
    at: str


class Outbox:
    """The newest messages."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._messages: deque[Message] = deque(maxlen=LENGTH)

    def send(self, channel: Channel, to: str, subject: str, text: str) -> None:
        """Deliver a message at once; a text message has no subject, whatever is given."""
        at = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        shown = subject if channel == "email" else ""
        self._messages.append(Message(channel=channel, to=to, subject=shown, text=text, at=at))

    def listing(self) -> list[Message]:
        return list(self._messages)

    def clear(self) -> None:
        self._messages.clear()
