"""What each role may do to a customer, and to what is a customer's. `test_walk` tries everything else there is."""

from typing import Any

import pytest

from kernel.ids import GlobalId, parse_global_id
from tests.customers.conftest import MakeShop
from tests.customers.people import Someone, company
from tests.customers.records import Records

MEMBERS = {role: f"{role.lower()}@acme.example" for role in ("OWNER", "ADMIN", "BUYER", "VIEWER")}
STRANGERS = {"GUEST": None, "STRANGER": "owner@other.example"}
INSIDE = """
  profile { ... on Organization { legalName contact { email address { city } } } }
  billingAccounts { id name } products { nodes { id name } edges { cursor node { id } } }
"""
NODE = f"query($id: ID!) {{ node(id: $id) {{ id ... on Customer {{ {INSIDE} }} ... on Product {{ name }} }} }}"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
CUSTOMERS = f"{{ viewer {{ customers {{ nodes {{ id {INSIDE} }} edges {{ node {{ id }} }} }} }} }}"
PRODUCTS_AFTER = 'query($id: ID!) { node(id: $id) { ... on Customer { products(after: "0") { nodes { id } } } } }'


class Estate:
    """A company with a member of each role and a product, and another company; `none` are ids that nobody has."""

    def __init__(self, owner: Someone, other: Someone, product: str) -> None:
        self.owner, self.other = owner, other
        self.customer: str = owner.customer["id"]
        self.account: str = owner.customer["billingAccounts"][0]["id"]
        self.local = parse_global_id(self.customer).local
        self.product = str(GlobalId("Product", f"{self.local}~{product}"))

    def of_stranger(self, text: str) -> str:
        """The same account or product, claimed to be the other company's."""
        found, own = parse_global_id(text), parse_global_id(self.other.customer["id"]).local
        return str(GlobalId(found.type, found.local.replace(self.local, own)))


@pytest.fixture
async def estate(shop: MakeShop, records: Records) -> Any:
    async with shop() as someone:
        owner = someone.another(MEMBERS["OWNER"])
        assert (await owner.create(company()))["errors"] == []
        for role in ("ADMIN", "BUYER", "VIEWER"):
            assert (await owner.invite(MEMBERS[role], role))["errors"] == []
        upstream = records.one("customer")["id"]
        other = someone.another(STRANGERS["STRANGER"])
        contact = {"email": "other@other.example", "reminderConsent": False}
        assert (await other.create(company("HRB 99", contact=contact)))["errors"] == []
        product = records.create(
            "product",
            {
                "name": "Fibre 250",
                "status": "active",
                "relatedParty": [{"id": upstream, "name": "Acme", "role": "customer", "@referredType": "Customer"}],
            },
        )
        yield Estate(owner, other, product["id"])


def shown(body: dict[str, Any]) -> Any:
    """An answer without what is drawn anew each time."""
    errors = [{**error, "extensions": {**error["extensions"], "errorId": ""}} for error in body.get("errors", [])]
    return body.get("data"), errors


async def test_an_account_or_product_claimed_for_ones_own_customer_is_not_shown(estate: Estate) -> None:
    """The id names the stranger's own company; the upstream's document does not."""
    stranger = estate.other
    for real in (estate.account, estate.product):
        answer = await stranger.ask(NODE, id=estate.of_stranger(real))
        assert shown(answer.body) == ({"node": None}, [])


@pytest.mark.parametrize("role", MEMBERS)
async def test_members_of_every_role_may_look(estate: Estate, role: str) -> None:
    caller = estate.owner.another(MEMBERS[role])
    (node,) = (await caller.data(CUSTOMERS))["viewer"]["customers"]["nodes"]
    assert (node["id"], node["profile"]["legalName"]) == (estate.customer, "Acme GmbH")
    assert [each["id"] for each in node["billingAccounts"]] == [estate.account]
    assert [each["id"] for each in node["products"]["nodes"]] == [estate.product]
    every = [estate.customer, estate.account, estate.product]
    assert [each["id"] for each in (await caller.data(NODES, ids=every))["nodes"]] == every
    assert (await caller.data(PRODUCTS_AFTER, id=estate.customer))["node"]["products"]["nodes"] != []


@pytest.mark.parametrize(
    ("role", "changes", "grants"),
    [
        ("OWNER", None, dict.fromkeys(("OWNER", "ADMIN", "BUYER", "VIEWER"))),
        ("ADMIN", None, {"OWNER": "FORBIDDEN", "ADMIN": None, "BUYER": None, "VIEWER": None}),
        ("BUYER", "FORBIDDEN", dict.fromkeys(("OWNER", "ADMIN", "BUYER", "VIEWER"), "FORBIDDEN")),
        ("VIEWER", "FORBIDDEN", dict.fromkeys(("OWNER", "ADMIN", "BUYER", "VIEWER"), "FORBIDDEN")),
    ],
)
async def test_each_role_may_change_what_is_its(
    estate: Estate, records: Records, role: str, changes: str | None, grants: dict[str, str | None]
) -> None:
    caller = estate.owner.another(MEMBERS[role])
    caller.customer = estate.owner.customer
    before = records.all("organization")
    payload = await caller.update({"email": "new@acme.example", "reminderConsent": False})
    assert [error["code"] for error in payload["errors"]] == ([changes] if changes else [])
    assert (records.all("organization") == before) is (changes is not None)
    for granted, code in grants.items():
        payload = await caller.invite(f"{granted.lower()}2@acme.example", granted)
        assert [error["code"] for error in payload["errors"]] == ([code] if code else [])
        newcomer = estate.owner.another(f"{granted.lower()}2@acme.example")
        edges = (await newcomer.viewer())["customers"]["edges"]
        assert [edge["role"] for edge in edges] == ([] if code else [granted])


@pytest.mark.parametrize("name", [None, "owner@other.example"])
async def test_a_viewer_is_seen_by_nobody_else(estate: Estate, name: str | None) -> None:
    mine = (await estate.owner.viewer())["id"]
    assert (await estate.owner.data(NODE, id=mine))["node"] == {"id": mine}
    assert (await estate.owner.another(name).data(NODE, id=mine))["node"] is None
