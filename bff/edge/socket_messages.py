"""The messages of graphql-transport-ws, and the codes that a socket is closed with."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from bff.edge.http import GraphQLRequest

PROTOCOL = "graphql-transport-ws"

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Init(msgspec.Struct, tag_field="type", tag="connection_init"):
    """Who asks; the first message."""

    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """Answered with a pong."""


class Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """Never answered."""


class Subscribe(msgspec.Struct, tag_field="type", tag="subscribe"):
    """An operation begins."""

    id: Id
    payload: GraphQLRequest


class Complete(msgspec.Struct, tag_field="type", tag="complete"):
    """The client wants no more of an operation."""

    id: Id


Message = Init | Ping | Pong | Subscribe | Complete
_MESSAGE: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


@dataclass(frozen=True)
class End:
    """Why a socket is closed."""

    code: int
    reason: str


BROKEN = End(1011, "Something went wrong here")
TOO_LARGE = End(1009, "Message too large")
TRY_LATER = End(1013, "Try again later")
BAD_MESSAGE = End(4400, "Invalid message received")
NOT_BEGUN = End(4401, "Unauthorized")
NOT_VALID = End(4401, "Unauthorized: sign in")
OTHER_PROTOCOL = End(4406, "Subprotocol not acceptable")
TOO_SLOW = End(4408, "Connection initialisation timeout")
TOO_MANY_INITS = End(4429, "Too many initialisation requests")


def already_there(name: str) -> End:
    """The end of a socket whose client used an id twice. A reason has room for 123 bytes (RFC 6455, section 5.5)."""
    given = name.encode()[:60].decode(errors="ignore")
    return End(4409, f"Subscriber for {given} already exists")


class EndedError(Exception):
    """The socket is to be closed."""

    def __init__(self, end: End) -> None:
        super().__init__(end.reason)
        self.end = end


def parse(text: str | None, most_bytes: int) -> Message:
    """A message as a client sent it; None stands for one that is no text.

    Raises:
        EndedError: it is none.
    """
    if text is None:
        raise EndedError(BAD_MESSAGE)
    if len(text) > most_bytes:
        raise EndedError(TOO_LARGE)
    try:
        return _MESSAGE.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise EndedError(BAD_MESSAGE) from None
