"""The arguments of a declared resolver, the short way, where they are all numbers, texts and flags.

graphql-core and Strawberry coerce arguments anew for each request, which for a page of a list takes longer than reading
it. What a document says itself is coerced once for its plan, by graphql-core; a variable of one of GraphQL's own types
has been coerced before, and is handed on. Anything else, and whatever would be an error, goes their way.
"""

from collections.abc import Callable
from typing import Any

from graphql import (
    ArgumentNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLScalarType,
    ListValueNode,
    ObjectValueNode,
    VariableNode,
    get_nullable_type,
    is_non_null_type,
    is_required_argument,
    is_specified_scalar_type,
)
from graphql.execution.values import VariableValues, coerce_argument

from engine.compile.access import converter_of
from engine.compile.plan import Field

Given = Callable[[VariableValues], dict[str, Any] | None]
"""From a request's variables to the arguments by their Python names; None where the long way must be taken."""

_ABSENT = object()


def short_way(schema: Any, field: Field) -> Given | None:
    """What gives a field's arguments; None where the long way must always be taken."""
    node = field.details[0].node
    written = {each.name.value: each for each in node.arguments or ()}
    converter = converter_of(schema)
    names = {
        converter.config.name_converter.get_graphql_name(each): each.python_name
        for each in field.access.declared.arguments
    }
    fixed: dict[str, Any] = {}
    asked: list[tuple[str, str, Any, bool]] = []
    for name, argument in field.definition.args.items():
        value = written.get(name)
        absent = _coerced(node, name, argument, None)
        if value is not None and isinstance(value.value, VariableNode):
            if not _is_plain(argument):
                return None
            asked.append((names[name], value.value.name.value, absent, is_non_null_type(argument.type)))
            continue
        found = absent if value is None else _coerced(node, name, argument, value)
        if isinstance(found, GraphQLError) or not (found is _ABSENT or found is None or _is_plain(argument)):
            return None
        if found is not _ABSENT:
            fixed[names[name]] = found
    return _given(fixed, asked)


def _given(fixed: dict[str, Any], asked: list[tuple[str, str, Any, bool]]) -> Given:
    def given(variables: VariableValues) -> dict[str, Any] | None:
        arguments = {**fixed}
        for name, variable, absent, required in asked:
            value = variables.coerced.get(variable, absent)
            if isinstance(value, GraphQLError) or (value is None and required):
                return None
            if value is not _ABSENT:
                arguments[name] = value
        return arguments

    return given


def _is_plain(argument: GraphQLArgument) -> bool:
    """Whether Strawberry hands a value of this type on as it is: one of GraphQL's own scalars, and no list of such."""
    kind = get_nullable_type(argument.type)
    return isinstance(kind, GraphQLScalarType) and is_specified_scalar_type(kind)


def _coerced(node: Any, name: str, argument: GraphQLArgument, value: ArgumentNode | None) -> Any:
    """The value that a document or the schema gives, `_ABSENT` for none, or the error that a request would get."""
    if value is None and is_required_argument(argument):
        return GraphQLError("required")
    if value is not None and isinstance(value.value, ObjectValueNode | ListValueNode):
        return GraphQLError("not plain")
    found: dict[str, Any] = {}
    try:
        coerce_argument(found, node, name, argument, value, None, None)
    except GraphQLError as error:
        return error
    return next(iter(found.values()), _ABSENT)
