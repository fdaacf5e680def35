"""Leaf values in generated code: a test that the usual value passes, and a function for the others.

Each leaf type gets one line such as `if type(v) is not str: v = other(v)`. `other` serialises as graphql-core does, and
gives up where graphql-core would report an error.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLNamedType,
    GraphQLString,
    Undefined,
)

from engine.compile.values import require_plain, unfit

Bind = Callable[[Any, str], str]
"""Gives a value a name that generated code can use: `bind(value, "s")` is `s12`."""

_USUAL = {
    GraphQLString.name: "type({v}) is not str",
    GraphQLID.name: "type({v}) is not str",
    GraphQLBoolean.name: "type({v}) is not bool",
    GraphQLInt.name: f"type({{v}}) is not int or not {GRAPHQL_MIN_INT} <= {{v}} <= {GRAPHQL_MAX_INT}",
    GraphQLFloat.name: "type({v}) is not float or {v} - {v} != 0.0",  # neither infinite nor nan
}


def leaf_lines(named: GraphQLNamedType, variable: str, bind: Bind, *, nullable: bool) -> list[str]:
    """The lines that turn the value in `variable` into what goes into the answer."""
    kind: Any = named
    other = bind(_other(kind), "s")
    unusual = _USUAL[named.name].format(v=variable) if kind in _BUILT_IN else ""
    members = _members(kind)
    if members is not None:
        by_name = bind(members[1], "m")
        inner = [f"if type({variable}) is {bind(members[0], 'e')}: {variable} = {by_name}[{variable}._name_]"]
        inner += [f"else: {variable} = {other}({variable})"]
    elif unusual:
        return [
            f"if ({unusual})"
            + (f" and {variable} is not None" if nullable else "")
            + f": {variable} = {other}({variable})"
        ]
    else:
        inner = [f"{variable} = {other}({variable})"]
    return [f"if {variable} is not None:", *("    " + line for line in inner)] if nullable else inner


_BUILT_IN = (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat)


def _members(kind: Any) -> tuple[type[Enum], dict[str, str]] | None:
    """The Python enum behind one of Strawberry's, and what each member is called in an answer."""
    wrapped = getattr(kind, "wrapped_cls", None)
    if not isinstance(kind, GraphQLEnumType) or not isinstance(wrapped, type) or not issubclass(wrapped, Enum):
        return None
    return wrapped, {name: kind.coerce_output_value(member) for name, member in wrapped.__members__.items()}


def _other(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    serialise = kind.coerce_output_value

    def other(value: Any) -> Any:
        require_plain(value)
        done = serialise(value)
        return unfit() if done is None or done is Undefined else done

    return other
