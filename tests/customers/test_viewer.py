"""What a viewer sees: in parallel, nothing twice, and only what was selected is asked for."""

from typing import Any

import pytest

from sandbox.control import SandboxControl
from tests.customers.conftest import MakeShop
from tests.customers.people import company, person
from tests.customers.records import Records
from tests.customers.transports import Gate, Together

DASHBOARD = """{ viewer { customers { edges { role node {
  displayName status
  profile { ... on Individual { givenName contact { email } } ... on Organization { legalName } }
  billingAccounts { name balance { amount currency } }
  products(first: 5) { nodes { name status msisdn startedAt allowedActions offering { name } } }
} } } } }"""
OURS = ("TMF629", "TMF632", "TMF637", "TMF666")


def asked(sandbox: SandboxControl) -> list[str]:
    """The calls to the systems behind customers: the resource, and the fields asked for."""
    log = [call for call in sandbox.calls()["log"] if call["api"] in OURS]
    return sorted(f"{call['resource']} {fields_of(call['query'])}" for call in log)


def fields_of(query: str) -> str:
    return next((part.partition("=")[2] for part in query.split("&") if part.startswith("fields=")), "")


def product(customer: str, **more: Any) -> dict[str, Any]:
    related = {"id": customer, "name": "x", "role": "customer", "@referredType": "Customer"}
    return {"name": "Mobile M", "status": "active", "relatedParty": [related], **more}


async def test_the_dashboard_asks_each_system_once_for_what_is_selected(
    shop: MakeShop, sandbox: SandboxControl, records: Records
) -> None:
    async with shop() as ada:
        await ada.create()
        records.create("product", product(records.one("customer")["id"]))
        sandbox.reset_calls()
        await ada.data(DASHBOARD)
    assert asked(sandbox) == [
        "billingAccount accountBalance,id,name,relatedParty",
        "customer id,name,status",
        "individual contactMedium,givenName,id,partyCharacteristic",
        "product id,name,productCharacteristic,productOffering,realizingResource,relatedParty,startDate,status",
    ]


async def test_two_customers_are_asked_for_together(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        await ada.create(person())
        await ada.create(person("second@example.com"))
        sandbox.reset_calls()
        await ada.data("{ viewer { customers { nodes { displayName profile { ... on Individual { givenName } } } } } }")
    assert asked(sandbox) == ["customer id,name", "individual givenName,id"]


async def test_the_systems_are_asked_at_the_same_time(shop: MakeShop) -> None:
    """No request of the four gets through before all of them are on their way."""
    gate = Gate()
    async with shop(transports={api.lower(): Together(gate) for api in OURS}) as ada:
        await ada.create()
        gate.close(len(OURS))
        await ada.data(DASHBOARD)


async def test_products_tell_number_status_and_what_can_be_done(shop: MakeShop, records: Records) -> None:
    async with shop() as ada:
        await ada.create()
        upstream = records.one("customer")["id"]
        told = [{"name": "MSISDN", "value": "4915770000017"}]
        start = {"startDate": "2025-02-01T00:00:00Z"}
        offering = {"productOffering": {"id": "po-mobile-m", "name": "x"}}
        records.create("product", product(upstream, productCharacteristic=told, **start, **offering))
        resource = [{"id": "msisdn-1", "value": "4915770000025"}]
        records.create("product", product(upstream, name="Old", status="terminated", realizingResource=resource))
        records.create("product", product(upstream, name="Broken", status="aborted "))
        (edge,) = (await ada.data(DASHBOARD))["viewer"]["customers"]["edges"]
    assert edge["node"]["products"]["nodes"] == [
        {
            "name": "Mobile M",
            "status": "active",
            "msisdn": "+4915770000017",
            "startedAt": "2025-02-01T00:00:00Z",
            "allowedActions": ["MODIFY", "DELETE"],
            "offering": {"name": "Mobile M"},
        },
        {
            "name": "Old",
            "status": "terminated",
            "msisdn": "+4915770000025",
            "startedAt": None,
            "allowedActions": [],
            "offering": None,
        },
        {
            "name": "Broken",
            "status": "aborted",
            "msisdn": None,
            "startedAt": None,
            "allowedActions": [],
            "offering": None,
        },
    ]


@pytest.mark.parametrize("habit", [None, "filter-ignored", "counts-missing", "always-206"])
async def test_products_come_in_pages_and_nobody_elses_are_among_them(
    shop: MakeShop, sandbox: SandboxControl, records: Records, habit: str | None
) -> None:
    """The seed's products stand before them in a listing that is not filtered."""
    document = """query($after: String) { viewer { customers { nodes { products(first: 2, after: $after) {
      nodes { name } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } } } } }"""
    async with shop() as ada:
        await ada.create()
        upstream = records.one("customer")["id"]
        for number in range(5):
            records.create("product", product(upstream, name=f"P{number}"))
            records.create("product", product("cu-ben", name="Ben's"))
        if habit:
            sandbox.habit(habit, api="TMF637")
        names, after = [], None
        for _ in range(3):
            (node,) = (await ada.data(document, after=after))["viewer"]["customers"]["nodes"]
            page = node["products"]
            names.append([each["name"] for each in page["nodes"]])
            assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
            assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
            after = page["pageInfo"]["endCursor"]
    assert names == [["P0", "P1"], ["P2", "P3"], ["P4"]]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_customers_come_in_pages(shop: MakeShop) -> None:
    document = """query($after: String) { viewer { customers(first: 1, after: $after) {
      edges { cursor node { segment } } pageInfo { hasNextPage endCursor } } } }"""
    async with shop() as ada:
        await ada.create(person())
        await ada.create(company())
        first = (await ada.data(document))["viewer"]["customers"]
        second = (await ada.data(document, after=first["pageInfo"]["endCursor"]))["viewer"]["customers"]
    assert [edge["node"]["segment"] for edge in (*first["edges"], *second["edges"])] == ["B2C", "B2B"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [("first: -1", "BAD_REQUEST"), ("first: 101", "LIMIT_EXCEEDED"), ('after: "x"', "BAD_REQUEST")],
)
async def test_pages_that_cannot_be_are_refused(shop: MakeShop, arguments: str, code: str) -> None:
    async with shop() as ada:
        answer = await ada.ask(f"{{ viewer {{ customers({arguments}) {{ nodes {{ id }} }} }} }}")
    assert answer.codes == [code]


async def test_a_guest_has_no_viewer_and_nothing_is_asked(shop: MakeShop, sandbox: SandboxControl) -> None:
    async with shop() as ada:
        assert await ada.another(None).viewer() is None
    assert sandbox.calls()["total"] == 0


async def test_a_balance_is_exact_and_none_where_there_are_two_currencies(shop: MakeShop, records: Records) -> None:
    def balances(*amounts: tuple[str, float]) -> dict[str, Any]:
        period = {"startDateTime": "2026-01-01T00:00:00Z"}
        return {
            "accountBalance": [
                {"balanceType": "receivable", "amount": {"unit": unit, "value": value}, "validFor": period}
                for unit, value in amounts
            ]
        }

    async with shop() as ada:
        await ada.create()
        account = records.one("billingAccount")["id"]
        seen = []
        for told in (balances(("EUR", 0.1), ("EUR", 0.2)), balances(("EUR", 1), ("USD", 1)), {"accountBalance": []}):
            records.patch("billingAccount", account, told)
            (edge,) = (await ada.viewer())["customers"]["edges"]
            seen.append(edge["node"]["billingAccounts"][0]["balance"])
    assert seen == [{"amount": "0.3", "currency": "EUR"}, None, None]
