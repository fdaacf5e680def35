"""The operator's inventory and porting provider as the truth that tests compare with and change."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bff.dev import SANDBOX_TMF639
from sandbox.control import SandboxControl

Document = dict[str, Any]


@dataclass(frozen=True)
class Systems:
    """Speaks plain HTTP, past the gateway. What it asks is counted like anybody's calls."""

    base_url: str
    control: SandboxControl

    def numbers(self, digits: str) -> list[Document]:
        """Every resource with this number."""
        found: list[Document] = self._send("GET", f"resource?{urlencode({'value': digits, 'limit': 1000})}")
        return found

    def shown(self, digits: str) -> tuple[str, str, str | None]:
        """The only resource with this number: its status, usage, and how far it says it is."""
        (number,) = self.numbers(digits)
        told = {each["name"]: each["value"] for each in number["resourceCharacteristic"]}
        return number["resourceStatus"], number["usageState"], told.get("portInStatus")

    def make(self, digits: str, **more: Any) -> Document:
        """A number of the operator's own."""
        body = {"@type": "LogicalResource", "name": digits, "value": digits, "category": "Standard", **more}
        made: Document = self._send("POST", "resource", {"resourceStatus": "suspended", **body})
        return made

    def patch(self, digits: str, **changes: Any) -> None:
        for each in self.numbers(digits):
            self._send("PATCH", f"resource/{each['id']}", changes)

    def delete(self, digits: str) -> None:
        for each in self.numbers(digits):
            self._send("DELETE", f"resource/{each['id']}")

    def port_in(self) -> Document:
        """The only port-in at the provider, with its secrets."""
        (found,) = self.control.port_ins()
        return found

    def move(self, state: str, **more: Any) -> None:
        self.control.port(self.port_in()["id"], state, **more)

    def calls(self) -> list[str]:
        """What was asked since the last count, `POST PORTING.portIn`, but for the catalogue and for what is free."""
        log = self.control.calls()["log"]
        others = [each for each in log if each["api"] != "TMF620" and "Status=available" not in each["query"]]
        return [f"{each['method']} {each['api']}.{each['resource']}" for each in others]

    def _send(self, method: str, path: str, body: Document | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Connection": "close"}
        url = f"{self.base_url}{SANDBOX_TMF639['v4']}/{path}"
        with urlopen(Request(url, data, headers, method=method), timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None
