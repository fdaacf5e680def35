"""One odd value at a time, in every kind of place, against graphql-core: nothing else fails that could hide it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    parse,
)

from engine import Operations, computed, relation
from tests.engine.differential import compare, plain
from tests.engine.documents import Asked


@dataclass
class Odd:
    """The context: the value that every field of the schema gives."""

    value: Any
    awaited: bool = False
    projections: dict[Any, Any] = field(default_factory=dict)


class Text(str):
    """A text of a class of its own."""

    __slots__ = ()


class Ours:
    """What is a `Thing`. Its text is the same each time, as errors and texts show it."""

    def __repr__(self) -> str:
        return type(self).__name__


class Theirs(Ours):
    """What is none."""


class Lazy(Ours):
    """An iterable that is no list."""

    def __iter__(self) -> Iterator[Any]:
        yield Ours()
        yield None


OBJECT = object()
BELOW = dict.fromkeys(("thing", "things", "nested"), "{ name late }") | dict.fromkeys(("bare", "bares"), "{ name }")


def pure(info: strawberry.Info) -> Any:
    return info.context.value


async def many(roots: list[Any], info: strawberry.Info) -> list[Any]:
    return [info.context.value for _ in roots]


@strawberry.type
class Thing:
    name: str = computed(lambda: "n", description="A name.")

    @strawberry.field
    def late(self) -> str:
        return "late"

    @classmethod
    def is_type_of(cls, obj: object, _info: Any) -> bool:
        return type(obj) is Ours


@strawberry.type
class Other:
    name: str = computed(lambda: "o", description="A name.")

    @classmethod
    def is_type_of(cls, obj: object, _info: Any) -> bool:
        return isinstance(obj, int)


@strawberry.type
class Bare:
    """A type that does not look at its objects."""

    name: str = computed(lambda: "b", description="A name.")


TYPES = {
    "bare": Bare,
    "bares": list[Bare],
    "int": int,
    "float": float,
    "text": str,
    "id": strawberry.ID,
    "flag": bool,
    "decimal": Decimal,
    "moment": datetime,
    "thing": Thing,
    "things": list[Thing],
    "nested": list[list[Thing]],
    "words": list[str],
    "either": Thing | Other,
}


def fields() -> dict[str, Any]:
    """For each type, null allowed and not: an inline field, an ordinary one, and one asked for many at once."""
    made: dict[str, Any] = {}
    for name, kind in TYPES.items():
        for null, wanted in (("null", kind | None), ("", kind)):
            made[f"{name}_{null}pure"] = computed(pure, description="Inline.", graphql_type=wanted)
            made[f"{name}_{null}plain"] = strawberry.field(resolver=pure, graphql_type=wanted)
            made[f"{name}_{null}many"] = relation(many, description="Many.", graphql_type=wanted)
    return made


Row = strawberry.type(type("Row", (), fields()))


@strawberry.type
class Query:
    row: Row | None = computed(lambda: 1, description="Inline.")  # type: ignore[valid-type]

    @strawberry.field
    def loaded(self) -> list[Row | None]:  # type: ignore[valid-type]
        return [Row(), None, Row()]


schema = strawberry.Schema(Query)._schema
VALUES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "undefined": lambda: Undefined,
    "exception": lambda: ValueError("v"),
    "object": lambda: OBJECT,
    "type": lambda: int,
    "text": lambda: "7",
    "own text": lambda: Text("t"),
    "int": lambda: 3,
    "large int": lambda: 2**31,
    "small int": lambda: -(2**31),
    "smaller int": lambda: -(2**31) - 1,
    "flag": lambda: True,
    "half": lambda: 1.5,
    "whole float": lambda: 2.0,
    "infinity": lambda: float("inf"),
    "no number": lambda: float("nan"),
    "decimal": lambda: Decimal("1.10"),
    "bytes": lambda: b"x",
    "empty list": list,
    "none in a list": lambda: [Ours(), None, Ours()],
    "exception in a list": lambda: [Ours(), ValueError("i"), Ours()],
    "theirs in a list": lambda: [Ours(), Theirs(), Ours()],
    "ours": Ours,
    "theirs": Theirs,
    "list of ours": lambda: [Ours(), Ours()],
    "tuple": lambda: (Ours(),),
    "set": lambda: {1},
    "dict": lambda: {"name": "x"},
    "iterable": Lazy,
    "nested": lambda: [[Ours(), None], None, [Ours()], [ValueError("n")], (Ours(),)],
    "nested ours": lambda: [[Ours()], [], [Ours(), Ours()]],
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("kind", TYPES)
async def test_an_odd_value_is_treated_as_graphql_core_does(kind: str, value: str) -> None:
    """Inline and loaded, null allowed or not, below a single object and below a list with a null in it."""
    either = "{ __typename ... on Thing { name late } ... on Other { name } }"
    below = {**BELOW, "either": either}.get(kind, "")
    for name in (f"{kind}{each}" for each in ("Nullpure", "Nullplain", "Nullmany", "Pure", "Plain", "Many")):
        for selected in {below, below.replace(" late", "")}:  # with what must be loaded below, and without
            for root in ("row", "loaded"):
                asked = Asked(f"{{ {root} {{ x: {name} {selected} }} }}", {})
                done = await compare(schema, asked, lambda: Odd(VALUES[value]()))
                assert done.kind == "same"


async def test_arguments_are_coerced_for_each_object_anew() -> None:
    """Also on a schema that is not Strawberry's, where a resolver gets the very dict that was coerced."""

    def resolve(_root: Any, _info: Any, given: dict[str, Any]) -> str:
        given["n"] += 1
        return str(given["n"])

    given = GraphQLInputObjectType("Given", {"n": GraphQLInputField(GraphQLInt)})
    count = GraphQLField(GraphQLString, {"given": GraphQLArgument(given)}, resolve)
    row = GraphQLObjectType("Row", {"count": count})
    query = GraphQLObjectType("Query", {"rows": GraphQLField(GraphQLList(row), resolve=lambda *_: [1, 2])})
    operation = Operations(GraphQLSchema(query)).prepare(parse("{ rows { count(given: {n: 1}) } }"), None)
    for _ in range(2):
        result = await operation.execute(None)
        assert plain(result.data) == {"rows": [{"count": "2"}, {"count": "2"}]}


async def test_attributes_and_functions_of_plain_objects() -> None:
    """graphql-core's default resolver serves schemas without Strawberry: keys, attributes, methods."""
    query = GraphQLObjectType("Query", {"a": GraphQLField(GraphQLString), "b": GraphQLField(GraphQLString)})
    operations = Operations(GraphQLSchema(query))
    operation = operations.prepare(parse("{ a b }"), None)
    result = await operation.execute(None, root={"a": "x", "b": lambda _info: "y"})
    assert (plain(result.data), operations.counted.compiled) == ({"a": "x", "b": "y"}, 1)
