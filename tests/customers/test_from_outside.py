"""A whole shop as a user starts it, asked from outside: real sign-ups, real tokens, and two customers at the end."""

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.customers.people import CREATE, INVITE, LINK, UPDATE, VIEWER, company, person
from tests.identity.sessions.person import document

PASSWORD = "Korrekt-Pferd-7!"


@dataclass
class Outsider:
    """Somebody with a browser and a mailbox."""

    base: str
    login: str
    token: str | None = None
    customer: dict[str, Any] = field(default_factory=dict)

    def ask(self, text: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        sent = {"query": text, "variables": {"input": given} if given else {}}
        answer: dict[str, Any] = httpx.post(f"{self.base}/graphql", json=sent, headers=headers, timeout=30).json()
        return answer

    def do(self, text: str, **given: Any) -> dict[str, Any]:
        answer = self.ask(text, given)
        assert "errors" not in answer, answer
        (payload,) = answer["data"].values()
        assert isinstance(payload, dict)
        return payload

    def newest(self, to: str) -> str:
        """The code in the newest message to somebody: the sandbox stands on the next port."""
        host, _, port = self.base.rpartition(":")
        sent = [each for each in httpx.get(f"{host}:{int(port) + 1}/outbox").json() if each["to"] == to]
        found = re.search(r"\d{6}", sent[-1]["text"]) if sent else None
        return found[0] if found else ""

    def join(self) -> "Outsider":
        key = str(uuid.uuid4())
        begun = self.do(document("signUp"), idempotencyKey=key, login=self.login, password=PASSWORD)
        answer = {"challengeToken": begun["challengeToken"], "code": self.newest(self.login), "password": PASSWORD}
        payload = self.do(document("confirmSignUp"), **answer)
        assert payload["errors"] == []
        assert payload["viewer"]["login"] == self.login
        self.token = payload["session"]["accessToken"]
        return self

    def create(self, given: dict[str, Any]) -> dict[str, Any]:
        """As often as it says that it is being done: the same key brings what comes of it."""
        key, payload = str(uuid.uuid4()), {"errors": [{"code": "IN_PROGRESS"}]}
        while [error["code"] for error in payload["errors"]] == ["IN_PROGRESS"]:
            payload = self.do(CREATE, idempotencyKey=key, **given)
        self.customer = payload["customer"] or {}
        return payload

    def edges(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(VIEWER)["data"]["viewer"]["customers"]["edges"]
        return found


def somebody(base: str, name: str) -> Outsider:
    return Outsider(base, f"{name}-{uuid.uuid4().hex[:8]}@example.com")


@pytest.fixture
def base(dev_url: str) -> str:
    return dev_url


def test_a_consumer_signs_up_becomes_a_customer_and_links_a_line(base: str) -> None:
    ada = somebody(base, "ada").join()
    assert ada.edges() == []
    assert ada.create(person(ada.login))["errors"] == []
    (edge,) = ada.edges()
    assert (edge["role"], edge["node"]) == ("OWNER", ada.customer)
    assert edge["node"]["profile"]["contact"]["email"] == ada.login
    wanted = {"customerId": ada.customer["id"], "msisdn": "+4915770000033"}
    sent = ada.do(LINK, idempotencyKey=str(uuid.uuid4()), **wanted)
    assert (sent["errors"], bool(sent["challengeToken"])) == ([], True)
    for _ in range(200):  # it is sent behind the answer
        if code := ada.newest(wanted["msisdn"]):
            break
    answer = {"challengeToken": sent["challengeToken"], "code": code}
    linked = ada.do(LINK, idempotencyKey=str(uuid.uuid4()), **wanted, **answer)
    assert (linked["errors"], linked["product"]["msisdn"]) == ([], wanted["msisdn"])


def test_a_company_lets_a_second_member_look_and_not_change(base: str) -> None:
    owner, second = somebody(base, "owner").join(), somebody(base, "second").join()
    number = f"HRB {uuid.uuid4().hex[:8]}"
    contact = {"email": owner.login, "reminderConsent": False}
    assert owner.create(company(number, contact=contact))["errors"] == []
    invitation = {"customerId": owner.customer["id"], "login": second.login, "role": "VIEWER"}
    assert owner.do(INVITE, idempotencyKey=str(uuid.uuid4()), **invitation)["errors"] == []
    (edge,) = second.edges()
    assert (edge["role"], edge["node"]) == ("VIEWER", owner.customer)
    for text, more in (
        (UPDATE, {"contact": contact}),
        (INVITE, {"login": "third@example.com", "role": "VIEWER"}),
        (LINK, {"msisdn": "+4915770000017"}),
    ):
        payload = second.do(text, idempotencyKey=str(uuid.uuid4()), customerId=owner.customer["id"], **more)
        assert [error["code"] for error in payload["errors"]] == ["FORBIDDEN"]
    stranger = somebody(base, "stranger").join()
    assert stranger.edges() == []


def test_without_a_token_there_is_no_viewer_and_nobody_becomes_a_customer(base: str) -> None:
    guest = somebody(base, "guest")
    assert guest.ask(VIEWER)["data"]["viewer"] is None
    answer = guest.ask(CREATE, {"idempotencyKey": str(uuid.uuid4()), **person(guest.login)})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
