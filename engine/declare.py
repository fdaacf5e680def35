"""Declaring what a field reads of the entity it stands on, for a resolver, a projection and a page of docs to see.

An entity type has an `upstream` class attribute: the collection its objects come from. On such a type a plain field
reads the attribute of its own GraphQL name unless it says otherwise; everywhere else a field reads only what it says.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType

READS = "reads"
FIXED = "fixed"
AT_HAND = "at hand"
KNOWN = "known"
LOADS = "loads"
MANY = "many"

LASTING: set[type] = set()
"""The classes of lists that last."""


def lasting_list(kind: type) -> None:
    """Declare a class of lists that last: one is given again, the very same object, for as long as an equal one would
    have to be made. It never changes, has a `__dict__` in which a plan keeps what it made of the whole of it, and tells
    the types of its items as `kinds`.
    """
    LASTING.add(kind)


Loads = Mapping[Any, frozenset[str]]
"""Collections a resolver reads, each with the attributes it always asks for; what is selected comes on top."""


def computed(
    resolver: Callable[..., Any],
    *attributes: str,
    description: str,
    loads: Loads | None = None,
    fixed: bool = False,
    **options: Any,
) -> Any:
    """A field that a resolver answers: from these attributes of the entity, and from what it `loads`.

    A compiled operation relies on two promises: the resolver may be called again for the same object, and it does not
    look at `info.path`. A resolver that changes something, such as a mutation's, is a plain `strawberry.field`.

    `fixed`: whoever asks and whenever, the answer for an object of a lasting type (`is_lasting`) is the same. Of a
    resolver that takes no `info` that is believed without being said.
    """
    metadata = {READS: attributes, LOADS: loads or {}, FIXED: fixed}
    return strawberry.field(resolver=resolver, description=description, metadata=metadata, **options)


def followed(resolver: Callable[..., Any], *, description: str, loads: Loads | None = None) -> Any:
    """A field of the root of subscriptions: the resolver gives the values, one after another, as an async generator."""
    return strawberry.subscription(resolver=resolver, description=description, metadata={READS: (), LOADS: loads or {}})


Many = Callable[[list[Any], Any], Awaitable[Sequence[Any]]]
"""From objects and `info` to a value for each, or the exception it has instead."""

Known = Callable[[list[Any], Any], Sequence[Any] | None]
"""The same at once, or None."""


def relation(
    many: Many,
    *attributes: str,
    description: str,
    loads: Loads | None = None,
    at_hand: Callable[[Any], Any] | None = None,
    known: "Known | None" = None,
    **options: Any,
) -> Any:
    """A field that is asked for many objects at once: one call for a whole level of a compiled operation.

    Where graphql-core executes, the same function is asked object by object. `at_hand` gives what an object has of
    itself, None where it must be asked for: a plan relies on it until it is let down. `known` gives the values of a
    level where nothing need be awaited for them, else None: it is asked first, and saves a task.
    """

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info) -> Any:
        (found,) = await many([root], info)
        if isinstance(found, BaseException):
            raise found
        return found

    metadata = {READS: attributes, LOADS: loads or {}, MANY: many, AT_HAND: at_hand, KNOWN: known}
    return strawberry.field(resolver=resolve, description=description, metadata=metadata, **options)


def shown_by(*models: type) -> Callable[[Any, Any], bool]:
    """The `is_type_of` of a type that shows objects of these classes, and of classes made from them."""

    def is_type_of(value: Any, _info: Any) -> bool:
        return isinstance(value, models)

    is_type_of.models = frozenset(models)  # type: ignore[attr-defined]
    return staticmethod(is_type_of)


def models_of(named: GraphQLObjectType) -> frozenset[type]:
    """The classes whose objects, and whatever else, are of a type; none where only the type can tell."""
    return getattr(named.is_type_of, "models", frozenset())


def definition_of(named: GraphQLNamedType) -> Any:
    """Strawberry's definition behind a type of the schema; None for GraphQL's own."""
    return named.extensions.get("strawberry-definition")


def upstream_of(named: GraphQLNamedType) -> Any:
    """The collection that objects of a type come from; None for what is no entity."""
    return getattr(getattr(definition_of(named), "origin", None), "upstream", None)


def is_lasting(named: GraphQLNamedType) -> bool:
    """Whether the objects behind a type never change once they are made, and carry a `__dict__` in which a plan keeps
    what it made of them: `lasting: ClassVar = True`.
    """
    return bool(getattr(getattr(definition_of(named), "origin", None), "lasting", False))


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
