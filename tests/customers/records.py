"""The operator's systems behind customers as the truth to compare with: plain HTTP, nothing of the gateway's."""

import json
from typing import Any
from urllib.request import Request, urlopen

from bff.dev import SANDBOX_TMF629, SANDBOX_TMF632, SANDBOX_TMF637, SANDBOX_TMF666, SANDBOX_TMF681

Document = dict[str, Any]
WHERE = {
    "individual": SANDBOX_TMF632["v4"],
    "organization": SANDBOX_TMF632["v4"],
    "customer": SANDBOX_TMF629["v4"],
    "billingAccount": SANDBOX_TMF666["v4"],
    "product": SANDBOX_TMF637["v4"],
    "communicationMessage": SANDBOX_TMF681,
}
SEEDED = ("in-", "or-", "cu-", "ba-", "pr-")


class Records:
    """Reads and writes documents of the sandbox; those it is seeded with are left out."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url

    def all(self, resource: str) -> list[Document]:
        found = self._send("GET", resource, "?limit=1000")
        return [each for each in found if not each["id"].startswith(SEEDED)]

    def one(self, resource: str) -> Document:
        (found,) = self.all(resource)
        return found

    def counts(self) -> tuple[int, int, int]:
        """Parties, customers, accounts."""
        parties = len(self.all("individual")) + len(self.all("organization"))
        return parties, len(self.all("customer")), len(self.all("billingAccount"))

    def create(self, resource: str, document: Document) -> Document:
        made: Document = self._send("POST", resource, "", document)
        return made

    def get(self, resource: str, local_id: str) -> Document:
        """A document as it is now, a seeded one too."""
        found: Document = self._send("GET", resource, f"/{local_id}")
        return found

    def patch(self, resource: str, local_id: str, changes: Document) -> None:
        self._send("PATCH", resource, f"/{local_id}", changes)

    def delete(self, resource: str, local_id: str) -> None:
        self._send("DELETE", resource, f"/{local_id}")

    def _send(self, method: str, resource: str, path: str, body: Document | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Connection": "close"}
        address = f"{self._base}{WHERE[resource]}/{resource}{path}"
        with urlopen(Request(address, data, headers, method=method), timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None
