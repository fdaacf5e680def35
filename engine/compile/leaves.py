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
    if kind in _BUILT_IN:
        unusual = f"({_USUAL[named.name].format(v=variable)})" + (f" and {variable} is not None" if nullable else "")
        return [f"if {unusual}: {variable} = {bind(_other(kind), 's')}({variable})"]
    members = _members(kind)
    lines = _custom(kind, variable, bind) if members is None else _enum(kind, members, variable, bind)
    return [f"if {variable} is not None:", *("    " + line for line in lines)] if nullable else lines


_BUILT_IN = (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat)


def _custom(kind: Any, variable: str, bind: Bind) -> list[str]:
    if kind.coerce_output_value is str:  # of a text it is that text
        return [f"if type({variable}) is not str: {variable} = {bind(_other(kind), 's')}({variable})"]
    return [
        f"if type({variable}) not in P: plain({variable})",
        f"{variable} = {bind(kind.coerce_output_value, 'c')}({variable})",
        f"if {variable} is None or {variable} is {bind(Undefined, 'u')}: unfit()",
    ]


def _enum(kind: Any, members: type[Enum], variable: str, bind: Bind) -> list[str]:
    names = {name: kind.coerce_output_value(member) for name, member in members.__members__.items()}
    return [
        f"if type({variable}) is {bind(members, 'e')}: {variable} = {bind(names, 'm')}[{variable}._name_]",
        f"else: {variable} = {bind(_other(kind), 's')}({variable})",
    ]


def _members(kind: Any) -> type[Enum] | None:
    """The Python enum behind one of Strawberry's."""
    wrapped = getattr(kind, "wrapped_cls", None)
    fits = isinstance(kind, GraphQLEnumType) and isinstance(wrapped, type) and issubclass(wrapped, Enum)
    return wrapped if fits else None


def _other(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    serialise = kind.coerce_output_value

    def other(value: Any) -> Any:
        require_plain(value)
        done = serialise(value)
        return unfit() if done is None or done is Undefined else done

    return other
