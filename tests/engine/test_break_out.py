"""Generated code holds no text of a request: names and values of every kind try to get into it."""

import ast
import json
import keyword
from typing import Any

import pytest
from graphql import parse, validate

from engine import Operations
from tests.engine.differential import plain
from tests.engine.documents import ODD_ALIASES, ODD_TEXTS
from tests.engine.world import World, schema

SCHEMA = schema._schema
LETTERS = "abcdefgikmnopqrstuvwxyzFMSP"
MADE = {"complete", "run", "rows", "columns", "tags", "P", "plain", "unfit", "info", "keep", "again", "hand"}
MADE |= {"k", "q", "f", "F", "Lasting", "Raw"}


async def compiled(document: str, variables: dict[str, Any] | None = None) -> tuple[Any, str]:
    """The answer, and the source that was generated for it."""
    parsed = parse(document)
    assert validate(SCHEMA, parsed) == []
    operations = Operations(SCHEMA)
    operation = operations.prepare(parsed, None)
    result = await operation.execute(World(), variables)
    assert (operations.counted.compiled, result.errors) == (1, None)
    return plain(result.data), next(iter(operation.plans.values())).source


@pytest.mark.parametrize(
    "alias", [*ODD_ALIASES, *keyword.kwlist, "f0", "__init__", "__struct_fields__", "gc", "Selected"]
)
async def test_an_alias_is_data(alias: str) -> None:
    """Whatever GraphQL takes as a name is a key of the answer, and nowhere in the code."""
    data, source = await compiled(f"{{ {alias}: titled {{ {alias}: title other: __typename }} }}")
    assert list(data) == [alias]
    assert list(data[alias]) == [alias, "other"]
    _, plainly = await compiled("{ titled { title other: __typename } }")
    assert source == plainly


@pytest.mark.parametrize("text", [*ODD_TEXTS, "'); import os; ('", '""" + x + """', "\\", "\x7f", "\ud7ff\U0001f600"])
async def test_a_value_is_data(text: str) -> None:
    """In a literal, a variable, a default, an id; the code is the same for all of them."""
    literal = json.dumps(text)
    document = (
        f"query($t: String, $d: String = {literal}) {{ a: echo(text: {literal}) b: echo(text: $t) c: echo(text: $d) }}"
    )
    data, source = await compiled(document, {"t": text})
    assert data["a"] == data["b"] == data["c"]
    assert repr(text) in data["a"]
    plainly = document.replace(literal, '"plain"')
    assert source == (await compiled(plainly, {"t": "plain"}))[1]


@pytest.mark.parametrize("name", ["__import__", "class", "rows", "x_1"])
async def test_names_of_operations_variables_and_fragments_are_data(name: str) -> None:
    """None of them is in the code."""
    document = (
        f"query {name}(${name}: Boolean!) {{ ...{name} @include(if: ${name}) }} fragment {name} on Query {{ echo }}"
    )
    data, source = await compiled(document, {name: True})
    assert list(data) == ["echo"]
    assert "__import__" not in source
    assert "class" not in source


async def test_every_name_in_the_code_is_made_by_us() -> None:
    """Letters with numbers, a handful of fixed names, attributes of the schema's types, and built-ins we allow."""
    _, source = await compiled(
        """{ media { ... on Book { id title pages weight genres grid price spine { colour } mark tags }
             ... on Paper { related { id } } } books { neighbours { __typename } author { id books { lent } } } }"""
    )
    tree = ast.parse(source)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    made = {name for name in names if name.rstrip("0123456789").rstrip("_") in set(LETTERS) and name != "id"}
    assert names - made - MADE == {"type", "str", "int", "float", "list", "tuple", "zip", "iter", "len", "bool"} & names
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    known = {
        field.python_name
        for each in schema.schema_converter.type_map.values()
        for field in getattr(each.definition, "fields", ())
    }
    assert attributes - known <= {"append", "rows", "columns", "tags", "info", "__next__", "_name_", "__dict__", "get"}
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert strings == []


async def test_generated_code_has_few_built_ins() -> None:
    """Even if text got in, there would be nothing to import with."""
    operations = Operations(SCHEMA)
    operation = operations.prepare(parse("{ titled { title } }"), None)
    await operation.execute(World())
    (plan,) = operation.plans.values()
    with pytest.raises(NameError):
        eval("open", plan.complete.__globals__)  # type: ignore[attr-defined]
    with pytest.raises(NameError):
        eval("__import__", plan.complete.__globals__)  # type: ignore[attr-defined]


async def test_huge_numbers_are_refused_as_they_always_were() -> None:
    """An Int out of range never reaches a plan."""
    operations = Operations(SCHEMA)
    operation = operations.prepare(parse("query($n: Int) { echo(number: $n) }"), None)
    result = await operation.execute(World(), {"n": 10**400})
    assert result.data is None
    assert "32-bit" in result.errors[0].message
