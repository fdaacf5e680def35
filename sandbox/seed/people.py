"""Two people and a company who were customers before the shop was there, their accounts, and what they have.

Their e-mail addresses and numbers are of ranges that nobody has (RFC 2606; the numbers of block 491577 are ours).
"""

from collections.abc import Iterator

from sandbox.seed.documents import last_update
from sandbox.tables import Document, Seeded

ADA, BEN, BAKERY = "cu-ada", "cu-ben", "cu-bakery"
_PEOPLE = (("ada", "Ada", "Winter", "1987-04-12T00:00:00Z"), ("ben", "Ben", "Okafor", "1999-11-30T00:00:00Z"))
_LINES = (
    # product, customer, offering, its name, number, status
    ("pr-ada-mobile", ADA, "po-mobile-m", "Mobile M", "4915770000017", "active"),
    ("pr-ada-old", ADA, "po-mobile-s", "Mobile S", "4915770000025", "terminated"),
    ("pr-ada-broken", ADA, "po-data-5", "Data 5", None, "aborted "),
    ("pr-ben-mobile", BEN, "po-mobile-l", "Mobile L", "4915770000033", "active"),
    ("pr-bakery-fibre", BAKERY, "po-fibre-250", "Fibre 250", None, "active"),
)


def parties(_: int | None = None) -> Iterator[Seeded]:
    """Individuals first, then the company."""
    for short, given, family, born in _PEOPLE:
        yield (
            "TMF632.individual",
            {
                "id": f"in-{short}",
                "@type": "Individual",
                "givenName": given,
                "familyName": family,
                "fullName": f"{given} {family}",
                "birthDate": born,
                "status": "validated",
                "contactMedium": _media(f"{short}@lumaro.example", "Lindenweg 4", "Hamburg", "20095"),
            },
        )
    yield (
        "TMF632.organization",
        {
            "id": "or-bakery",
            "@type": "Organization",
            "name": "Backstube Nord GmbH",
            "tradingName": "Backstube Nord",
            "isLegalEntity": True,
            "status": "validated",
            "organizationIdentification": [
                {
                    "@type": "OrganizationIdentification",
                    "identificationType": "commercialRegister",
                    "identificationId": "HRB 90210",
                }
            ],
            "contactMedium": _media("office@backstube.example", "Hafenstrasse 11", "Kiel", "24103"),
        },
    )


def customers(_: int | None = None) -> Iterator[Seeded]:
    for identifier, party, kind, name in _CUSTOMERS:
        yield (
            "TMF629.customer",
            {
                "id": identifier,
                "@type": "Customer",
                "name": name,
                "status": "Active",
                "engagedParty": {"id": party, "name": name, "@referredType": kind},
                "account": [{"id": _account(identifier), "name": name, "@referredType": "BillingAccount"}],
            },
        )


_CUSTOMERS = (
    (ADA, "in-ada", "Individual", "Ada Winter"),
    (BEN, "in-ben", "Individual", "Ben Okafor"),
    (BAKERY, "or-bakery", "Organization", "Backstube Nord GmbH"),
)


def accounts(_: int | None = None) -> Iterator[Seeded]:
    for number, (identifier, _party, _kind, name) in enumerate(_CUSTOMERS):
        yield (
            "TMF666.billingAccount",
            {
                "id": _account(identifier),
                "@type": "BillingAccount",
                "name": name,
                "state": "Active",
                "lastModified": last_update(number),
                "relatedParty": [{"id": identifier, "name": name, "role": "customer", "@referredType": "Customer"}],
                "accountBalance": [
                    {
                        "@type": "AccountBalance",
                        "balanceType": "receivableBalance",
                        "amount": {"unit": "EUR", "value": 12.5 * number},
                        "validFor": {"startDateTime": last_update(number)},
                    }
                ],
            },
        )


def products(_: int | None = None) -> Iterator[Seeded]:
    names = {identifier: name for identifier, _party, _kind, name in _CUSTOMERS}
    for identifier, customer, offering, name, number, status in _LINES:
        related = {"id": customer, "name": names[customer], "role": "customer", "@referredType": "Customer"}
        product = {
            "id": identifier,
            "@type": "Product",
            "name": name,
            "status": status,
            "startDate": "2025-02-01T00:00:00Z",
            "billingAccount": {"id": _account(customer), "@referredType": "BillingAccount"},
            "productOffering": {"id": offering, "name": name, "@referredType": "ProductOffering"},
            "relatedParty": [related],
        }
        if number is not None:
            told = {"@type": "Characteristic", "name": "MSISDN", "valueType": "string", "value": number}
            product["productCharacteristic"] = [told]
        yield "TMF637.product", product


def _account(customer: str) -> str:
    return customer.replace("cu-", "ba-")


def _media(email: str, street: str, city: str, postcode: str) -> list[Document]:
    return [
        {
            "@type": "ContactMedium",
            "mediumType": "email",
            "preferred": True,
            "characteristic": {"emailAddress": email},
        },
        {
            "@type": "ContactMedium",
            "mediumType": "postalAddress",
            "characteristic": {"street1": street, "city": city, "postCode": postcode, "country": "DE"},
        },
    ]
