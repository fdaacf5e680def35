"""The same catalogue, but large: any number of further offerings by rule, for whoever measures.

They are plain on purpose: two or three prices each, a specification for every ten, spread over ten categories. The
lists inside the categories do not name them; a category of ten thousand references is no catalogue.
"""

from collections.abc import Iterator

from sandbox.seed.documents import last_update, money, picture, tax_items, valid_for
from sandbox.seed.model import ALWAYS
from sandbox.seed.prices import net
from sandbox.seed.texts import T, stored
from sandbox.tables import Document, Seeded

_CATEGORIES = (
    ("cat-plans-postpaid", T("Plans with contract", "Laufzeittarife")),
    ("cat-plans-prepaid", T("Prepaid", "Prepaid")),
    ("cat-addons-data", T("Extra data", "Mehr Datenvolumen")),
    ("cat-phones-top", T("Top class", "Oberklasse")),
    ("cat-phones-value", T("Great value", "Preis-Leistung")),
    ("cat-accessories", T("Accessories", "Zubehör")),
    ("cat-fibre", T("Fibre", "Glasfaser")),
    ("cat-tv-options", T("TV options", "TV-Optionen")),
    ("cat-roaming-world", T("World", "Welt")),
    ("cat-business-plans", T("Business plans", "Business-Tarife")),
)
_PER_SPECIFICATION = 10


def scaled(start: int, end: int) -> Iterator[Seeded]:
    """Documents of the offerings number `start` to `end`, each after its specification and prices."""
    for number in range(start, end):
        if number == start or number % _PER_SPECIFICATION == 0:
            yield "TMF620.productSpecification", stored(_specification(number // _PER_SPECIFICATION))
        prices = list(_prices(number))
        for price in prices:
            yield "TMF620.productOfferingPrice", stored(price)
        yield "TMF620.productOffering", stored(_offering(number, prices))


def _head(kind: str, identifier: str, number: int, name: T, description: T) -> Document:
    return {
        "id": identifier, "@type": kind, "name": name, "description": description, "version": "1.0",
        "lifecycleStatus": "Active", "validFor": valid_for(ALWAYS), "lastUpdate": last_update(number),
    }  # fmt: skip


def _series(number: int) -> T:
    return T(f"Series {number}", f"Serie {number}")


def _name(number: int) -> T:
    return T(f"Series offer {number}", f"Serienangebot {number}")


def _specification(number: int) -> Document:
    text = T("One of the large range.", "Eine aus dem großen Sortiment.")
    return {
        **_head("ProductSpecification", f"ps-series-{number}", number, _series(number), text),
        "brand": "Lumaro",
        "productNumber": f"SE-{number}",
        "isBundle": False,
    }


def _prices(number: int) -> Iterator[Document]:
    monthly = {"recurringChargePeriodType": "month", "recurringChargePeriodLength": 1}
    yield _price(
        number, "monthly", "recurring", T("monthly charge", "monatlicher Grundpreis"), 5 + number % 95 + 0.99, monthly
    )
    yield _price(
        number, "activation", "oneTimeOnFirstBill", T("activation", "Anschlusspreis"), 9.99 + number % 3 * 10, {}
    )
    if number % 2:
        yield _price(number, "once", "oneTime", T("one-time price", "einmaliger Preis"), 1.0 + number % 700, {})


def _price(number: int, suffix: str, kind: str, about: T, gross: float, terms: Document) -> Document:
    amount = net(gross)
    return {
        **_head("ProductOfferingPrice", f"pop-series-{number}-{suffix}", number, _name(number) + ": " + about, about),
        "isBundle": False,
        "priceType": kind,
        **terms,
        "price": money(amount),
        "tax": tax_items(amount, 19.0),
    }


def _offering(number: int, prices: list[Document]) -> Document:
    category, category_name = _CATEGORIES[number % len(_CATEGORIES)]
    series = number // _PER_SPECIFICATION
    return {
        **_head(
            "ProductOffering",
            f"po-series-{number}",
            number,
            _name(number),
            T(f"Number {number} of the large range.", f"Nummer {number} aus dem großen Sortiment."),
        ),
        "isBundle": False,
        "isSellable": True,
        "category": [{"id": category, "name": category_name, "version": "1.0", "@referredType": "Category"}],
        "marketSegment": [{"id": "b2c", "name": "B2C", "@referredType": "MarketSegment"}],
        "productSpecification": {
            "id": f"ps-series-{series}",
            "name": _series(series),
            "version": "1.0",
            "@referredType": "ProductSpecification",
        },
        "productOfferingPrice": [
            {"id": price["id"], "name": price["name"], "@referredType": "ProductOfferingPrice"} for price in prices
        ],
        "attachment": picture(f"series-{number % 100}", _name(number)),
    }
