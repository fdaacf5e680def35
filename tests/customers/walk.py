"""Everything in the schema that is somebody's, and what a document touches of it: for the walk in `test_walk`."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_introspection_type,
    parse,
    value_from_ast_untyped,
    visit,
)

from schema.root import build_schema

SCHEMA = build_schema()._schema

PUBLIC = {
    "AvailableNumber", "AvailableSim", "BundleOption", "Category", "Characteristic", "CharacteristicChoice",
    "CharacteristicOption", "CharacteristicValue", "Image", "Money", "OfferingPrice", "PageInfo", "ProductOffering",
    "ProductOfferingConnection", "ProductOfferingEdge", "ProductSpecification", "Promotion", "TimePeriod",
    "UserError", "GenericError", "VersionConflictError", "NumberUnavailableError",
}  # fmt: skip
"""Types that hold nothing of anybody's."""


def owned() -> set[str]:
    """Every field and argument that takes or returns something that is somebody's, as the schema has them now."""
    found = set()
    for named in SCHEMA.type_map.values():
        if isinstance(named, GraphQLObjectType) and not is_introspection_type(named):
            for name, field in named.fields.items():
                if is_owned(get_named_type(field.type)):
                    found.add(f"{named.name}.{name}")
                for argument, value in field.args.items():
                    places = ids(argument, get_named_type(value.type), ())
                    found |= {f"{named.name}.{name}({place})" for place in places}
    return found


def is_owned(named: GraphQLNamedType) -> bool:
    composite = isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
    return composite and named.name not in PUBLIC


def ids(place: str, named: GraphQLNamedType, above: tuple[str, ...]) -> Iterator[str]:
    """The places in an argument where an id or a cursor is taken."""
    if named.name == "ID" or place == "after":
        yield place
    if isinstance(named, GraphQLInputObjectType) and named.name not in above:
        for name, field in named.fields.items():
            yield from ids(f"{place}.{name}", get_named_type(field.type), (*above, named.name))


def touched(document: str, variables: dict[str, Any]) -> set[str]:
    """The fields and the places of arguments that an operation has something to do with."""
    info, found = TypeInfo(SCHEMA), set()

    class Touch(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent = info.get_parent_type()
            assert parent is not None
            name = f"{parent.name}.{node.name.value}"
            found.add(name)
            for argument in node.arguments or ():
                value = value_from_ast_untyped(argument.value, variables)
                found.update(f"{name}({place})" for place in _places(argument.name.value, value))

    visit(parse(document), TypeInfoVisitor(info, Touch()))
    return found


def _places(place: str, value: Any) -> Iterator[str]:
    yield place
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _places(f"{place}.{name}", each)
    if isinstance(value, list):
        for each in value:
            yield from _places(place, each)
