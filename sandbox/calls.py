"""What clients asked of the TMF resources, for tests that count upstream calls.

Only calls below an API's base path are counted, refused and faulted ones too; health, control and images never are.
The log keeps the newest calls, the counts keep all of them.
"""

from collections import Counter, deque
from typing import Any

from starlette.requests import Request

LOG_LENGTH = 1000
CALL = "sandbox.call"
"""Where a request's scope has its call."""


class CallLog:
    """Counts by resource and the newest calls, newest last."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)

    def start(self, request: Request, api: str, resource: str | None, *, item: bool) -> dict[str, Any]:
        """Count a call now, so that one that never ends is seen too; its `status` is filled in when it is known.

        `held`: it was told to wait (`faults.pause`), and does.
        """
        call = {
            "api": api,
            "resource": resource,
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "status": None,
            "held": False,
            "item": item,
            "headers": {
                "accept-language": request.headers.get("accept-language"),
                "x-channel": request.headers.get("x-channel"),
                "authorization-present": "authorization" in request.headers,
            },
        }
        self._counts[f"{api}.{resource or 'unknown'}"] += 1
        self._log.append(call)
        request.scope[CALL] = call
        return call

    def report(self) -> dict[str, Any]:
        return {"total": self._counts.total(), "byResource": dict(self._counts), "log": list(self._log)}

    def reset(self) -> None:
        self._counts.clear()
        self._log.clear()
