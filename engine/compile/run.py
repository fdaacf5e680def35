"""One execution of a plan: its columns and rows while they fill, and what resolvers see of it as `info`."""

from collections.abc import Awaitable, Callable, Sequence
from inspect import iscoroutine
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, GraphQLObjectType, GraphQLOutputType, GraphQLSchema
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path, gather_with_cancel, is_awaitable
from graphql.type.definition import GraphQLResolveInfoHelpers

from engine.compile.plan import Field, Selection, Tree
from engine.compile.settle import Awaiting
from engine.compile.values import Failure


class Run:
    """What is known so far. `dirty`: something failed, so that only the exact completion will do.

    `columns` hold the values of loaded fields, one for each row of the selection they stand in: lists already made
    ours, failures in the places of values. `tags` say for each object under an abstract field which selection it takes.
    """

    __slots__ = (
        *("awaiting", "columns", "context", "dirty", "infos", "pending"),
        *("root_value", "rows", "tags", "tree", "variables"),
    )

    def __init__(
        self, tree: Tree, root_value: Any, context: Any, variables: VariableValues, seconds: float | None = None
    ) -> None:
        self.tree, self.root_value, self.context, self.variables = tree, root_value, context, variables
        self.rows: list[Sequence[Any]] = [[] for _ in tree.selections]
        self.columns: list[Any] = [[] for _ in range(tree.columns)]
        self.tags: dict[int, list[int]] = {}
        self.infos: dict[Field, Any] = {}
        self.pending: list[list[Any]] = []
        self.dirty = False
        self.awaiting = Awaiting(seconds)

    def close(self) -> None:
        """Let go of the request, and close the coroutines that resolvers made and that nobody came to await."""
        self.infos.clear()
        self.awaiting.close()
        for column in self.pending:
            for value in column:
                if iscoroutine(value):
                    value.close()

    def info(self, field: Field) -> Any:
        """The `strawberry.Info` that all rows of a declared field share."""
        found = self.infos.get(field)
        if found is None:
            found = self.infos[field] = self.tree.info_class(
                _raw_info=ResolveInfo(self, field, None), _field=field.access.declared
            )
        return found

    def arguments(self, field: Field) -> dict[str, Any]:
        """The coerced arguments, as graphql-core gives them to a resolver.

        Raises:
            GraphQLError: they cannot be coerced.
        """
        node = field.details[0].node
        if not field.definition.args and not node.arguments:
            return {}
        return get_argument_values(field.definition, node, self.variables)

    def path(self, selection: Selection, row: int) -> Path | None:
        """Where a row stands in the answer. Found out only when somebody asks."""
        above = selection.above
        if above is None:
            return None
        tags = self.tags.get(above.column)
        place = row if tags is None else _nth(tags, above.selections.index(selection), row)
        for parent, value in enumerate(self.columns[above.column]):
            keys = _place(value, above.lists, place)
            if isinstance(keys, list):
                path = Path(self.path(above.owner, parent), above.key, above.parent_type.name)
                for key in keys:
                    path = path.add_key(key, None)
                return path
            place = keys
        raise LookupError(row)


def _nth(tags: Sequence[int], tag: int, number: int) -> int:
    return [place for place, each in enumerate(tags) if each == tag][number]


def _place(value: Any, lists: int, wanted: int) -> list[int] | int:
    """The indices of the object with this number inside a value; or the number that is left behind it."""
    if value is None or isinstance(value, Failure):
        return wanted
    if not lists:
        return wanted - 1 if wanted else []
    for index, item in enumerate(value):
        found = _place(item, lists - 1, wanted)
        if isinstance(found, list):
            return [index, *found]
        wanted = found
    return wanted


def live(value: Any, lists: int) -> int:
    """How many objects are in a value of a column."""
    if value is None or isinstance(value, Failure):
        return 0
    return sum(live(item, lists - 1) for item in value) if lists else 1


async def _gather(values: Sequence[Awaitable[Any]]) -> list[Any]:
    return await gather_with_cancel(*values)


def _track(values: Sequence[Any]) -> None:
    """What nobody awaits any more runs on behind graphql-core's answer. Here nothing is left behind."""
    for value in values:
        if iscoroutine(value):
            value.close()


_HELPERS = GraphQLResolveInfoHelpers(gather=_gather, track=_track)


class ResolveInfo:
    """What graphql-core's `GraphQLResolveInfo` tells, by the same names, worked out when asked for.

    `row` is None for what all rows of a field share: it has no `path`.
    """

    __slots__ = ("_field", "_row", "_run", "context")

    abort_signal = None
    async_helpers = _HELPERS

    def __init__(self, run: Run, field: Field, row: int | None) -> None:
        self._run, self._field, self._row = run, field, row
        self.context = run.context

    @property
    def field_name(self) -> str:
        return self._field.name

    @property
    def field_nodes(self) -> list[FieldNode]:
        return self._field.nodes

    @property
    def return_type(self) -> GraphQLOutputType:
        return self._field.definition.type

    @property
    def parent_type(self) -> GraphQLObjectType:
        return self._field.parent_type

    @property
    def path(self) -> Path:
        if self._row is None:
            raise AttributeError("A declared resolver serves all rows of a level with one `info`, which has no path.")
        field = self._field
        return Path(self._run.path(field.owner, self._row), field.key, field.parent_type.name)

    @property
    def schema(self) -> GraphQLSchema:
        return self._run.tree.schema

    @property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        return self._run.tree.fragments

    @property
    def root_value(self) -> Any:
        return self._run.root_value

    @property
    def operation(self) -> Any:
        return self._run.tree.operation

    @property
    def variable_values(self) -> VariableValues:
        return self._run.variables

    @property
    def is_awaitable(self) -> Callable[[Any], bool]:
        return is_awaitable

    @property
    def projections(self) -> dict[Any, Any]:
        """The engine's memory of what is selected under this field. It lasts as long as the plan."""
        return self._field.projections
