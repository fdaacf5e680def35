"""Filling the columns: level by level, all rows of a level at once, and sibling fields at the same time.

A field whose column is there goes on to its own children at once, whatever its siblings still wait for. Within a column
the children wait for the slowest value, which is what lets all of them be asked for in one batch.
"""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from types import NoneType
from typing import Any, TypeAlias

from graphql import GraphQLError
from graphql.pyutils import is_async_iterable, is_iterable

from engine.compile.access import Way
from engine.compile.exact import Exact
from engine.compile.kinds import Tags, tags_of
from engine.compile.plan import Field, Selection
from engine.compile.resolve import values
from engine.compile.run import Run
from engine.compile.settle import Work, together
from engine.compile.values import Failure, all_plain, outcome
from engine.declare import LASTING, models_of

Works: TypeAlias = list[Work]

_LISTS = {list, tuple}
_THROUGHOUT = "plain throughout, {} lists"


async def load(run: Run) -> None:
    """Fill all columns. Whatever was begun has ended when this returns or raises."""
    root = run.tree.root
    run.rows[root.rows] = [run.root_value]
    if run.tree.serial:
        await _in_order(run, root)
    else:
        await together(_start(run, root, [run.root_value]))


async def _in_order(run: Run, root: Selection) -> None:
    """One field after another; none after one that makes the whole answer null (specification, section 6.2.2)."""
    for field in root.fields:
        works: Works = []
        _begin(run, field, [run.root_value], works)
        await together(works)
        if not field.nullable[0] and await Exact(run).is_lost(field):
            run.dirty = True
            return


def _start(run: Run, selection: Selection, rows: Sequence[Any]) -> Works:
    """Call the resolvers of a level. What must be awaited comes back as works, none of which has begun."""
    run.rows[selection.rows] = rows
    works: Works = []
    if rows:
        for field in selection.loaded:
            _begin(run, field, rows, works)
    return works


def _begin(run: Run, field: Field, rows: Sequence[Any], works: Works) -> None:
    if field.access.way is Way.MANY:
        known = _known(run, field, rows)
        if known is None:
            works.append(partial(_many, run, field, rows))
        else:
            _land(run, field, known, works)
        return
    column = values(run, field, rows)
    if all_plain({*map(type, column)} - {NoneType}):
        _land(run, field, column, works)
    else:
        run.pending.append(column)
        works.append(partial(_later, run, field, column))


async def _later(run: Run, field: Field, column: list[Any]) -> None:
    works: Works = []
    _land(run, field, await run.awaiting.settle(column), works)
    await together(works)


def _known(run: Run, field: Field, rows: Sequence[Any]) -> Sequence[Any] | None:
    """What is known of a level at once, if it is as it should be; else it is asked for, which finds out more."""
    call = field.access.known
    if call is None:
        return None
    try:
        found = call(rows, run.info(field))
    except Exception:  # noqa: BLE001  (as above)
        return None
    if found is None or len(found) != len(rows) or not all_plain(_kinds(found) - {NoneType}):
        return None
    return _column(found)


async def _many(run: Run, field: Field, rows: Sequence[Any]) -> None:
    (found,) = await run.awaiting.settle([_ask_many(run, field, rows)])
    if not isinstance(found, Failure) and len(found) != len(rows):
        found = Failure(TypeError(f"{field.parent_type}.{field.name} gave {len(found)} values for {len(rows)} objects"))
    column = [found] * len(rows) if isinstance(found, Failure) else found
    if not all_plain(_kinds(column) - {NoneType}):
        column = [outcome(each) for each in column]
    works: Works = []
    _land(run, field, column, works)
    await together(works)


async def _ask_many(run: Run, field: Field, rows: Sequence[Any]) -> Any:
    return _column(await field.access.call(rows, run.info(field)))


def _column(found: Any) -> Sequence[Any]:
    """Ours to keep: a list that lasts never changes, of any other it is a copy."""
    return found if type(found) in LASTING else [*found]


# ---------------------------------------------------------------- from a column to the rows below


def _land(run: Run, field: Field, column: Sequence[Any], works: Works) -> None:
    """Take a column whose values are there, and go on below."""
    run.columns[field.column] = column
    if field.is_leaf:
        run.dirty = run.dirty or Failure in {*map(type, column)}
        return
    if field.is_inline_below and _is_plain_throughout(field, column):
        return
    lasting = _lasting_rows(field, column)
    if lasting is not None:
        works.extend(_start(run, field.selections[0], lasting))
        return
    if type(column) in LASTING:
        column = run.columns[field.column] = [*column]
    objects = _objects_at_once(run, field, column)
    if objects is None:
        works.append(partial(_open, run, field, column))
        return
    tags = tags_of(run, field, objects)
    if isinstance(tags, list):
        works.extend(_descend(run, field, objects, tags))
    else:
        whole: Any = run.columns[field.column]
        holders = [each for each in whole if each is not None] if field.lists else [whole]
        works.append(partial(_place_rows, run, field, holders, tags))


def _descend(run: Run, field: Field, objects: Sequence[Any], tags: list[int]) -> Works:
    if field.is_inline_below:
        return []
    if not field.is_abstract:
        return _start(run, field.selections[0], objects)
    run.tags[field.column] = tags
    works: Works = []
    for number, selection in enumerate(field.selections):
        rows = [each for each, tag in zip(objects, tags, strict=True) if tag == number]
        works.extend(_start(run, selection, rows))
    return works


def _lasting_rows(field: Field, column: Sequence[Any]) -> Any:
    """The rows below a column that is one list which lasts, if a look at its types tells that all is well with it."""
    if len(column) != 1 or type(column[0]) not in LASTING:
        return None
    if field.lists != 1 or field.is_abstract or field.is_inline_below:
        return None
    rows: Any = column[0]
    shown = field.selections[0].type
    fits = shown.is_type_of is None or rows.kinds <= models_of(shown)
    return rows if fits and all_plain({*rows.kinds}) else None


def _kinds(column: Any) -> set[type]:
    return {*column.kinds} if type(column) in LASTING else {*map(type, column)}


def _is_plain_throughout(field: Field, column: Any) -> bool:
    """Whether a column holds nothing but objects, lists of such, and nulls, which completing alone can judge."""
    if type(column) not in LASTING:
        return _all_plain_throughout(field, column)
    key = _THROUGHOUT.format(field.lists)
    if key not in column.__dict__:
        column.__dict__[key] = _all_plain_throughout(field, column)
    return bool(column.__dict__[key])


def _all_plain_throughout(field: Field, column: Sequence[Any]) -> bool:
    kinds = {*map(type, column)} - {NoneType}
    if field.lists:
        if field.lists > 1 or not kinds <= _LISTS | LASTING:
            return False
        kinds = {*map(type, chain.from_iterable(filter(None, column)))} - {NoneType}
    return all_plain(kinds)


def _objects_at_once(run: Run, field: Field, column: Sequence[Any]) -> Sequence[Any] | None:
    """The objects of a column of single objects or plain lists; None for a column that must be opened with care."""
    kinds = {*map(type, column)}
    nulls = NoneType in kinds
    objects = column
    if field.lists:
        if field.lists > 1 or not kinds - {NoneType} <= _LISTS | LASTING:
            return None
        run.columns[field.column] = lists = [None if each is None else [*each] for each in column]
        objects = [*chain.from_iterable(filter(None, lists))]
        kinds = {*map(type, objects)}
    if not all_plain(kinds - {NoneType}):
        return None
    if (nulls and not field.nullable[0]) or (NoneType in kinds and not field.nullable[-1]):
        run.dirty = True
    return [each for each in objects if each is not None] if NoneType in kinds else objects


async def _open(run: Run, field: Field, column: Sequence[Any]) -> None:
    """The same for whatever can be in a column: any iterables, things to await, exceptions, objects of no type."""
    holders = [[*column]]
    run.columns[field.column] = holders[0]
    for level in range(field.lists):
        opened = [each for holder in holders for each in await _opened(field, holder)]
        _note_nulls(run, field, level, holders)
        settled = iter(await run.awaiting.settle([*chain.from_iterable(opened)]))
        for holder in opened:
            holder[:] = [next(settled) for _ in holder]
        holders = opened
    await _place_rows(run, field, holders, tags_of(run, field, [holder[place] for holder, place in _cells(holders)]))


def _note_nulls(run: Run, field: Field, level: int, holders: list[list[Any]]) -> None:
    kinds = {type(value) for holder in holders for value in holder}
    run.dirty = run.dirty or Failure in kinds or (NoneType in kinds and not field.nullable[level])


async def _opened(field: Field, holder: list[Any]) -> list[list[Any]]:
    inner = []
    for place, value in enumerate(holder):
        if value is not None and not isinstance(value, Failure):
            holder[place] = opened = await _items(field, value)
            if isinstance(opened, list):
                inner.append(opened)
    return inner


async def _items(field: Field, value: Any) -> list[Any] | Failure:
    try:
        if is_async_iterable(value):
            return [each async for each in value]
        if is_iterable(value):
            return [*value]
    except Exception as error:  # noqa: BLE001  (the list's own error)
        return Failure(error)
    place = f"{field.parent_type}.{field.name}"
    return Failure(GraphQLError(f"Expected Iterable, but did not find one for field '{place}'."))


def _cells(holders: list[list[Any]]) -> list[tuple[list[Any], int]]:
    """The places of the objects in lists that may hold nulls and failures as well."""
    return [
        (holder, place)
        for holder in holders
        for place, value in enumerate(holder)
        if value is not None and not isinstance(value, Failure)
    ]


async def _place_rows(run: Run, field: Field, holders: list[list[Any]], tags: list[int] | Tags) -> None:
    """Go on below with the objects that are of their type, once that is known; the others fail in their places."""
    found = tags if isinstance(tags, list) else await tags()
    objects, fitting = [], []
    for (holder, place), tag in zip(_cells(holders), found, strict=True):
        if isinstance(tag, Failure):
            holder[place] = tag
        else:
            objects.append(holder[place])
            fitting.append(tag)
    _note_nulls(run, field, field.lists, holders)
    await together(_descend(run, field, objects, fitting))
