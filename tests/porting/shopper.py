"""A guest who brings a number along, for tests: says what a web app would say."""

import uuid
from dataclasses import dataclass
from typing import Any

from tests.carts.shopper import Shopper, add
from tests.client import Answer

PORT_IN = "id msisdn status donor reason reasonCode fixable correctable scheduledAt"
ERRORS = "errors { code message path retryable }"
PAYLOAD = f"portIn {{ {PORT_IN} }} cart {{ id version }} {ERRORS}"
REQUEST = f"mutation($input: RequestPortInInput!) {{ requestPortIn(input: $input) {{ {PAYLOAD} }} }}"
CORRECT = f"mutation($input: CorrectPortInInput!) {{ correctPortIn(input: $input) {{ {PAYLOAD} }} }}"
NODE = f"query($id: ID!) {{ node(id: $id) {{ __typename ... on PortIn {{ {PORT_IN} }} }} }}"
LINES = f"query($id: ID!) {{ cart(id: $id) {{ lines {{ nodes {{ id portIn {{ {PORT_IN} }} }} }} }} }}"
PORTABILITY = """query($msisdn: E164!) {
  portability(msisdn: $msisdn) { msisdn portable donor earliest requires reason }
}"""

NUMBER = "+4915112345678"
DIGITS = NUMBER.removeprefix("+")
CODE = "canary-authorisation-7351"
ACCOUNT = "canary-account-9042"


@dataclass
class PortingShopper(Shopper):
    """One guest, with a cart of one line once `began`."""

    def another(self) -> "PortingShopper":
        return PortingShopper(self.client)

    def at(self, other: Shopper) -> "PortingShopper":
        return PortingShopper(other.client, self.cart, self.token)

    async def begin(self, *offerings: str) -> "PortingShopper":
        """With a cart and its lines."""
        await self.create()
        await self.update(*(add(each) for each in offerings or ("po-mobile-m",)))
        return self

    async def ask(self, *, key: str | None = None, line: int = 0, **given: Any) -> Answer:
        """`requestPortIn` for a line of the cart."""
        sent = {
            "idempotencyKey": key or str(uuid.uuid4()),
            "cartId": self.cart["id"],
            "lineId": given["lineId"] if "lineId" in given else self.lines[line]["id"],
            "msisdn": NUMBER,
            "authorisationCode": CODE,
            **given,
        }
        return await self.client.query(REQUEST, headers=self.headers, input=sent)

    async def port(self, **given: Any) -> Any:
        """Its payload."""
        answer = await self.ask(**given)
        assert "errors" not in answer.body, answer.body["errors"]
        return answer.data["requestPortIn"]

    async def refused(self, **given: Any) -> tuple[str, list[str] | None, bool]:
        """The code, path and retryability of the only error, where nothing came about."""
        payload = await self.port(**given)
        (error,) = payload["errors"]
        assert payload["portIn"] is None
        return error["code"], error["path"], error["retryable"]

    async def correct(self, port_in: str, *, key: str | None = None, **given: Any) -> Any:
        """`correctPortIn`; its payload."""
        sent = {"idempotencyKey": key or str(uuid.uuid4()), "portInId": port_in, **given}
        return (await self.client.data(CORRECT, headers=self.headers, input=sent))["correctPortIn"]

    async def look(self, port_in: str) -> Any:
        """The port-in by `node`."""
        return (await self.client.data(NODE, headers=self.headers, id=port_in))["node"]

    async def of_lines(self) -> list[Any]:
        """The port-in of each line."""
        found = await self.client.data(LINES, headers=self.headers, id=self.cart["id"])
        return [each["portIn"] for each in found["cart"]["lines"]["nodes"]]
