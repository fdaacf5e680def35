"""Somebody at a shop who becomes a customer, for tests: says what a web app would say."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from kernel.context import Principal
from tests.client import Answer, Client

signed_in: ContextVar[str | None] = ContextVar("signed_in", default=None)
"""The user whose requests these are. Tests stand in here for access tokens, which have tests of their own."""

ADDRESS = {"line1": "Lindenweg 4", "city": "Hamburg", "postcode": "20095", "country": "DE"}
ERRORS = "errors { code message path retryable ... on GenericError { retryAfterSeconds } }"
CUSTOMER = """
  id segment displayName status
  profile {
    ... on Individual { givenName familyName birthDate contact { ...C } }
    ... on Organization { legalName registrationNumber taxId contact { ...C } }
  }
  billingAccounts { id name state balance { amount currency } cycle presentationMedia paymentTerms }
"""
CONTACT = "fragment C on Contact { email phone reminderConsent address { line1 line2 city postcode country } }"
CREATE = f"""mutation($input: CreateCustomerInput!) {{
  createCustomer(input: $input) {{ customer {{ {CUSTOMER} }} billingAccount {{ id name }} {ERRORS} }}
}} {CONTACT}"""
UPDATE = f"""mutation($input: UpdateProfileInput!) {{
  updateProfile(input: $input) {{ customer {{ {CUSTOMER} }} {ERRORS} }}
}} {CONTACT}"""
INVITE = f"mutation($input: InviteMemberInput!) {{ inviteMember(input: $input) {{ customer {{ id }} {ERRORS} }} }}"
LINK = f"""mutation($input: LinkServiceInput!) {{ linkService(input: $input) {{
  challengeToken product {{ id name msisdn status }} {ERRORS} }} }}"""
VIEWER = f"""{{ viewer {{ id customers {{ edges {{ role node {{ {CUSTOMER} }} }} }} }} }} {CONTACT}"""


async def principal(*_: Any, **__: Any) -> Principal:
    """What the gateway takes a request's caller for."""
    return Principal(id=signed_in.get())


@contextmanager
def user(name: str | None) -> Iterator[None]:
    """Requests in here are this user's; None: a guest's."""
    token = signed_in.set(name)
    try:
        yield
    finally:
        signed_in.reset(token)


def new_key() -> str:
    return str(uuid.uuid4())


def person(email: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    """The input of a consumer; keyword arguments replace parts of the person."""
    told = {
        "givenName": "Ada",
        "familyName": "Winter",
        "birthDate": "1987-04-12",
        "contact": {"email": email, "reminderConsent": True},
        **more,
    }
    return {"party": {"individual": told}, "billingAddress": ADDRESS}


def company(number: str = "HRB 4711", email: str = "office@acme.example", **more: Any) -> dict[str, Any]:
    told = {
        "legalName": "Acme GmbH",
        "registrationNumber": number,
        "taxId": "DE123456789",
        "contact": {"email": email, "phone": "+4940123456", "reminderConsent": False},
        **more,
    }
    return {"party": {"organization": told}, "billingAddress": ADDRESS}


@dataclass
class Someone:
    """One user at a shop, or a guest."""

    client: Client
    name: str | None = "user-ada"
    customer: dict[str, Any] = field(default_factory=dict)

    def another(self, name: str | None) -> "Someone":
        """Somebody else at the same shop."""
        return Someone(self.client, name)

    async def ask(self, document: str, **variables: Any) -> Answer:
        with user(self.name):
            return await self.client.query(document, **variables)

    async def data(self, document: str, **variables: Any) -> Any:
        answer = await self.ask(document, **variables)
        assert "errors" not in answer.body, answer.body["errors"]
        return answer.data

    async def create(self, given: dict[str, Any] | None = None, *, key: str | None = None) -> dict[str, Any]:
        """`createCustomer`; its payload. The customer is kept where there is one."""
        sent = {"idempotencyKey": key or new_key(), **(person() if given is None else given)}
        payload = (await self.data(CREATE, input=sent))["createCustomer"]
        if payload["customer"] is not None:
            self.customer = payload["customer"]
        return payload

    async def update(self, contact: dict[str, Any], *, key: str | None = None, **more: Any) -> dict[str, Any]:
        given = {"idempotencyKey": key or new_key(), "customerId": self.customer.get("id"), "contact": contact}
        return (await self.data(UPDATE, input={**given, **more}))["updateProfile"]

    async def invite(self, login: str, role: str, *, key: str | None = None, **more: Any) -> dict[str, Any]:
        given = {"idempotencyKey": key or new_key(), "customerId": self.customer.get("id")}
        return (await self.data(INVITE, input={**given, "login": login, "role": role, **more}))["inviteMember"]

    async def link(self, msisdn: str, *, key: str | None = None, **more: Any) -> dict[str, Any]:
        """`linkService`: without `challengeToken` and `code` it has a code sent."""
        given = {"idempotencyKey": key or new_key(), "customerId": self.customer.get("id"), "msisdn": msisdn}
        return (await self.data(LINK, input={**given, **more}))["linkService"]

    async def viewer(self) -> Any:
        return (await self.data(VIEWER))["viewer"]
