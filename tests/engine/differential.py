"""One operation executed twice, by graphql-core and compiled, and what must then be the same.

`data` must be equal down to the order of keys. Errors must be equal in number, path, text, locations, extensions and
order where resolvers await nothing; and so again in the same world, where objects carry what was made of them. Where
resolvers await, graphql-core's order is that of completion, which the specification
does not fix; and of a place that an error below made null, it may tell some of the errors inside and not others
(section 6.4.4): there it is compared that both tell why.
"""

import asyncio
import json
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from inspect import isawaitable
from typing import Any

import msgspec
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, execute, parse, validate

from engine import Operations, Prepared
from engine.compile.operation import Counted
from tests.engine.documents import Asked


@dataclass
class Compared:
    """What came of it: `kind` is "invalid", "interpreted" or "same"; `exact`: whether anything failed."""

    kind: str
    exact: bool = False
    awaited: bool = False


class DivergenceError(AssertionError):
    """The two do not agree."""


async def compare(schema: GraphQLSchema, asked: Asked, make_context: Callable[[], Any]) -> Compared:
    """Execute both ways and compare.

    Raises:
        DivergenceError: they differ; the text shows the document and both answers.
    """
    prepared, counted = _prepared(schema, asked.text)
    if prepared is None:
        return Compared("invalid")
    context, interpreted, exact = make_context(), counted.interpreted.total(), counted.exact
    compiled = await prepared.execute(context, asked.variables)
    if counted.interpreted.total() > interpreted:
        return Compared("interpreted")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # graphql-core leaves coroutines of nulled places unawaited
        expected, awaited = await _interpreted(schema, prepared.document, asked, make_context())
    awaited = awaited or getattr(context, "awaited", True)  # graphql-core may have given up before it began to wait
    _check(asked, expected, compiled, ordered=not awaited)
    if prepared.document.definitions[0].operation is OperationType.QUERY:  # type: ignore[attr-defined]
        for _ in range(2):  # with what the first time kept with its objects, then with its bytes
            again = await prepared.execute(context, asked.variables)
            _check(asked, expected, again, ordered=not awaited)
    return Compared("same", counted.exact > exact, awaited)


@lru_cache(maxsize=1_000)
def _prepared(schema: GraphQLSchema, text: str) -> tuple[Prepared | None, Counted]:
    document = parse(text)
    operations = Operations(schema)
    valid = not validate(schema, document, max_errors=1)
    return operations.prepare(document, None) if valid else None, operations.counted


async def _interpreted(
    schema: GraphQLSchema, document: Any, asked: Asked, context: Any
) -> tuple[ExecutionResult, bool]:
    result = execute(schema, document, context_value=context, variable_values=asked.variables, max_coercion_errors=1)
    if isawaitable(result):
        done = await result
        for _ in range(10):  # what graphql-core left running ends before its errors are counted
            await asyncio.sleep(0)
        return done, True
    return result, False


def plain(data: Any) -> Any:
    """The answer as a client reads it."""
    return json.loads(msgspec.json.encode(data, enc_hook=str))


def _check(asked: Asked, expected: ExecutionResult, compiled: ExecutionResult, *, ordered: bool) -> None:
    wanted, got = plain(expected.data), plain(compiled.data)
    theirs = [shown(error) for error in expected.errors or ()]
    ours = [shown(error) for error in compiled.errors or ()]
    same = json.dumps(wanted) == json.dumps(got)
    if same and ordered:
        same = theirs == ours
    elif same:
        same = _outside(theirs, wanted) == _outside(ours, wanted) and _why(theirs, wanted) == _why(ours, wanted)
    if not same:
        raise DivergenceError(f"{asked!r}\ngraphql-core: {wanted!r}\n  {theirs}\ncompiled:     {got!r}\n  {ours}")


def shown(error: GraphQLError) -> str:
    """All that a client may see of an error."""
    return json.dumps({"extensions": {}, **error.formatted}, sort_keys=True, default=repr)


def _lost(path: list[Any] | None, data: Any) -> str | None:
    """The place above that is null and took the error's own place with it; None for a place that is still there."""
    if path is None:
        return None
    for length, key in enumerate(path):
        if data is None:
            return json.dumps(path[:length])
        data = data[key]
    return None


def _outside(errors: list[str], data: Any) -> Counter[str]:
    return Counter(each for each in errors if _lost(json.loads(each).get("path"), data) is None)


def _why(errors: list[str], data: Any) -> set[str | None]:
    return {_lost(json.loads(each).get("path"), data) for each in errors}
