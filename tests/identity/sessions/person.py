"""Somebody who signs up and in, for tests: says what an app would say, and reads the mail that comes."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.control import SandboxControl
from tests.client import Answer, Client

PASSWORD = "Korrekt-Pferd-7!"
ERRORS = "errors { code message path retryable ... on GenericError { retryAfterSeconds } }"
CHALLENGE = f"challengeToken deliveryHint resendAfterSeconds {ERRORS}"
SESSION = f"session {{ accessToken expiresAt refreshToken }} viewer {{ id login }} {ERRORS}"

_PAYLOADS = {
    "signUp": CHALLENGE,
    "resendCode": CHALLENGE,
    "requestSignInCode": CHALLENGE,
    "requestPasswordReset": CHALLENGE,
    "resetPassword": CHALLENGE,
    "confirmSignUp": SESSION,
    "signIn": SESSION,
    "confirmSignIn": SESSION,
    "refreshSession": SESSION,
    "signOut": f"signedOut {ERRORS}",
}
VIEWER = "{ viewer { id login } }"


def document(name: str) -> str:
    """The mutation with everything it can answer."""
    kind = f"{name[0].upper()}{name[1:]}Input" + ("" if name == "signOut" else "!")
    return f"mutation($input: {kind}) {{ {name}(input: $input) {{ {_PAYLOADS[name]} }} }}"


def code_in(message: dict[str, Any]) -> str:
    found = re.search(r"\d{4,}", message["text"])
    assert found is not None
    return found[0]


@dataclass
class Person:
    """One login at one shop. `token` goes with each request once there is a session."""

    client: Client
    sandbox: SandboxControl
    login: str = "ada@example.com"
    token: str | None = None
    refresh: str | None = None
    path: str = "/graphql"

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.token is None else {"authorization": f"Bearer {self.token}"}

    async def ask(self, name: str, given: dict[str, Any] | None, headers: dict[str, str] | None = None) -> Answer:
        return await self.client.query(document(name), headers=headers or self.headers, input=given)

    async def do(self, name: str, **given: Any) -> dict[str, Any]:
        """The payload of a mutation that must not fail as a request."""
        answer = await self.ask(name, given or None)
        assert "errors" not in answer.body, answer.body["errors"]
        payload: dict[str, Any] = answer.data[name]
        if payload.get("session") is not None:
            self.token = payload["session"]["accessToken"]
            self.refresh = payload["session"]["refreshToken"] or self.refresh
        return payload

    async def begin(self, *, key: str | None = None, password: str | None = PASSWORD, **given: Any) -> dict[str, Any]:
        """`signUp`."""
        sent = {"idempotencyKey": key or str(uuid.uuid4()), "login": self.login, "password": password, **given}
        return await self.do("signUp", **sent)

    async def joined(self) -> "Person":
        """Signed up, confirmed and signed in."""
        begun = await self.begin()
        payload = await self.do(
            "confirmSignUp", challengeToken=begun["challengeToken"], code=self.code(), password=PASSWORD
        )
        assert payload["errors"] == []
        return self

    async def sign_in(self, password: str = PASSWORD) -> dict[str, Any]:
        return await self.do("signIn", login=self.login, password=password)

    async def viewer(self) -> Any:
        return (await self.client.data(VIEWER, headers=self.headers))["viewer"]

    def mail(self) -> list[dict[str, Any]]:
        """What this login was sent."""
        return [message for message in self.sandbox.outbox() if message["to"] == self.login]

    def code(self) -> str:
        """The code in the newest message."""
        return code_in(self.mail()[-1])

    def wrong_code(self) -> str:
        """A code that the newest message does not hold."""
        right = self.code()
        return f"{(int(right) + 1) % 10 ** len(right):0{len(right)}}"


def codes(payload: dict[str, Any]) -> list[str]:
    """The codes of a payload's errors."""
    return [error["code"] for error in payload["errors"]]


def paths(payload: dict[str, Any]) -> list[list[str] | None]:
    return [error["path"] for error in payload["errors"]]
