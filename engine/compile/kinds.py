"""Which type an object has: what `is_type_of` and `resolve_type` say, judged and worded as graphql-core does."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, default_type_resolver
from graphql.execution.executor import Executor
from graphql.pyutils import inspect

from engine.compile.plan import Field
from engine.compile.run import ResolveInfo, Run
from engine.compile.values import Failure
from engine.declare import models_of

Tags: TypeAlias = Callable[[], Awaitable[list[int | Failure]]]


def type_resolver(field: Field) -> Any:
    """The function that names an object's type under a field of an abstract type."""
    return getattr(field.named, "resolve_type", None) or default_type_resolver


def tags_of(run: Run, field: Field, objects: Sequence[Any]) -> "list[int] | Tags":
    """For each object the number of the selection it takes; something to await where that takes more than a look."""
    tags = [0] * len(objects)
    if field.is_abstract:
        resolve, info = type_resolver(field), ResolveInfo(run, field, None)
        names = [_try(resolve, each, info, field.named) for each in objects]
        numbers = {selection.type.name: number for number, selection in enumerate(field.selections)}
        tags = [numbers.get(each, -1) if type(each) is str else -1 for each in names]
        if -1 in tags:
            return partial(_resolved, run, field, objects, names)
    return _checked(run, field, objects, tags)


def _checked(run: Run, field: Field, objects: Sequence[Any], tags: list[int]) -> "list[int] | Tags":
    checks = [selection.type.is_type_of for selection in field.selections]
    if not any(checks):
        return tags
    if len(checks) == 1 and {*map(type, objects)} <= models_of(field.selections[0].type):
        return tags
    info: Any = ResolveInfo(run, field, None)
    answers: list[Any] = []
    for tag, each in zip(tags, objects, strict=True):
        check = checks[tag]
        try:
            answers.append(True if check is None else check(each, info))
        except Exception as error:  # noqa: BLE001  (it becomes the field's error)
            answers.append(Failure(error))
    return tags if answers.count(True) == len(answers) else partial(_judged, run, field, objects, tags, answers)


async def _resolved(run: Run, field: Field, objects: Sequence[Any], names: list[Any]) -> list[int | Failure]:
    info = ResolveInfo(run, field, None)
    named = zip(await run.awaiting.settle(names), objects, strict=True)
    tags = [_number(run.tree.schema, field, info, *each) for each in named]
    answers = [_is(run, field, *each) for each in zip(tags, objects, strict=True)]
    return await _judged(run, field, objects, tags, answers)


async def _judged(
    run: Run, field: Field, objects: Sequence[Any], tags: Sequence[int | Failure], answers: list[Any]
) -> list[int | Failure]:
    settled = await run.awaiting.settle(answers)
    return [_verdict(field, *each) for each in zip(tags, settled, objects, strict=True)]


def _try(call: Any, *given: Any) -> Any:
    try:
        return call(*given)
    except Exception as error:  # noqa: BLE001  (it becomes the field's error)
        return Failure(error)


def _number(schema: GraphQLSchema, field: Field, info: ResolveInfo, name: Any, value: Any) -> int | Failure:
    if isinstance(name, Failure):
        return name
    found = _try(Executor.ensure_valid_runtime_type, _Schema(schema), name, field.named, field.details, info, value)
    if isinstance(found, Failure):
        return found
    return next(number for number, each in enumerate(field.selections) if each.type is found)


@dataclass
class _Schema:
    """All that graphql-core's own check wants of an executor; it gives us its very words."""

    schema: GraphQLSchema


def _is(run: Run, field: Field, tag: int | Failure, value: Any) -> Any:
    check = None if isinstance(tag, Failure) else field.selections[tag].type.is_type_of
    return True if check is None else _try(check, value, ResolveInfo(run, field, None))


def _verdict(field: Field, tag: int | Failure, answer: Any, value: Any) -> int | Failure:
    if isinstance(tag, Failure) or isinstance(answer, Failure):
        return tag if isinstance(tag, Failure) else answer
    return tag if answer else Failure(_not_of_type(field, field.selections[tag].type, value))


def _not_of_type(field: Field, expected: GraphQLObjectType, value: Any) -> GraphQLError:
    return GraphQLError(f"Expected value of type '{expected}' but got: {inspect(value)}.", field.nodes)
