"""The sandbox's TMF620 as the truth that tests compare with and change: plain HTTP, nothing of the gateway's."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bff.dev import SANDBOX_TMF620
from kernel.ids import GlobalId
from sandbox.control import SandboxControl

Document = dict[str, Any]
DRAFT_STATUSES = ("In study", "In design", "In test", "Rejected")
SHORT = {
    "productOffering": "offerings",
    "productOfferingPrice": "prices",
    "productSpecification": "specifications",
    "category": "categories",
}


class Upstream:
    """Reads and writes documents. What it asks is counted by the sandbox like anybody's calls."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url + SANDBOX_TMF620

    def all(self, resource: str, *, language: str = "en", **query: str) -> list[Document]:
        found: list[Document] = self._send("GET", f"{resource}?{urlencode({'limit': '1000', **query})}", language)
        return found

    def get(self, resource: str, local_id: str) -> Document:
        found: Document = self._send("GET", f"{resource}/{local_id}")
        return found

    def patch(self, resource: str, local_id: str, changes: Document) -> None:
        self._send("PATCH", f"{resource}/{local_id}", body=changes)

    def create(self, resource: str, document: Document) -> None:
        self._send("POST", resource, body=document)

    def delete(self, resource: str, local_id: str) -> None:
        self._send("DELETE", f"{resource}/{local_id}")

    def _send(self, method: str, path: str, language: str = "en", body: Document | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Accept-Language": language, "Content-Type": kind, "Connection": "close"}
        with urlopen(Request(f"{self._base}/{path}", data, headers, method=method), timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@dataclass(frozen=True)
class Seed:
    """The catalogue as the sandbox is seeded: offerings in their order, and in German."""

    offerings: list[Document]
    german: list[Document]
    prices: dict[str, Document]
    categories: dict[str, Document]

    @classmethod
    def read(cls, upstream: Upstream) -> "Seed":
        return cls(
            upstream.all("productOffering"),
            upstream.all("productOffering", language="de"),
            {each["id"]: each for each in upstream.all("productOfferingPrice")},
            {each["id"]: each for each in upstream.all("category")},
        )

    @property
    def drafts(self) -> list[str]:
        return [each["id"] for each in self.offerings if each["lifecycleStatus"] in DRAFT_STATUSES]

    @property
    def visible(self) -> list[Document]:
        return [each for each in self.offerings if each["lifecycleStatus"] not in DRAFT_STATUSES]

    @property
    def visible_ids(self) -> list[str]:
        return [each["id"] for each in self.visible]


def counts(sandbox: SandboxControl) -> dict[str, int]:
    """Upstream calls by short name: offerings, prices, specifications, categories."""
    by_resource = sandbox.calls()["byResource"]
    return {SHORT[name.partition(".")[2]]: number for name, number in by_resource.items()}


def queries(sandbox: SandboxControl, resource: str) -> list[str]:
    """The query strings of the calls to one resource, in order."""
    return [call["query"] for call in sandbox.calls()["log"] if call["resource"] == resource]


def gid(kind: str, local_id: str) -> str:
    """A global id, as a client gets it."""
    return str(GlobalId(kind, local_id))


def offering_id(local_id: str) -> str:
    return gid("ProductOffering", local_id)
