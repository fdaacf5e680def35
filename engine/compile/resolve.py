"""Calling resolvers: what a field's column is filled with, and how an inline field is read."""

from asyncio import CancelledError
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from strawberry.types.arguments import convert_arguments

from engine.compile.access import Way, converter_of
from engine.compile.arguments import short_way
from engine.compile.plan import Field
from engine.compile.run import ResolveInfo, Run
from engine.compile.values import Failure, at_hand

_SHORT_WAY = "the short way"
_UNKNOWN = object()


def values(run: Run, field: Field, rows: Sequence[Any]) -> list[Any]:
    """What the resolver says about each row; what it raises instead, as a failure in that place."""
    if field.access.way is Way.ORDINARY:
        return _ordinary(run, field, rows)
    try:
        call = reader(run, field)
    except Exception as error:  # noqa: BLE001  (the arguments cannot be what they should be)
        return [Failure(error)] * len(rows)
    column: list[Any] = []
    for row in rows:
        try:
            column.append(call(row))
        except (Exception, CancelledError) as error:  # noqa: BLE001  (whatever a resolver raises is its field's error)
            column.append(Failure(error))
    return column


def _ordinary(run: Run, field: Field, rows: Sequence[Any]) -> list[Any]:
    column: list[Any] = []
    for number, row in enumerate(rows):
        try:
            arguments = run.arguments(field)  # anew for each: a resolver may change what it is given
            column.append(field.access.call(row, ResolveInfo(run, field, number), **arguments))
        except (Exception, CancelledError) as error:  # noqa: BLE001  (as above)
            column.append(Failure(error))
    return column


def reader(run: Run, field: Field) -> Callable[[Any], Any]:
    """What gets the field's value from an object, for a field that is no ordinary one.

    Raises:
        GraphQLError: the arguments cannot be coerced.
    """
    access = field.access
    if access.way is Way.TYPENAME:
        name = field.parent_type.name
        return lambda _: name
    if access.way is Way.ATTRIBUTE:
        return attrgetter(access.call)
    if access.way is Way.AT_HAND:
        return lambda row: at_hand(access.call(row))
    call, roots = access.call, access.roots
    if len(access.takes) == len(roots) == 1:
        return call  # type: ignore[no-any-return]
    given = _given(run, field)
    return lambda row: call(**dict.fromkeys(roots, row), **given)


def _shortly(run: Run, field: Field) -> dict[str, Any] | None:
    """The arguments, the short way, where there is one. What it is, is found out once for a plan."""
    way = field.projections.get(_SHORT_WAY, _UNKNOWN)
    if way is _UNKNOWN:
        way = field.projections[_SHORT_WAY] = short_way(run.tree.schema, field)
    return None if way is None else way(run.variables)


def _given(run: Run, field: Field) -> dict[str, Any]:
    """All that a declared resolver takes besides the object."""
    access = field.access
    given: dict[str, Any] = dict.fromkeys(access.infos, run.info(field)) if access.infos else {}
    if access.has_arguments:
        short = _shortly(run, field)
        if short is not None:
            return given | short
        converter = converter_of(run.tree.schema)
        given |= convert_arguments(
            run.arguments(field),
            access.declared.arguments,
            scalar_registry=converter.scalar_registry,
            config=converter.config,
            info=run.info(field),
        )
    return given
