"""From the tables' rows to TMF620 v4 documents: names of references, dates, taxes and pictures are filled in here."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sandbox.seed.model import ALWAYS, Category, Characteristic, Offer, Part, Period, Price, Specification, Use
from sandbox.seed.prices import rounded
from sandbox.seed.promotions import Promotion
from sandbox.seed.texts import T, same, stored
from sandbox.tables import Document, Seeded

CHANNELS = {
    "web": T("Web shop", "Webshop"),
    "app": T("App", "App"),
    "shop": T("Shop", "Filiale"),
    "callcenter": T("Call centre", "Callcenter"),
}
SEGMENTS = {"b2c": "B2C", "b2b": "B2B"}
PARTNER = {
    "id": "org-lumaro",
    "name": "Lumaro GmbH",
    "role": "owner",
    "@type": "RelatedParty",
    "@referredType": "Organization",
}

_EPOCH = datetime(2026, 1, 5, 9, tzinfo=UTC)
_DATES = [(_EPOCH + timedelta(hours=7 * step)).strftime("%Y-%m-%dT%H:%M:%SZ") for step in range(400)]


def last_update(number: int) -> str:
    """A fixed date for the `number`th document, so that sorting by it is worth a try."""
    return _DATES[number % len(_DATES)]


def valid_for(period: Period) -> Document:
    start, end = period
    return {"startDateTime": start, **({"endDateTime": end} if end else {})}


def money(amount: float | Decimal) -> Document:
    return {"unit": "EUR", "value": float(amount)}


@cache
def _tax(net: float, rate: float) -> Decimal:
    return rounded(Decimal(str(net)) * Decimal(str(rate)) / 100)


def tax_items(net: float, rate: float) -> list[Document]:
    tax = _tax(net, rate)
    return [{"taxCategory": "VAT", "taxRate": rate, "taxAmount": money(tax), "@type": "TaxItem"}]


def picture(name: str | None, title: T) -> list[Document] | None:
    if name is None:
        return None
    shared = {"mimeType": "image/svg+xml", "attachmentType": "picture", "@type": "Attachment"}
    return [{"id": f"img-{name}", "name": title, "url": f"/sandbox/images/{name}.svg", **shared}]


class Writer:
    """Writes the documents of a set of tables."""

    def __init__(
        self,
        catalogs: Iterable[tuple[str, T, T, tuple[str, ...]]],
        categories: Iterable[Category],
        specifications: Iterable[Specification],
        promotions: Iterable[Promotion],
        offers: Iterable[Offer],
    ) -> None:
        self._catalogs = tuple(catalogs)
        self._categories = {category.id: category for category in categories}
        self._specifications = {specification.id: specification for specification in specifications}
        self._promotions = {promotion.id: promotion for promotion in promotions}
        self.offers = {offer.id: offer for offer in offers}

    def documents(self) -> Iterator[Seeded]:
        """Every document with its kind, in the order of the tables."""
        written = (
            ("catalog", map(self._catalog, self._catalogs)),
            ("category", map(self._category, self._categories.values())),
            ("productSpecification", map(self._specification, self._specifications.values())),
            ("productOfferingPrice", self._prices()),
            ("productOffering", map(self._offering, self.offers.values())),
        )
        for resource, documents in written:
            for number, document in enumerate(documents):
                stamp = {"lastUpdate": last_update(number)}
                yield f"TMF620.{resource}", stored({**document, **stamp})

    def _catalog(self, row: tuple[str, T, T, tuple[str, ...]]) -> Document:
        identifier, name, description, roots = row
        return {
            **_head("Catalog", identifier, name, description),
            "catalogType": "Product Catalog",
            "category": [self._category_ref(root) for root in roots],
            "relatedParty": [PARTNER],
        }

    def _category(self, row: Category) -> Document:
        children = [child.id for child in self._categories.values() if child.parent == row.id]
        offers = [offer for offer in self.offers.values() if row.id in offer.categories]
        return {
            **_head("Category", row.id, row.name, row.description),
            "isRoot": row.parent is None,
            "parentId": row.parent,
            "subCategory": [self._category_ref(child) for child in children] or None,
            "productOffering": [_ref(offer.id, offer.name, "ProductOffering") for offer in offers] or None,
        }

    def _specification(self, row: Specification) -> Document:
        parts = [self._specification_ref(part) for part in row.bundles]
        return {
            **_head("ProductSpecification", row.id, row.name, row.description),
            "brand": row.brand,
            "productNumber": row.number,
            "isBundle": bool(parts),
            "bundledProductSpecification": [_without(part, "@referredType", "version") for part in parts] or None,
            "productSpecCharacteristic": [_characteristic(each) for each in row.characteristics] or None,
            "attachment": picture(row.picture, row.name),
            "relatedParty": [PARTNER],
        }

    def _prices(self) -> Iterator[Document]:
        yield from map(_discount, self._promotions.values())
        for offer in self.offers.values():
            yield from (self._price(offer, price) for price in offer.prices)

    def _price(self, offer: Offer, price: Price) -> Document:
        net = price.net or 0.0
        return {
            **_head(
                "ProductOfferingPrice",
                price_id(offer, price),
                offer.name + ": " + price.about,
                price.about + same(" – ") + offer.name,
                offer,
            ),
            "isBundle": False,
            "priceType": price.type,
            **price.terms,
            "price": money(net),
            "tax": tax_items(net, price.tax),
            "popRelationship": [self._promotion_ref(promotion) for promotion in price.promotions] or None,
            "prodSpecCharValueUse": [self._priced_value(offer, price.only_for)] if price.only_for else None,
        }

    def _offering(self, row: Offer) -> Document:
        relations = [
            {**self._offer_ref(target), "relationshipType": kind, "@type": "ProductOfferingRelationship"}
            for kind, target in row.relations
        ]
        return {
            **_head("ProductOffering", row.id, row.name, row.description, row),
            "isBundle": bool(row.parts),
            "isSellable": row.sellable,
            "statusReason": row.reason,
            "category": [self._category_ref(category) for category in row.categories],
            "channel": [_ref(channel, CHANNELS[channel], "Channel") for channel in row.channels] or None,
            "marketSegment": [_ref(segment, same(SEGMENTS[segment]), "MarketSegment") for segment in row.segments]
            or None,
            "productSpecification": self._specification_ref(row.specification) if row.specification else None,
            "productOfferingPrice": [
                _ref(price_id(row, price), row.name + ": " + price.about, "ProductOfferingPrice")
                for price in row.prices
            ]
            or None,
            "prodSpecCharValueUse": [self._use(row, use) for use in row.uses] or None,
            "bundledProductOffering": [self._part(part) for part in row.parts] or None,
            "productOfferingRelationship": relations or None,
            "productOfferingTerm": _term(row.months),
            "attachment": picture(row.picture, row.name),
        }

    def _part(self, part: Part) -> Document:
        option = {
            "numberRelOfferLowerLimit": part.least,
            "numberRelOfferUpperLimit": part.most,
            "numberRelOfferDefault": part.default,
        }
        offer = self.offers[part.id]
        return {
            "id": offer.id,
            "name": offer.name,
            "lifecycleStatus": offer.status,
            "bundledProductOfferingOption": option,
            "@type": "BundledProductOffering",
        }

    def _use(self, offer: Offer, use: Use) -> Document:
        characteristic = self._specified(offer, use.characteristic)
        return {
            "id": characteristic.id,
            "name": characteristic.name,
            "valueType": characteristic.type,
            "minCardinality": use.least,
            "maxCardinality": use.most,
            "productSpecCharacteristicValue": _values(characteristic, use.values),
            "productSpecification": self._specification_ref(str(offer.specification)),
            "@type": "ProductSpecificationCharacteristicValueUse",
        }

    def _priced_value(self, offer: Offer, only_for: tuple[str, str]) -> Document:
        identifier, value = only_for
        typed = int(value) if self._specified(offer, identifier).type == "integer" else value
        use = self._use(offer, Use(identifier, (typed,)))
        del use["productSpecCharacteristicValue"][0]["isDefault"]
        return use

    def _specified(self, offer: Offer, identifier: str) -> Characteristic:
        specification = self._specifications[str(offer.specification)]
        return next(each for each in specification.characteristics if each.id == identifier)

    def _category_ref(self, identifier: str) -> Document:
        return {**_ref(identifier, self._categories[identifier].name, "Category"), "version": "1.0"}

    def _specification_ref(self, identifier: str) -> Document:
        return {**_ref(identifier, self._specifications[identifier].name, "ProductSpecification"), "version": "1.0"}

    def _offer_ref(self, identifier: str) -> Document:
        return _ref(identifier, self.offers[identifier].name, "ProductOffering")

    def _promotion_ref(self, identifier: str) -> Document:
        promotion = self._promotions[identifier]
        reference = _ref(f"pop-promo-{identifier}", promotion.name, "ProductOfferingPrice")
        return {**reference, "relationshipType": promotion.relation, "@type": "ProductOfferingPriceRelationship"}


def price_id(offer: Offer, price: Price) -> str:
    return f"pop-{offer.id.removeprefix('po-')}-{price.suffix}"


def _head(kind: str, identifier: str, name: T, description: T, offer: Offer | None = None) -> Document:
    return {
        "id": identifier,
        "@type": kind,
        "name": name,
        "description": description,
        "version": offer.version if offer else "1.0",
        "lifecycleStatus": offer.status if offer else "Active",
        "validFor": valid_for(offer.period if offer else ALWAYS),
    }


def _ref(identifier: str, name: T, kind: str) -> Document:
    return {"id": identifier, "name": name, "@referredType": kind}


def _without(reference: Document, *keys: str) -> Document:
    return {key: value for key, value in reference.items() if key not in keys}


def _term(months: int | None) -> list[Document] | None:
    if months is None:
        return None
    name = T(f"{months} months", f"{months} Monate") if months > 1 else T("1 month", "1 Monat")
    return [{"name": name, "duration": {"amount": months, "units": "month"}, "@type": "ProductOfferingTerm"}]


def _discount(row: Promotion) -> Document:
    return {
        **_head("ProductOfferingPrice", f"pop-promo-{row.id}", row.name, row.description),
        "validFor": valid_for(row.period),
        "isBundle": False,
        "priceType": "discount",
        "percentage": row.percentage,
        "price": money(row.amount) if row.amount else None,
        "tax": tax_items(row.amount, 19.0) if row.amount else None,
        "productOfferingTerm": _term(row.months),
    }


def _characteristic(row: Characteristic) -> Document:
    least, most = row.cardinality
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "valueType": row.type,
        "configurable": row.configurable,
        "minCardinality": least,
        "maxCardinality": most,
        "regex": row.regex,
        "productSpecCharacteristicValue": _values(row, row.values) or None,
        "@type": "ProductSpecificationCharacteristic",
    }


def _values(row: Characteristic, values: Iterable[Any]) -> list[Document]:
    shared = {"valueType": row.type, "unitOfMeasure": row.unit, "@type": "CharacteristicValueSpecification"}
    listed = [{"value": value, "isDefault": number == 0, **shared} for number, value in enumerate(values)]
    if not listed and row.range:
        low, high = row.range
        return [{"valueFrom": low, "valueTo": high, "rangeInterval": "closed", **shared}]
    if not listed and row.regex:
        return [{"regex": row.regex, **shared}]
    return listed
