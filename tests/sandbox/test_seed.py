"""The operator's catalogue keeps what the README promises: sizes, kinds, references, nesting, languages."""

import re
from collections import Counter
from typing import Any

import pytest

from sandbox.apis.tmf620 import LIFECYCLE, TMF620
from sandbox.seed.catalogue import SHOP_WINDOW, documents
from sandbox.seed.prices import before_tax, net

Documents = dict[str, dict[str, Any]]
TEXTS = ("name", "description")


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Documents]:
    found: dict[str, Documents] = {}
    for kind, document in documents():
        assert document["id"] not in found.setdefault(kind.removeprefix("TMF620."), {})
        found[kind.removeprefix("TMF620.")][document["id"]] = document
    return found


@pytest.fixture(scope="module")
def offerings(catalogue: dict[str, Documents]) -> Documents:
    return catalogue["productOffering"]


@pytest.fixture(scope="module")
def prices(catalogue: dict[str, Documents]) -> Documents:
    return catalogue["productOfferingPrice"]


def at(node: Any, path: str) -> list[Any]:
    nodes = [node]
    for name in path.split("."):
        reached = [each[name] for each in nodes if isinstance(each, dict) and name in each]
        nodes = [item for each in reached for item in (each if isinstance(each, list) else [each])]
    return nodes


def test_sizes(catalogue: dict[str, Documents]) -> None:
    sizes = {resource: len(found) for resource, found in catalogue.items()}
    assert sizes == {
        "catalog": 2,
        "category": 47,
        "productSpecification": 54,
        "productOfferingPrice": 350,
        "productOffering": 153,
    }


def test_no_two_runs_differ() -> None:
    assert list(documents(300)) == list(documents(300))


def test_every_reference_leads_somewhere_and_says_its_name(catalogue: dict[str, Documents]) -> None:
    checked = Counter[str]()
    for resource in TMF620.resources:
        for document in catalogue[resource.path].values():
            for path, kind in resource.references.items():
                for reference in at(document, path):
                    target = catalogue[kind.removeprefix("TMF620.")][reference["id"]]
                    assert reference["name"] == target["name"]
                    assert reference.get("_i18n") == (
                        {"de": {"name": target["_i18n"]["de"]["name"]}}
                        if "name" in target.get("_i18n", {}).get("de", {})
                        else None
                    )
                    checked[f"{resource.path}.{path}"] += 1
    assert set(checked) == {
        f"{resource.path}.{path}" for resource in TMF620.resources for path in resource.references
    } - {"productOfferingPrice.bundledPopRelationship", "productSpecification.productSpecificationRelationship"}


def test_every_document_says_who_it_is_and_since_when(catalogue: dict[str, Documents]) -> None:
    for resource in TMF620.resources:
        for document in catalogue[resource.path].values():
            assert document["@type"] == resource.type
            assert document["lifecycleStatus"] in LIFECYCLE.states
            assert re.fullmatch(r"\d+\.\d+", document["version"])
            assert re.fullmatch(r"2026-\d\d-\d\dT\d\d:00:00Z", document["lastUpdate"])
            assert re.fullmatch(r"[a-z]+-[a-z0-9\-]+", document["id"])
            assert document["name"]
            assert document["description"]


def test_both_languages_differ_wherever_a_sentence_is_said(catalogue: dict[str, Documents]) -> None:
    for resource in ("category", "productOffering", "productOfferingPrice"):
        same = [
            document["id"]
            for document in catalogue[resource].values()
            if "description" not in document.get("_i18n", {}).get("de", {})
        ]
        assert same == []
    translated = sum("name" in offering["_i18n"]["de"] for offering in catalogue["productOffering"].values())
    assert translated >= 70


def test_the_shop_window_looks_good(offerings: Documents, prices: Documents) -> None:
    window = list(offerings.values())[:20]
    assert tuple(offering["id"] for offering in window) == SHOP_WINDOW
    for offering in window:
        assert offering["lifecycleStatus"] == "Active"
        assert offering["isSellable"]
        assert offering["category"]
        assert offering["attachment"][0]["url"].startswith("/sandbox/images/")
        assert offering["productSpecification"]
        assert offering["productOfferingPrice"]
    assert len({offering["category"][0]["id"] for offering in window}) >= 10


def test_every_offering_is_in_a_category_that_lists_it(catalogue: dict[str, Documents], offerings: Documents) -> None:
    for offering in offerings.values():
        assert offering["category"]
        for category in offering["category"]:
            assert offering["id"] in [
                listed["id"] for listed in catalogue["category"][category["id"]]["productOffering"]
            ]


def test_what_must_not_be_sold_comes_last(offerings: Documents) -> None:
    statuses = Counter(offering["lifecycleStatus"] for offering in offerings.values())
    assert statuses == {
        "Active": 140,
        "Launched": 2,
        "Retired": 4,
        "Obsolete": 1,
        "In test": 2,
        "In design": 2,
        "In study": 1,
        "Rejected": 1,
    }
    unsold = [number for number, offering in enumerate(offerings.values()) if _unsold(offering)]
    assert unsold == list(range(135, 153))
    periods = [offering["validFor"] for offering in offerings.values()]
    assert sum(period["startDateTime"] >= "2099" for period in periods) == 3
    assert sum(period.get("endDateTime", "9999") < "2026" for period in periods) == 3
    assert [offering["id"] for offering in offerings.values() if not offering["isSellable"]] == ["po-lumaro-box-rental"]


def _unsold(offering: dict[str, Any]) -> bool:
    period = offering["validFor"]
    ended, future = period.get("endDateTime", "9999") < "2026", period["startDateTime"] > "2026"
    return offering["lifecycleStatus"] not in {"Active", "Launched"} or not offering["isSellable"] or ended or future


def test_prices_of_every_kind(prices: Documents) -> None:
    kinds = Counter(price["priceType"] for price in prices.values())
    assert set(kinds) == {"recurring", "oneTime", "oneTimeOnFirstBill", "usage", "cancellationFee", "discount"}
    assert min(kinds.values()) >= 10
    periods = {price["recurringChargePeriodType"] for price in prices.values() if price["priceType"] == "recurring"}
    assert periods == {"month", "week", "day", "year"}
    lengths = {price["recurringChargePeriodLength"] for price in prices.values() if price["priceType"] == "recurring"}
    assert lengths == {1, 4}
    for price in prices.values():
        if price["priceType"] == "usage":
            assert price["unitOfMeasure"]["units"] in {"GB", "MB", "minute", "SMS"}
    assert [price["id"] for price in prices.values() if price.get("price", {"value": 1})["value"] <= 0] == []
    four_decimals = [
        price["id"]
        for price in prices.values()
        if len(str(price.get("price", {}).get("value", "")).partition(".")[2]) == 4
    ]
    assert len(four_decimals) >= 5


def test_tax_comes_on_top(prices: Documents) -> None:
    rates = Counter(tax["taxRate"] for price in prices.values() for tax in price.get("tax", []))
    assert rates[19.0] == sum(rates.values()) - 1
    assert rates[7.0] == 1
    for price in prices.values():
        assert ("price" in price) == ("tax" in price)
        assert ("price" in price) != ("percentage" in price)


def test_net_amounts_show_as_they_are_meant() -> None:
    assert net(19.99) == 16.8
    assert net(799.0) == 671.43
    assert before_tax(14.9) == 17.73
    for cents in range(99, 20_000, 100):
        shown = cents / 100
        assert round(net(shown) * 1.19 + 1e-9, 2) == shown


def test_a_price_for_a_value_of_a_characteristic(prices: Documents, catalogue: dict[str, Documents]) -> None:
    priced = [price for price in prices.values() if "prodSpecCharValueUse" in price]
    assert len(priced) >= 20
    for price in priced:
        (use,) = price["prodSpecCharValueUse"]
        (value,) = use["productSpecCharacteristicValue"]
        assert value["value"] in _values(catalogue, use)
    assert prices["pop-kaiyo-k1-storage-256gb"]["price"] == {"unit": "EUR", "value": 50.42}


def _values(catalogue: dict[str, Documents], use: dict[str, Any]) -> list[Any]:
    specification = catalogue["productSpecification"][use["productSpecification"]["id"]]
    (characteristic,) = [each for each in specification["productSpecCharacteristic"] if each["id"] == use["id"]]
    return [value.get("value") for value in characteristic["productSpecCharacteristicValue"]]


def test_uses_stay_within_the_specification_and_some_narrow_it(
    catalogue: dict[str, Documents], offerings: Documents
) -> None:
    narrower = []
    for offering in offerings.values():
        for use in offering.get("prodSpecCharValueUse", []):
            allowed = _values(catalogue, use)
            used = [value["value"] for value in use["productSpecCharacteristicValue"]]
            assert allowed == [None] or set(used) <= set(allowed)
            assert 0 <= use["minCardinality"] <= use["maxCardinality"]
            narrower += [offering["id"]] if allowed != [None] and set(used) < set(allowed) else []
    assert "po-kaiyo-k1-mini" in narrower


def test_promotions_hang_on_prices(prices: Documents) -> None:
    used = Counter(relation["id"] for price in prices.values() for relation in price.get("popRelationship", []))
    promotions = {identifier for identifier, price in prices.items() if price["priceType"] == "discount"}
    assert len(promotions) == 10
    assert set(used) <= promotions
    assert len(used) >= 8
    types = {relation["relationshipType"] for price in prices.values() for relation in price.get("popRelationship", [])}
    assert types == {"promotion", "discount"}
    assert any(
        price["validFor"].get("endDateTime", "9999") < "2025" for price in prices.values() if price["id"] in used
    )


def test_bundles_nest(offerings: Documents) -> None:
    def depth(identifier: str) -> int:
        parts = offerings[identifier].get("bundledProductOffering", [])
        return 1 + max(depth(part["id"]) for part in parts) if parts else 0

    depths = Counter(depth(identifier) for identifier in offerings)
    assert set(depths) == {0, 1, 2, 3}
    assert depth("po-family-all-in") == 3
    for offering in offerings.values():
        assert offering["isBundle"] == ("bundledProductOffering" in offering)
        for part in offering.get("bundledProductOffering", []):
            option = part["bundledProductOfferingOption"]
            assert (
                option["numberRelOfferLowerLimit"]
                <= option["numberRelOfferDefault"]
                <= option["numberRelOfferUpperLimit"]
            )


def test_the_category_tree_is_one_tree(catalogue: dict[str, Documents]) -> None:
    categories = catalogue["category"]

    def level(identifier: str) -> int:
        parent = categories[identifier].get("parentId")
        return 1 if parent is None else 1 + level(parent)

    assert Counter(level(identifier) for identifier in categories) == {1: 5, 2: 19, 3: 21, 4: 2}
    for category in categories.values():
        assert category["isRoot"] == ("parentId" not in category)
        for child in category.get("subCategory", []):
            assert categories[child["id"]]["parentId"] == category["id"]


def test_channels_segments_and_relations(offerings: Documents) -> None:
    channels = Counter(
        tuple(channel["id"] for channel in offering.get("channel", [])) for offering in offerings.values()
    )
    assert {("web", "app"), ("shop",), ("shop", "callcenter"), ("web", "callcenter"), ()} <= set(channels)
    segments = Counter(
        tuple(segment["id"] for segment in offering.get("marketSegment", [])) for offering in offerings.values()
    )
    assert set(segments) == {("b2c",), ("b2b",), ("b2c", "b2b"), ()}
    assert {segment["name"] for offering in offerings.values() for segment in offering.get("marketSegment", [])} == {
        "B2C",
        "B2B",
    }
    relations = Counter(
        relation["relationshipType"]
        for offering in offerings.values()
        for relation in offering.get("productOfferingRelationship", [])
    )
    assert set(relations) == {"requires", "recommends", "upgradesTo", "excludes"}


def test_specifications_are_configurable(catalogue: dict[str, Documents]) -> None:
    characteristics = [
        each
        for specification in catalogue["productSpecification"].values()
        for each in specification.get("productSpecCharacteristic", [])
    ]
    values = [value for each in characteristics for value in each.get("productSpecCharacteristicValue", [])]
    assert any(each["configurable"] for each in characteristics)
    assert any(each["maxCardinality"] == 3 for each in characteristics)
    assert any(each["minCardinality"] == 0 for each in characteristics)
    assert any("regex" in each for each in characteristics)
    assert any(value["valueFrom"] < value["valueTo"] for value in values if "valueFrom" in value)
    for each in characteristics:
        assert sum(value.get("isDefault", False) for value in each.get("productSpecCharacteristicValue", [])) <= 1
        re.compile(each.get("regex", ""))


def test_scaling_adds_exactly_what_was_asked() -> None:
    kinds = Counter(kind for kind, _ in documents(1150))
    assert kinds["TMF620.productOffering"] == 1150
    assert kinds["TMF620.productSpecification"] == 54 + 100
    assert kinds["TMF620.productOfferingPrice"] == 350 + 2493  # of 997 offerings, two or three each
    assert Counter(kind for kind, _ in documents(10))["TMF620.productOffering"] == 153


def test_scaled_references_lead_somewhere() -> None:
    found = {(kind, document["id"]): document for kind, document in documents(400)}
    for (kind, identifier), document in found.items():
        if kind == "TMF620.productOffering" and "series" in identifier:
            assert ("TMF620.productSpecification", document["productSpecification"]["id"]) in found
            category = found["TMF620.category", document["category"][0]["id"]]
            assert category["name"] == document["category"][0]["name"]
            for price in document["productOfferingPrice"]:
                assert found["TMF620.productOfferingPrice", price["id"]]["name"] == price["name"]
