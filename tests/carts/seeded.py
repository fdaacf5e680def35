"""The sandbox operator's catalogue as the gateway reads it, in English or German."""

import json
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from clients.tmf620 import ProductOffering, ProductOfferingPrice, ProductSpecification
from domain.catalog.characteristics import Choice, choices
from sandbox.languages import KEY
from sandbox.seed.catalogue import documents

_MODELS: dict[str, Any] = {
    "TMF620.productOffering": ProductOffering,
    "TMF620.productOfferingPrice": ProductOfferingPrice,
    "TMF620.productSpecification": ProductSpecification,
}


def _in(language: str, node: Any) -> Any:
    if isinstance(node, list):
        return [_in(language, each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: _in(language, value) for key, value in {**node, **node.get(KEY, {}).get(language, {})}.items()}


@cache
def _catalogue(language: str) -> dict[str, Any]:
    found = {}
    for kind, document in documents():
        if kind in _MODELS:
            text = json.dumps(_in(language, document))
            decoder = msgspec.json.Decoder(_MODELS[kind], float_hook=Decimal)
            found[document["id"]] = decoder.decode(text)
    return found


def entity(local_id: str, language: str = "en") -> Any:
    return _catalogue(language)[local_id]


def offering_ids() -> list[str]:
    return sorted(key for key, each in _catalogue("en").items() if isinstance(each, ProductOffering))


def choices_of(local_id: str, language: str = "en") -> tuple[Choice, ...]:
    offering = entity(local_id, language)
    specification = offering.product_specification
    return choices(offering, specification and entity(specification.id, language))


def prices_of(local_id: str) -> list[ProductOfferingPrice]:
    return [entity(ref.id) for ref in entity(local_id).product_offering_price]


def reductions_of(local_id: str) -> dict[str, list[ProductOfferingPrice]]:
    return {price.id: [entity(ref.id) for ref in price.pop_relationship] for price in prices_of(local_id)}
