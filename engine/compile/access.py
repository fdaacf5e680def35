"""How the value of a field is got: read as an attribute, asked of a declared resolver, or of any other resolver.

A resolver that was declared with `engine.computed` or `engine.relation` promises two things: it may be called again for
the same object, and it does not look at `info.path`. That is what lets one `Info` serve all rows of a level. Any other
resolver is called through GraphQL's own signature, exactly once per object, with an `Info` of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from inspect import Parameter
from typing import Any

from graphql import GraphQLField, GraphQLSchema, default_field_resolver

from engine.declare import AT_HAND, FIXED, KNOWN, MANY, READS


class Way(Enum):
    """The ways to a value."""

    TYPENAME = "the type's name"
    ATTRIBUTE = "an attribute"
    PURE = "a declared resolver that takes the object, and maybe the info, and awaits nothing"
    DIRECT = "any other declared resolver"
    MANY = "a declared resolver for many objects at once"
    AT_HAND = "what an object has of itself of such a resolver's values"
    ORDINARY = "any other resolver"


@dataclass(frozen=True)
class Access:
    """The way, and what it takes: `call` is the attribute's name or the resolver; `takes` its parameters in order,
    each with what it stands for.
    """

    way: Way
    call: Any = None
    takes: tuple[tuple[str, str], ...] = ()
    declared: Any = None

    @property
    def inline(self) -> bool:
        """Whether the value can be got in the middle of completing, and again if need be."""
        return self.way in (Way.TYPENAME, Way.ATTRIBUTE, Way.PURE, Way.AT_HAND)

    @cached_property
    def known(self) -> Any:
        """What gives a level's values where nothing need be awaited; None where there is no such thing."""
        return self.declared.metadata[KNOWN] if self.way is Way.MANY else None

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The parameters that the object is given as."""
        return tuple(name for name, part in self.takes if part == ROOT)

    @cached_property
    def infos(self) -> tuple[str, ...]:
        """The parameters that the info is given as."""
        return tuple(name for name, part in self.takes if part == INFO)

    @cached_property
    def has_arguments(self) -> bool:
        """Whether it takes arguments of the document's."""
        return any(part == ARGUMENT for _, part in self.takes)

    @property
    def fixed(self) -> bool:
        """Whether an object of a lasting type always has the same value here."""
        if self.way is Way.PURE:
            return self.declared.metadata[FIXED] or all(part != INFO for _, part in self.takes)
        return self.way in (Way.TYPENAME, Way.ATTRIBUTE, Way.AT_HAND)


ROOT, INFO, ARGUMENT = "root", "info", "argument"


def access_of(schema: GraphQLSchema, name: str, field: GraphQLField, *, at_hand: bool = False) -> Access:
    """The way to a field's value. `at_hand`: whether to rely on what objects have of themselves."""
    if name == "__typename":
        return Access(Way.TYPENAME)
    resolve = field.resolve or default_field_resolver
    ordinary = Access(Way.ORDINARY, resolve)
    declared = field.extensions.get("strawberry-definition")
    converter = converter_of(schema)
    if declared is None or converter is None or declared.extensions or converter.exception_handlers:
        return ordinary
    if declared.base_resolver is None:
        return Access(Way.ATTRIBUTE, declared.python_name) if declared.default_resolver is getattr else ordinary
    if READS not in declared.metadata:
        return ordinary
    return (at_hand and _at_hand(declared)) or _of_declared(declared) or ordinary


def converter_of(schema: GraphQLSchema) -> Any:
    """Strawberry's converter behind a schema; None for a schema that is not Strawberry's."""
    return getattr(getattr(schema, "_strawberry_schema", None), "schema_converter", None)


def _at_hand(declared: Any) -> Access | None:
    call = declared.metadata.get(AT_HAND)
    return None if call is None else Access(Way.AT_HAND, call, (("root", ROOT),), declared)


def _of_declared(declared: Any) -> Access | None:
    resolver = declared.base_resolver
    many = declared.metadata.get(MANY)
    if many is not None and not declared.arguments:
        return Access(Way.MANY, many, declared=declared)
    parameters = list(resolver.signature.parameters.values())
    if any(each.kind is not Parameter.POSITIONAL_OR_KEYWORD for each in parameters):
        return None
    takes = tuple((each.name, _part(resolver, each)) for each in parameters)
    call: Callable[..., Any] = resolver.wrapped_func
    pure = not declared.arguments and not declared.is_async
    return Access(Way.PURE if pure else Way.DIRECT, call, takes, declared)


def _part(resolver: Any, parameter: Parameter) -> str:
    """What a parameter stands for."""
    if parameter in (resolver.self_parameter, resolver.parent_parameter, resolver.root_parameter):
        return ROOT
    return INFO if parameter == resolver.info_parameter else ARGUMENT
