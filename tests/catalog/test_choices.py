"""Characteristics as an offering narrows them, and what choosing adds to the price."""

from typing import Any

from tests.conftest import MakeGateway
from tests.upstream import Document, Upstream, offering_id

CHOICES = """query($id: ID!) { productOffering(id: $id) { characteristics {
  name description valueType required configurable min max rangeFrom rangeTo unit
  values { value isDefault unit priceImpact { amount currency } }
} } }"""


async def choices_of(gateway: MakeGateway, local: str, language: str = "en", **given: Any) -> dict[str, Document]:
    async with gateway(**given) as client:
        found = await client.data(CHOICES, id=offering_id(local), headers={"accept-language": language})
    return {each["name"]: each for each in found["productOffering"]["characteristics"]}


def values(characteristic: Document) -> list[tuple[Any, ...]]:
    return [
        (each["value"], each["isDefault"], each["unit"], each["priceImpact"] and each["priceImpact"]["amount"])
        for each in characteristic["values"]
    ]


async def test_a_device_with_colours_and_sizes(gateway: MakeGateway) -> None:
    """In the specification's order; the larger sizes cost more, the first value is chosen when nothing is."""
    found = await choices_of(gateway, "po-kaiyo-k1")
    assert list(found) == ["Colour", "Storage", "Display", "Weight"]
    assert values(found["Storage"]) == [
        ("128 GB", True, None, None),
        ("256 GB", False, None, "60.00"),
        ("512 GB", False, None, "180.00"),
    ]
    assert [each[0] for each in values(found["Colour"])] == [
        "Midnight black",
        "Chalk white",
        "Fjord blue",
        "Moss green",
    ]
    assert found["Colour"] == {
        **found["Colour"],
        "valueType": "string",
        "required": True,
        "configurable": True,
        "min": 1,
        "max": 1,
        "rangeFrom": None,
        "rangeTo": None,
        "unit": None,
    }
    assert (values(found["Weight"]), found["Weight"]["configurable"]) == ([("176", True, "g", None)], False)


async def test_an_offering_narrows_what_its_specification_has(gateway: MakeGateway) -> None:
    """Four colours were made, two are still sold; of all volumes the plan has one, and of all terms one."""
    assert [each[0] for each in values((await choices_of(gateway, "po-kaiyo-k1-mini"))["Colour"])] == [
        "Midnight black",
        "Fjord blue",
    ]
    plan = await choices_of(gateway, "po-mobile-m")
    assert values(plan["Data per month"]) == [("40", True, "GB", None)]
    assert values(plan["Minimum term"]) == [("24", True, "months", None)]
    assert (plan["Data per month"]["rangeFrom"], plan["Data per month"]["rangeTo"]) == (None, None)


async def test_ranges_and_free_values(gateway: MakeGateway) -> None:
    """Where any value in a range will do, it says so; where anything will do, there are no values at all."""
    data = await choices_of(gateway, "po-prepaid-s")
    limits = data["Data per month"]
    assert (limits["rangeFrom"], limits["rangeTo"], limits["unit"], limits["values"]) == ("1", "500", "GB", [])
    number = data["Phone number"]
    assert (number["values"], number["required"], number["min"], number["max"]) == ([], False, 0, 1)
    assert number["description"] == "Desired or ported number in international form."


async def test_several_may_be_chosen(gateway: MakeGateway) -> None:
    """Cardinalities tell how many."""
    found = (await choices_of(gateway, "po-tv-sport"))["Languages"]
    assert (found["min"], found["max"], found["required"]) == (1, 3, True)


async def test_in_german(gateway: MakeGateway) -> None:
    """Names and values are the language's own, and the impact finds its price in that language too."""
    found = await choices_of(gateway, "po-kaiyo-k1", "de")
    assert list(found) == ["Farbe", "Speicher", "Display", "Gewicht"]
    assert values(found["Speicher"])[2] == ("512 GB", False, None, "180.00")
    assert values(found["Farbe"])[0][0] == "Mitternachtsschwarz"


async def test_monthly_impact(gateway: MakeGateway) -> None:
    """A router for rent costs monthly, one's own costs nothing."""
    found = (await choices_of(gateway, "po-fibre-250"))["Router"]
    assert values(found) == [
        ("Own router", True, None, None),
        ("Lumaro Box", False, None, "5.99"),
        ("Lumaro Box Pro", False, None, "8.99"),
    ]


async def test_a_number_finds_its_price(gateway: MakeGateway) -> None:
    """Values that are numbers upstream are told as text and still find what they cost."""
    found = (await choices_of(gateway, "po-business-line-500"))["Repair time"]
    assert [(each[0], each[3]) for each in values(found)] == [("4", "58.31"), ("8", None)]


async def test_what_only_the_offering_names(gateway: MakeGateway, upstream: Upstream) -> None:
    """A characteristic that the specification does not have is offered all the same; booleans are true and false."""
    use = {
        "name": "Gift wrap",
        "minCardinality": 0,
        "productSpecCharacteristicValue": [{"value": True}, {"value": False, "isDefault": True}, {"value": None}],
    }
    upstream.patch("productOffering", "po-esim", {"prodSpecCharValueUse": [use]})
    found = await choices_of(gateway, "po-esim")
    assert list(found)[-1] == "Gift wrap"
    assert values(found["Gift wrap"]) == [("true", False, None, None), ("false", True, None, None)]
    assert (found["Gift wrap"]["configurable"], found["Gift wrap"]["required"], found["Gift wrap"]["max"]) == (
        True,
        False,
        None,
    )


async def test_a_bundle_without_choices(gateway: MakeGateway) -> None:
    """A specification without characteristics gives none."""
    assert await choices_of(gateway, "po-family-duo") == {}
