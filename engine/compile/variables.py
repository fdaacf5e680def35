"""The variables of a request, the short way, where all of them are numbers, texts and flags.

graphql-core looks up the type of each variable, and whether its value could be nested too deeply, anew for each
request. What a definition says is found out once for its operation; a value that is of the very type its definition
names is itself. Anything else, and whatever would be an error, goes graphql-core's way.
"""

from collections.abc import Callable, Sequence
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    VariableDefinitionNode,
    get_nullable_type,
    get_variable_values,
    is_non_null_type,
    is_specified_scalar_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

Variables = Callable[[dict[str, Any]], VariableValues | list[GraphQLError]]
"""From what a request gives to the values that variables have, or to what is wrong with it."""

_TYPES: dict[str, type] = {"String": str, "ID": str, "Boolean": bool, "Int": int}
_INTS = range(-(2**31), 2**31)
_NONE = VariableValues({}, {})
_ABSENT = object()


def variables_of(schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> Variables:
    """What reads the variables of an operation."""
    if not definitions:
        return lambda _: _NONE

    def long_way(given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        return get_variable_values(schema, definitions, given, max_errors=1)

    signatures = [get_variable_signature(schema, each) for each in definitions]
    plain = [each for each in signatures if isinstance(each, GraphQLVariableSignature) and _is_plain(each)]
    if len(plain) < len(signatures):
        return long_way
    defaults = [_default(schema, each) for each in definitions]
    return _short_way([_Known(*each) for each in zip(plain, defaults, strict=True)], long_way)


class _Known:
    """What there is to know of a variable. `absent`: its value when it is not given, `_ABSENT` where it has none then.

    `refused`: whether it must be given.
    """

    __slots__ = ("absent", "kind", "name", "nullable", "refused", "signature", "source")

    def __init__(self, signature: GraphQLVariableSignature, default: Any) -> None:
        self.signature, self.name = signature, signature.name
        self.kind = _TYPES[get_nullable_type(signature.type).name]  # type: ignore[union-attr]
        self.nullable = not is_non_null_type(signature.type)
        self.refused, self.absent = isinstance(default, list), default
        self.source = VariableValueSource(signature)


def _short_way(known: Sequence[_Known], long_way: Variables) -> Variables:
    def short(given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for each in known:
            name = each.name
            value = given.get(name, _ABSENT)
            if value is _ABSENT:
                if each.refused:
                    return long_way(given)
                sources[name] = each.source
                if each.absent is not _ABSENT:
                    coerced[name] = each.absent
                continue
            kind = type(value)
            if (kind is not each.kind or (kind is int and value not in _INTS)) and not (
                each.nullable and value is None
            ):
                return long_way(given)
            sources[name] = VariableValueSource(each.signature, value)
            coerced[name] = value
        return VariableValues(sources, coerced)

    return short


def _is_plain(signature: GraphQLVariableSignature) -> bool:
    kind = get_nullable_type(signature.type)
    return isinstance(kind, GraphQLScalarType) and is_specified_scalar_type(kind) and kind.name in _TYPES


def _default(schema: GraphQLSchema, definition: VariableDefinitionNode) -> Any:
    """The value of a variable that is not given; `_ABSENT` for none, the errors where it must be given."""
    found = get_variable_values(schema, [definition], {}, max_errors=1)
    return found if isinstance(found, list) else next(iter(found.coerced.values()), _ABSENT)
