"""The contract as a whole: described throughout, printed as it is, and its types tied to what upstreams really send."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
    is_non_null_type,
    is_specified_scalar_type,
)

from clients import tmf620, tmf629, tmf632, tmf637, tmf666
from domain.catalog.prices import price_attributes
from engine import loads_of, reads_of, upstream_of
from kernel.context import Segment
from schema.inputs.described import publish_enum
from schema.root import build_schema
from schema.types.common import SCALARS, URL, is_web_url

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = build_schema()._schema
TYPES = [
    each for each in SCHEMA.type_map.values() if not is_introspection_type(each) and not is_specified_scalar_type(each)
]
CUSTOMERS = (
    tmf629.CUSTOMERS,
    tmf632.INDIVIDUALS,
    tmf632.ORGANIZATIONS,
    tmf637.PRODUCTS,
    tmf666.BILLING_ACCOUNTS,
)
OBJECTS = [each for each in TYPES if isinstance(each, GraphQLObjectType)]


def elements(named: GraphQLNamedType) -> Iterator[tuple[str, Any]]:
    """A type, and everything in it that can be described."""
    yield named.name, named
    if isinstance(named, GraphQLEnumType):
        for name, value in named.values.items():
            yield f"{named.name}.{name}", value
    if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for name, field in named.fields.items():
            yield f"{named.name}.{name}", field
            for argument, value in getattr(field, "args", {}).items():
                yield f"{named.name}.{name}({argument}:)", value


def test_everything_is_described() -> None:
    """Every type, field, argument, input field and enum value has a description that ends as a sentence does."""
    described = {name: each.description for named in TYPES for name, each in elements(named)}
    assert [name for name, text in described.items() if not text] == []
    assert [
        name for name, text in described.items() if not text.rstrip('".').strip() or text.strip()[-1] not in '."'
    ] == []
    assert len(described) > 140


def test_an_enum_value_without_description_is_refused() -> None:
    """Whoever adds a member must say what it means."""
    with pytest.raises(KeyError, match="B2B"):
        publish_enum(Segment, "The two markets the shop sells to.", B2C="Consumers.")
    publish_enum(Segment, "The two markets the shop sells to.", B2C="Consumers.", B2B="Companies.")


def test_schema_graphql_is_what_the_code_says() -> None:
    """The printed file stands in the repository."""
    assert (ROOT / "schema.graphql").read_text("utf-8") == build_schema().as_str() + "\n"


# ---------------------------------------------------------------- declarations


def models() -> dict[Any, set[str]]:
    """The attributes that each upstream model reads, in the upstream's spelling."""
    return {
        each: {f.encode_name for f in msgspec.structs.fields(each.model)}
        for each in (*tmf620.collections(), *CUSTOMERS)
    }


def test_every_declared_attribute_exists_upstream() -> None:
    """A field reads, and a resolver loads, only attributes that the upstream's model has."""
    known = models()
    wrong = []
    checked = 0
    for named in OBJECTS:
        for name, field in named.fields.items():
            own = known.get(upstream_of(named))
            # a type below an entity reads of that entity
            allowed = own if own is not None else set().union(*known.values())
            read = frozenset(reads_of(named, name, field))
            read = price_attributes(read, includes_tax=True) | price_attributes(read, includes_tax=False)
            wrong += [f"{named.name}.{name}: {each}" for each in read if each not in allowed]
            checked += len(reads_of(named, name, field))
            for collection, attributes in loads_of(field).items():
                wrong += [f"{named.name}.{name}: {each}" for each in attributes if each not in known[collection]]
    for collection in known:
        wrong += [f"{collection.name}: {each}" for each in collection.always if each not in known[collection]]
    assert wrong == []
    assert checked > 40


def test_entities_are_the_nodes() -> None:
    """Each collection of the catalogue has exactly one type that shows it; those are nodes, and so is what we keep."""
    entities = {named.name: upstream_of(named) for named in OBJECTS if upstream_of(named) is not None}
    assert entities == {
        "ProductOffering": tmf620.OFFERINGS,
        "OfferingPrice": tmf620.PRICES,
        "ProductSpecification": tmf620.SPECIFICATIONS,
        "Category": tmf620.CATEGORIES,
        "Individual": tmf632.INDIVIDUALS,
        "Organization": tmf632.ORGANIZATIONS,
        "BillingAccount": tmf666.BILLING_ACCOUNTS,
        "Product": tmf637.PRODUCTS,
    }
    kept = {"Cart", "CartLine", "Customer", "PortIn", "Reservation", "Viewer"}
    nodes = {each.name for each in SCHEMA.get_possible_types(SCHEMA.type_map["Node"])}
    assert nodes == {*entities, *kept} - {"Individual", "Organization"}


def test_every_field_of_an_entity_reads_something() -> None:
    """A field that declares nothing would be null as soon as nobody else asks for its attribute."""
    silent = {
        f"{named.name}.{name}"
        for named in OBJECTS
        if upstream_of(named) is not None
        for name, field in named.fields.items()
        if not reads_of(named, name, field)
    }
    nodes = ("ProductOffering", "OfferingPrice", "ProductSpecification", "Category", "BillingAccount", "Product")
    assert silent == {f"{name}.id" for name in nodes}


def test_what_needs_another_call_can_be_null() -> None:
    """One dead upstream leaves the rest of the page: fields that load are nullable. What is followed has no rest."""
    strict = [
        f"{named.name}.{name}"
        for named in OBJECTS
        for name, field in named.fields.items()
        if loads_of(field) and is_non_null_type(field.type) and named is not SCHEMA.subscription_type
    ]
    assert strict == []
    assert get_named_type(get_nullable_type(SCHEMA.query_type.fields["productOfferings"].type)).name == (
        "ProductOfferingConnection"
    )


# ---------------------------------------------------------------- scalars


def test_scalars() -> None:
    """Moments, exact numbers and addresses go out in one form and come in only when they are what they should be."""
    by_name = {each.name: each for each in SCALARS.values()}
    moment, number, url = by_name["DateTime"], by_name["Decimal"], by_name["URL"]
    for text in ("2026-11-23T20:15:00Z", "2026-11-23T20:15:00.250000+01:00"):
        assert moment.serialize(moment.parse_value(text)) == text
    assert [number.serialize(Decimal(text)) for text in ("19.90", "1E+3", "-0.0125")] == ["19.90", "1000", "-0.0125"]
    assert number.parse_value("19.90") == Decimal("19.90")
    assert url.parse_value("https://shop.example/x") == "https://shop.example/x"
    for scalar, nonsense in (
        (moment, ("today", 5, None)),
        (number, (1.5, "NaN", "Infinity", None)),
        (url, ("javascript:alert(1)", "/x", "https:///x", 5, "http://[", None)),
    ):
        for value in nonsense:
            with pytest.raises(ValueError, match="not a"):
                scalar.parse_value(value)


def test_web_urls() -> None:
    """Only absolute http and https."""
    assert [is_web_url(text) for text in ("http://a", "https://a/b?c#d", "ftp://a", "//a", "", "http://")] == [
        *(True, True, False, False, False, False)
    ]
    assert URL("x") == "x"


def test_an_introspection_reads_like_the_schema() -> None:
    """What tools see is the same schema."""
    assert json.dumps(SCHEMA.to_kwargs()["description"]) == "null"
