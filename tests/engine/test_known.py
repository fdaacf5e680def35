"""A resolver that gives its value where that is known, and else what is to be awaited for it."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import parse

from engine import Operations, computed
from tests.engine.differential import plain


@dataclass
class Told:
    """The context: what is known at once, and which numbers were asked for after all."""

    known: dict[int, str] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    projections: dict[Any, Any] = field(default_factory=dict)


@strawberry.type
class Row:
    number: int


def _name(root: strawberry.Parent[Row], info: strawberry.Info, times: int = 1) -> Any:
    found: str | None = info.context.known.get(root.number)
    return _asked(root, info, times) if found is None else found * times


async def _asked(root: Row, info: strawberry.Info, times: int) -> str:
    info.context.asked.append(root.number)
    if root.number < 0:
        raise ValueError(f"no name for {root.number}")
    return f"asked {root.number}" * times


@strawberry.type
class Named(Row):
    name: str | None = computed(_name, description="A name.")


@strawberry.type
class Query:
    rows: list[Named] = computed(lambda: [Named(number=n) for n in (1, 2, -3)], description="Three.")


SCHEMA = strawberry.Schema(Query)._schema


async def execute(context: Told, document: str = "{ rows { name } }") -> Any:
    operations = Operations(SCHEMA)
    result = await operations.prepare(parse(document), None).execute(context)
    assert operations.counted.compiled == 1
    return result


@pytest.mark.parametrize(
    ("known", "asked", "names"),
    [
        ({}, [1, 2, -3], ["asked 1", "asked 2", None]),
        ({1: "one"}, [2, -3], ["one", "asked 2", None]),
        ({1: "one", 2: "two"}, [-3], ["one", "two", None]),
    ],
)
async def test_only_what_is_not_known_is_asked_for(known: dict[int, str], asked: list[int], names: list[Any]) -> None:
    """And where asking fails, that is an error of its own place alone."""
    context = Told(known)
    result = await execute(context)
    assert [row["name"] for row in plain(result.data)["rows"]] == names
    assert context.asked == asked
    assert [(error.path, error.message) for error in result.errors] == [(["rows", 2, "name"], "no name for -3")]


async def test_arguments_count_either_way() -> None:
    result = await execute(Told({1: "one"}), "{ rows { name(times: 2) } }")
    assert [row["name"] for row in plain(result.data)["rows"]] == ["oneone", "asked 2asked 2", None]
