"""Putting the answer together as graphql-core would: depth first, every error with its path, nulls going up.

It works on the same columns as the generated completion, so no loaded field's resolver is called again. It costs about
as much as graphql-core itself, and runs only when something in an answer is not as it should be.
"""

from itertools import accumulate
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLLeafType, located_error
from graphql.execution.executor import Executor
from graphql.pyutils import Undefined, is_async_iterable, is_awaitable, is_iterable

from engine.compile.kinds import tags_of
from engine.compile.plan import Field, Selection
from engine.compile.resolve import reader
from engine.compile.run import Run, live
from engine.compile.values import Failure, NotAtHandError


class Key(NamedTuple):
    """A path, from its end."""

    above: "Key | None"
    key: str | int

    def listed(self) -> list[str | int]:
        keys: list[str | int] = []
        at: Key | None = self
        while at is not None:
            keys.append(at.key)
            at = at.above
        return keys[::-1]


class Exact:
    """The exact completion of a run. `errors` are in the order of graphql-core's for resolvers that await nothing."""

    def __init__(self, run: Run) -> None:
        self.errors: list[GraphQLError] = []
        self._run = run
        self._readers: dict[Field, Any] = {}
        self._starts: dict[int, list[int]] = {}

    async def data(self) -> dict[str, Any] | None:
        """The `data` of the answer; its errors are in `errors` afterwards."""
        try:
            return await self._selection(self._run.tree.root, 0, self._run.root_value, None)
        except GraphQLError as error:
            self.errors.append(error)
            return None

    async def is_lost(self, field: Field) -> bool:
        """Whether a root field that must not be null is."""
        try:
            await self._field(field, 0, self._run.root_value, Key(None, field.key))
        except GraphQLError:
            return True
        return False

    async def _selection(self, selection: Selection, row: int, value: Any, path: Key | None) -> dict[str, Any]:
        return {field.key: await self._field(field, row, value, Key(path, field.key)) for field in selection.fields}

    async def _field(self, field: Field, row: int, value: Any, path: Key) -> Any:
        try:
            found = self._run.columns[field.column][row] if field.column >= 0 else self._read(field, value)
            return await self._complete(field, 0, found, self._first(field, row), path)
        except NotAtHandError:
            raise
        except Exception as raw:  # noqa: BLE001  (whatever went wrong is this field's error)
            self._note(field, 0, raw, path)
            return None

    def _read(self, field: Field, value: Any) -> Any:
        if field not in self._readers:
            self._readers[field] = reader(self._run, field)
        return self._readers[field](value)

    def _first(self, field: Field, row: int) -> int:
        """The number of the first object in a row's value among all objects of a loaded field."""
        if field.column < 0 or field.is_leaf or field.is_inline_below:
            return 0
        starts = self._starts.get(field.column)
        if starts is None:
            counts = (live(value, field.lists) for value in self._run.columns[field.column])
            starts = self._starts[field.column] = [0, *accumulate(counts)]
        return starts[row]

    def _note(self, field: Field, level: int, raw: Exception, path: Key) -> None:
        error = located_error(raw, field.nodes, path.listed())
        if not field.nullable[level]:
            raise error
        self.errors.append(error)

    async def _complete(self, field: Field, level: int, value: Any, first: int, path: Key) -> Any:
        """Section 6.4.3 of the specification for one value; `first` as `_first` says."""
        if is_awaitable(value):
            (value,) = await self._run.awaiting.settle([value])
        if isinstance(value, Failure):
            raise _exception(value.error)
        if isinstance(value, Exception):
            raise value
        done: Any = None
        if value is not None and value is not Undefined:
            if level < field.lists:
                done = await self._list(field, level, value, first, path)
            elif field.is_leaf:
                done = _leaf(field.named, value)
            else:
                done = await self._object(field, value, first, path)
        if done is None and not field.nullable[level]:
            raise TypeError(f"Cannot return null for non-nullable field {field.parent_type}.{field.name}.")
        return done

    async def _list(self, field: Field, level: int, value: Any, first: int, path: Key) -> list[Any]:
        if is_async_iterable(value):
            value = [each async for each in value]
        elif not is_iterable(value):
            place = f"{field.parent_type}.{field.name}"
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{place}'.")
        done: list[Any] = []
        for index, item in enumerate(value):
            here = Key(path, index)
            try:
                done.append(await self._complete(field, level + 1, item, first, here))
            except NotAtHandError:
                raise
            except Exception as raw:  # noqa: BLE001  (as above)
                self._note(field, level + 1, raw, here)
                done.append(None)
            if field.column >= 0 and not field.is_leaf and not field.is_inline_below:
                first += live(item, field.lists - level - 1)
        return done

    async def _object(self, field: Field, value: Any, number: int, path: Key) -> dict[str, Any]:
        if field.column < 0 or field.is_inline_below:
            tags = tags_of(self._run, field, [value])
            (tag,) = tags if isinstance(tags, list) else await tags()
            if isinstance(tag, Failure):
                raise _exception(tag.error)
            return await self._selection(field.selections[tag], 0, value, path)
        known = self._run.tags.get(field.column)
        if known is None:
            return await self._selection(field.selections[0], number, value, path)
        row = known[:number].count(known[number])
        return await self._selection(field.selections[known[number]], row, value, path)


def _exception(error: BaseException) -> Exception:
    """A failure as graphql-core would wrap it: what is no `Exception` (a cancelled resolver) becomes one."""
    return error if isinstance(error, Exception) else TypeError(f"Unexpected error value: {error!r}")


def _leaf(named: Any, value: Any) -> Any:
    kind: GraphQLLeafType = named
    return Executor.complete_leaf_value(kind, value)
