"""A client of the sandbox's control endpoints, for tests: what was called, and what shall go wrong.

It uses the standard library alone and never keeps a connection, so it can stand beside any client under test.
"""

import json
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen


class SandboxControl:
    """`SandboxControl("http://127.0.0.1:8001")`; each method is one request."""

    def __init__(self, base_url: str, *, timeout: float = 60.0) -> None:
        self._base = base_url.rstrip("/")
        self._timeout = timeout

    def calls(self) -> dict[str, Any]:
        """`total`, `byResource` and `log`, the newest call last."""
        report: dict[str, Any] = self._send("GET", "calls")
        return report

    def reset_calls(self) -> None:
        self._send("DELETE", "calls")

    def fault(self, kind: str, *, api: str | None = None, resource: str | None = None, **options: Any) -> None:
        """Set a fault; `options` as in the README: delayMs, status, times, rate, bytes, headers."""
        self._send("PUT", "faults", {"kind": kind, "api": api, "resource": resource, **options})

    def faults(self) -> list[dict[str, Any]]:
        listing: list[dict[str, Any]] = self._send("GET", "faults")
        return listing

    def clear_faults(self, *, api: str | None = None, resource: str | None = None) -> None:
        chosen = {name: value for name, value in (("api", api), ("resource", resource)) if value is not None}
        self._send("DELETE", f"faults?{urlencode(chosen)}" if chosen else "faults")

    def habit(self, name: str, *, on: bool = True, api: str | None = "TMF620", **options: Any) -> None:
        """Switch a habit; `options` as in the README's table, and `resource` to narrow it to one."""
        self._send("PUT", "habits", {"name": name, "on": on, "api": api, **options})

    def habits(self) -> list[dict[str, Any]]:
        """Every habit there is: name, about, source, options, and under `on` how it is switched on."""
        listing: list[dict[str, Any]] = self._send("GET", "habits")
        return listing

    def clear_habits(self) -> None:
        self._send("DELETE", "habits")

    def ghosts(self) -> list[dict[str, Any]]:
        """The writes that `applied-later` holds back, oldest first: method and path."""
        waiting: list[dict[str, Any]] = self._send("GET", "ghosts")
        return waiting

    def apply_ghosts(self) -> None:
        """Apply every write that `applied-later` holds back, now and in the order in which they came."""
        self._send("POST", "ghosts")

    def hubs(self) -> list[dict[str, Any]]:
        """The subscriptions: id, api, version, callback, query."""
        listing: list[dict[str, Any]] = self._send("GET", "hubs")
        return listing

    def authorize_events(self, authorization: str | None) -> None:
        """The Authorization header that events are sent with from now on."""
        self._send("PUT", "hubs", {"authorization": authorization})

    def events(self) -> list[dict[str, Any]]:
        """The event log, newest last: eventId, kind, resource, id, and deliveries with state and attempts."""
        listing: list[dict[str, Any]] = self._send("GET", "events")
        return listing

    def redeliver(self, event_id: str) -> dict[str, Any]:
        """Send an old event again to everyone subscribed now."""
        record: dict[str, Any] = self._send("POST", "events", {"eventId": event_id})
        return record

    def send_event(self, event: Any, *, api: str = "TMF620", **options: Any) -> dict[str, Any]:
        """Send a hand-made event to every subscription; `options`: path, padBytes."""
        record: dict[str, Any] = self._send("POST", "events", {"api": api, "event": event, **options})
        return record

    def port(
        self, identifier: str, state: str, *, reason: str | None = None, scheduled_at: str | None = None
    ) -> dict[str, Any]:
        """Let a port-in be requested, validated, scheduled, ported or rejected; answers it with its secrets."""
        body = {"state": state, "reason": reason, "scheduledAt": scheduled_at}
        moved: dict[str, Any] = self._send("POST", f"porting/{quote(identifier, safe='')}", body)
        return moved

    def port_ins(self) -> list[dict[str, Any]]:
        """Every port-in, with the authorisation code that no API shows."""
        listing: list[dict[str, Any]] = self._send("GET", "porting")
        return listing

    def auth(self, kind: str, *, api: str | None = None, **options: Any) -> None:
        """Lock an API; `options` as in the README: header, key, clientId, clientSecret, expiresIn."""
        self._send("PUT", "auth", {"kind": kind, "api": api, **options})

    def outbox(self) -> list[dict[str, Any]]:
        """The e-mails and text messages that were sent, newest last: channel, to, subject, text, at."""
        with urlopen(f"{self._base}/outbox", timeout=self._timeout) as response:  # noqa: S310
            messages: list[dict[str, Any]] = json.load(response)
        return messages

    def cognito(self, **options: Any) -> None:
        """Change the user pool; `options`: ahead (seconds), preventUserExistenceErrors, rotate (its signing key)."""
        self._send("PUT", "cognito", options)

    def mint(self, claims: dict[str, Any], **headers: Any) -> str:
        """A token signed by the pool's own key, whatever it claims."""
        token: str = self._send("POST", "cognito", {"claims": claims, "headers": headers})["token"]
        return token

    def reset(self) -> None:
        """Back to the seed: no calls, no faults, habits, waiting writes, locks, subscriptions or events."""
        self._send("POST", "reset")

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Connection": "close"}
        request = Request(f"{self._base}/sandbox/{path}", data, headers, method=method)  # noqa: S310 - given by the test
        with urlopen(request, timeout=self._timeout) as response:  # noqa: S310
            return json.load(response)
