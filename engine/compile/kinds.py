"""Which type an object has: what `is_type_of` and `resolve_type` say, judged and worded as graphql-core does."""

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, default_type_resolver
from graphql.execution.executor import Executor
from graphql.pyutils import inspect, is_awaitable

from engine.compile.plan import Field
from engine.compile.run import ResolveInfo, Run
from engine.compile.settle import settle
from engine.compile.values import Failure


def type_resolver(field: Field) -> Any:
    """The function that names an object's type under a field of an abstract type."""
    return getattr(field.named, "resolve_type", None) or default_type_resolver


def tags_at_once(run: Run, field: Field, objects: list[Any]) -> list[int] | None:
    """For each object the number of the selection it takes; None where that cannot be said without more ado."""
    try:
        if not field.is_abstract:
            return [0] * len(objects) if _all_are(run, field, 0, objects) else None
        resolve, info = type_resolver(field), ResolveInfo(run, field, None)
        numbers = {selection.type.name: number for number, selection in enumerate(field.selections)}
        tags = [numbers[resolve(each, info, field.named)] for each in objects]
        for number in set(tags):
            if not _all_are(run, field, number, [o for o, tag in zip(objects, tags, strict=True) if tag == number]):
                return None
    except Exception:  # noqa: BLE001  (asked again, one by one, each failure is told as it is)
        return None
    return tags


def _all_are(run: Run, field: Field, number: int, objects: list[Any]) -> bool:
    check = field.selections[number].type.is_type_of
    if check is None:
        return True
    info = ResolveInfo(run, field, None)
    for each in objects:
        answer: Any = check(each, info)  # type: ignore[arg-type]  (it tells the same things)
        if answer is not True:
            if is_awaitable(answer) and hasattr(answer, "close"):
                answer.close()
            return False
    return True


async def tags_one_by_one(run: Run, field: Field, objects: list[Any]) -> list[int | Failure]:
    """For each object the number of the selection it takes, or why it takes none."""
    if field.is_abstract:
        resolve, info = type_resolver(field), ResolveInfo(run, field, None)
        tags = await settle([_try(resolve, each, info, field.named) for each in objects])
        tags = [_number(run.tree.schema, field, info, *each) for each in zip(tags, objects, strict=True)]
    else:
        tags = [0] * len(objects)
    answers = await settle([_is(run, field, *each) for each in zip(tags, objects, strict=True)])
    return [_judged(field, *each) for each in zip(tags, answers, objects, strict=True)]


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


def _judged(field: Field, tag: int | Failure, answer: Any, value: Any) -> int | Failure:
    if isinstance(tag, Failure) or isinstance(answer, Failure):
        return tag if isinstance(tag, Failure) else answer
    return tag if answer else Failure(not_of_type(field, field.selections[tag].type, value))


def not_of_type(field: Field, expected: GraphQLObjectType, value: Any) -> GraphQLError:
    """The error for an object that is not what the field promises."""
    return GraphQLError(f"Expected value of type '{expected}' but got: {inspect(value)}.", field.nodes)
