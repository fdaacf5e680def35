"""Parties, customers, accounts and products against TM Forum's own files, v4 and v5, whichever version wrote them."""

from typing import Any

import httpx
import pytest

from sandbox.apis.tmf629 import TMF629
from sandbox.apis.tmf629_v5 import TMF629_V5
from sandbox.apis.tmf632 import TMF632
from sandbox.apis.tmf632_v5 import TMF632_V5
from sandbox.apis.tmf637 import TMF637
from sandbox.apis.tmf637_v5 import TMF637_V5
from sandbox.apis.tmf666 import TMF666
from sandbox.apis.tmf666_v5 import TMF666_V5
from sandbox.tables import Api
from tests.needs import need_spec
from tests.sandbox.openapi import OpenContract
from tests.sandbox.swagger import Contract

FILES = {
    "TMF632": ("TMF632-Party-v4.0.0.json", "TMF632-Party-v5.0.0.yaml"),
    "TMF629": ("TMF629-Customer-v4.0.0.json", "TMF629-Customer-v5.0.1.yaml"),
    "TMF666": ("TMF666-Account-v4.0.0.json", "TMF666-Account-v5.0.0.yaml"),
    "TMF637": ("TMF637-ProductInventory-v4.0.0.json", "TMF637-ProductInventory-v5.0.0.yaml"),
}
PAIRS = {
    each[0].name: each for each in ((TMF632, TMF632_V5), (TMF629, TMF629_V5), (TMF666, TMF666_V5), (TMF637, TMF637_V5))
}
RESOURCES = [
    pytest.param(name, place, id=resource.path)
    for name, (older, _) in PAIRS.items()
    for place, resource in enumerate(older.resources)
]
MEDIA_V4 = [
    {"mediumType": "email", "preferred": True, "characteristic": {"emailAddress": "a@b.example"}},
    {"mediumType": "phone", "characteristic": {"phoneNumber": "+4915770000017", "contactType": "mobile"}},
    {"mediumType": "postalAddress", "characteristic": {"street1": "Way 1", "city": "Kiel", "country": "DE"}},
]
RELATED_V4 = [{"id": "cu-1", "name": "Ada", "role": "customer", "@referredType": "Customer"}]
FULL: dict[str, dict[str, Any]] = {
    "individual": {
        "givenName": "Ada",
        "familyName": "Winter",
        "fullName": "Ada Winter",
        "birthDate": "1987-04-12T00:00:00Z",
        "status": "deceaded",
        "contactMedium": MEDIA_V4,
        "externalReference": [{"externalReferenceType": "shop", "name": "p1:party"}],
        "partyCharacteristic": [{"name": "reminderConsent", "valueType": "boolean", "value": True}],
        "individualIdentification": [{"identificationType": "passport", "identificationId": "C01X"}],
    },
    "organization": {
        "name": "Backstube Nord GmbH",
        "tradingName": "Backstube Nord",
        "contactMedium": MEDIA_V4,
        "externalReference": [{"externalReferenceType": "shop", "name": "p1:party"}],
        "organizationIdentification": [{"identificationType": "register", "identificationId": "HRB 1"}],
    },
    "customer": {
        "name": "Ada Winter",
        "status": "Active",
        "engagedParty": {"id": "in-ada", "name": "Ada Winter", "@referredType": "Individual"},
        "characteristic": [{"name": "shop", "valueType": "string", "value": "p1:customer"}],
        "contactMedium": MEDIA_V4,
        "relatedParty": RELATED_V4,
    },
    "billingAccount": {
        "name": "Ada Winter",
        "state": "Active",
        "description": "p1:billingAccount",
        "relatedParty": RELATED_V4,
        "billStructure": {
            "cycleSpecification": {"id": "monthly", "name": "monthly", "isRef": True},
            "presentationMedia": [{"id": "email", "name": "email", "isRef": True}, {"name": "paper", "isRef": False}],
        },
        "paymentPlan": [{"planType": "net14"}],
        "accountBalance": [
            {
                "balanceType": "receivable",
                "amount": {"unit": "EUR", "value": 1.5},
                "validFor": {"startDateTime": "2026-01-01T00:00:00Z"},
            }
        ],
        "contact": [
            {
                "contactType": "billing",
                "validFor": {"startDateTime": "2026-01-01T00:00:00Z"},
                "contactMedium": MEDIA_V4[2:],
            }
        ],
    },
    "product": {
        "name": "Mobile M",
        "status": "aborted ",
        "relatedParty": RELATED_V4,
        "productOffering": {"id": "po-mobile-m", "name": "Mobile M"},
        "productCharacteristic": [{"name": "MSISDN", "valueType": "string", "value": "4915770000017"}],
        "realizingResource": [
            {"id": "msisdn-4915770000017", "value": "4915770000017", "@referredType": "LogicalResource"}
        ],
        "billingAccount": {"id": "ba-ada"},
    },
}
_V4: dict[str, Contract] = {}
_V5: dict[str, OpenContract] = {}


def older_contract(name: str) -> Contract:
    return _V4.setdefault(name, Contract(need_spec(FILES[name][0])))


def newer_contract(name: str) -> OpenContract:
    if name not in _V5:
        _V5[name] = OpenContract(need_spec(FILES[name][1]))
    return _V5[name]


def address(api: Api, place: int) -> str:
    return f"{api.base_path}/{api.resources[place].path}"


@pytest.mark.parametrize(("name", "place"), RESOURCES)
async def test_every_seeded_document_keeps_both_contracts(client: httpx.AsyncClient, name: str, place: int) -> None:
    older, newer = PAIRS[name]
    kind = older.resources[place].type
    shown = (await client.get(address(older, place))).json()
    assert shown != []
    assert [told for each in shown for told in older_contract(name).problems(kind, each)] == []
    shown = (await client.get(address(newer, place))).json()
    assert [told for each in shown for told in newer_contract(name).problems(kind, each)] == []


@pytest.mark.parametrize(("name", "place"), RESOURCES)
async def test_what_v4_writes_comes_back_by_both_contracts(client: httpx.AsyncClient, name: str, place: int) -> None:
    older, newer = PAIRS[name]
    kind, body = older.resources[place].type, FULL[older.resources[place].path]
    assert older_contract(name).problems(f"{kind}_Create", body) == []
    created = (await client.post(address(older, place), json=body)).json()
    assert older_contract(name).problems(kind, created) == []
    assert {key: created[key] for key in body if key not in ("productOffering", "billingAccount")} == {
        key: value for key, value in body.items() if key not in ("productOffering", "billingAccount")
    }
    shown = (await client.get(f"{address(newer, place)}/{created['id']}")).json()
    assert newer_contract(name).problems(kind, shown) == []


@pytest.mark.parametrize(("name", "place"), RESOURCES)
async def test_what_v5_writes_reads_the_same_in_v4(client: httpx.AsyncClient, name: str, place: int) -> None:
    older, newer = PAIRS[name]
    kind, body = older.resources[place].type, FULL[older.resources[place].path]
    first = (await client.post(address(older, place), json=body)).json()
    shown = (await client.get(f"{address(newer, place)}/{first['id']}")).json()
    again = {key: value for key, value in shown.items() if key not in ("id", "href")}
    created = await client.post(address(newer, place), json=again)
    assert (created.status_code, newer_contract(name).problems(kind, created.json())) == (201, [])
    kept = (await client.get(f"{address(older, place)}/{created.json()['id']}")).json()
    assert older_contract(name).problems(kind, kept) == []


@pytest.mark.parametrize(("name", "place"), RESOURCES)
def test_the_tables_of_names_are_those_of_the_files(name: str, place: int) -> None:
    older, newer = (api.resources[place] for api in PAIRS[name])
    listed = older_contract(name)._schema["$defs"][older.type]["properties"]
    assert older.attributes == set(listed)
    assert set(older.arrays) == {each for each in listed if listed[each].get("type") == "array"}
    assert newer.attributes == set(newer_contract(name).names(newer.type))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/tmf-api/party/v4/individual?externalReference.name=p1:party", 1),
        ("/partyManagement/v5/individual?externalReference.id=p1:party", 1),
        ("/tmf-api/customerManagement/v4/customer?engagedParty.id=in-ada", 2),
        ("/tmf-api/customer/v5/customer?engagedParty.id=in-ada", 2),
        ("/tmf-api/accountManagement/v4/billingAccount?relatedParty.id=cu-1", 1),
        ("/accountManagement/v5/billingAccount?relatedParty.partyOrPartyRole.id=cu-1", 1),
        ("/tmf-api/productInventory/v4/product?relatedParty.id=cu-ada", 3),
        ("/productInventory/v5/product?relatedParty.partyOrPartyRole.id=cu-ada", 3),
    ],
)
async def test_filters_find_by_reference_and_party(client: httpx.AsyncClient, path: str, found: int) -> None:
    for name, (older, _) in PAIRS.items():
        for place, resource in enumerate(older.resources):
            if name != "TMF637" and resource.path != "organization":
                await client.post(address(older, place), json=FULL[resource.path])
    assert len((await client.get(path)).json()) == found
