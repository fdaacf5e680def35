"""Declaring what a field reads of the entity it stands on, for a resolver, a projection and a page of docs to see.

An entity type has an `upstream` class attribute: the collection its objects come from. On such a type a plain field
reads the attribute of its own GraphQL name unless it says otherwise; everywhere else a field reads only what it says.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLNamedType

READS = "reads"
LOADS = "loads"
MANY = "many"

Loads = Mapping[Any, frozenset[str]]
"""Collections a resolver reads, each with the attributes it always asks for; what is selected comes on top."""


def computed(
    resolver: Callable[..., Any], *attributes: str, description: str, loads: Loads | None = None, **options: Any
) -> Any:
    """A field that a resolver answers: from these attributes of the entity, and from what it `loads`.

    A compiled operation relies on two promises: the resolver may be called again for the same object, and it does not
    look at `info.path`. A resolver that changes something, such as a mutation's, is a plain `strawberry.field`.
    """
    return strawberry.field(
        resolver=resolver, description=description, metadata={READS: attributes, LOADS: loads or {}}, **options
    )


Many = Callable[[list[Any], Any], Awaitable[Sequence[Any]]]
"""From objects and `info` to a value for each, or the exception it has instead."""


def relation(many: Many, *attributes: str, description: str, loads: Loads | None = None, **options: Any) -> Any:
    """A field that is asked for many objects at once: one call for a whole level of a compiled operation.

    Where graphql-core executes, the same function is asked object by object.
    """

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info) -> Any:
        (found,) = await many([root], info)
        if isinstance(found, BaseException):
            raise found
        return found

    metadata = {READS: attributes, LOADS: loads or {}, MANY: many}
    return strawberry.field(resolver=resolve, description=description, metadata=metadata, **options)


def definition_of(named: GraphQLNamedType) -> Any:
    """Strawberry's definition behind a type of the schema; None for GraphQL's own."""
    return named.extensions.get("strawberry-definition")


def upstream_of(named: GraphQLNamedType) -> Any:
    """The collection that objects of a type come from; None for what is no entity."""
    return getattr(getattr(definition_of(named), "origin", None), "upstream", None)


def reads_of(named: GraphQLNamedType, field_name: str, field: GraphQLField) -> tuple[str, ...]:
    """The attributes of the entity that a field reads."""
    declared = field.extensions.get("strawberry-definition")
    if declared is None:
        return ()
    if READS in declared.metadata:
        return tuple(declared.metadata[READS])
    plain = declared.base_resolver is None and upstream_of(named) is not None
    return (field_name,) if plain else ()


def loads_of(field: GraphQLField) -> Loads:
    """The collections that a field's resolver reads."""
    declared = field.extensions.get("strawberry-definition")
    return {} if declared is None else declared.metadata.get(LOADS, {})
