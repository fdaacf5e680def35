"""What a page of another origin may read: CORS's own middleware, asked about an answer that is at hand."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message, Scope

from bff.edge.http import Reply


def with_cors(cors: CORSMiddleware, scope: Scope, reply: Reply) -> Reply:
    """The reply with what the middleware adds to it. Nothing is awaited: the middleware only looks at headers."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    start = {"type": "http.response.start", "status": reply.status, "headers": reply.headers}
    speaking = cors.send(start, send, Headers(scope=scope))
    try:
        speaking.send(None)
    except StopIteration:
        return Reply(reply.status, sent[0]["headers"], reply.body)
    speaking.close()
    raise RuntimeError("CORS's middleware waits for something")
