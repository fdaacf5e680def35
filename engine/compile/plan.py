"""What an operation asks for, as a tree: selections of fields, with all that can be known before a request comes.

Fields come in two kinds. *Inline* ones are read while the answer is put together: attributes, and declared resolvers
that await nothing. *Loaded* ones have a column of values that is there before: everything else, and every field on the
way to such a one. A selection under a loaded field has rows: all its objects, in the order of the answer.

A plan holds for one operation of one document and one combination of the values that `@skip` and `@include` depend on;
it keeps nothing else of a request.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from inspect import iscoroutinefunction
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from engine.compile.access import Access, access_of, converter_of

MOST_FIELDS = 3_000
"""Fields of a plan, counted once for each type they can stand on. The limits of the edge come first; this one is for
what they cannot see: a field of an interface with many types below another such field."""

MOST_INLINE_LEVELS = 5
"""Levels of inline objects, one in another. Python nests at most twenty loops."""


class NotCompiledError(Exception):
    """The operation takes graphql-core's way; `reason` is one of a few words for the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(eq=False)
class Field:
    """One response name of a selection. `column`: the number of its column, -1 for an inline field.

    `is_inline_below`: a loaded field whose objects need nothing loaded, so that they have no rows.
    """

    key: str
    details: list[FieldDetails]
    definition: GraphQLField
    parent_type: GraphQLObjectType
    access: Access
    nullable: tuple[bool, ...]
    named: GraphQLNamedType
    selections: tuple["Selection", ...] = ()
    owner: Any = None  # the selection it stands in; the two point at each other
    column: int = -1
    is_inline_below: bool = False
    projections: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        return self.details[0].node.name.value

    @cached_property
    def nodes(self) -> list[FieldNode]:
        return [each.node for each in self.details]

    @cached_property
    def lists(self) -> int:
        """How many lists are around the named type."""
        return len(self.nullable) - 1

    @cached_property
    def is_leaf(self) -> bool:
        return is_leaf_type(self.named)

    @cached_property
    def is_abstract(self) -> bool:
        return is_abstract_type(self.named)

    @property
    def shape(self) -> tuple[Any, ...]:
        """As `Selection.shape`, for what stands under this name."""
        way = self.name, self.access.way, self.column >= 0, self.is_inline_below
        return (self.key, *way, *(each.shape for each in self.selections))


@dataclass(eq=False)
class Selection:
    """What is selected of one object type. `rows`: the number of its list of objects, -1 under an inline field."""

    type: GraphQLObjectType
    fields: list[Field]
    above: Field | None = None
    rows: int = -1

    @cached_property
    def loaded(self) -> list[Field]:
        return [each for each in self.fields if each.column >= 0]

    @cached_property
    def shape(self) -> tuple[Any, ...]:
        """Equal for selections, of whatever operations, that make the same part of an answer of the same object and the
        same values of their loaded fields.
        """
        return (self.type, *(each.shape for each in self.fields))


@dataclass(eq=False)
class Tree:
    """The whole operation. `selections` are those with rows, each behind the one it stands in."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    root: Selection
    selections: list[Selection]
    columns: int
    size: int

    @cached_property
    def info_class(self) -> Any:
        """What resolvers that Strawberry knows see as their `info`."""
        return converter_of(self.schema).config.info_class

    @property
    def serial(self) -> bool:
        """Whether the root's fields must wait for each other."""
        return self.operation.operation is OperationType.MUTATION and len(self.root.fields) > 1


def tree_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    *,
    at_hand: bool = False,
) -> Tree:
    """The tree of an operation of a valid document, under these values of the variables of `@skip` and `@include`.

    `at_hand`: whether to rely on what objects have of themselves, where a relation says that they may.

    Raises:
        NotCompiledError: it takes graphql-core's way.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    root_type = schema.get_root_type(operation.operation)
    _require_plain(operation, fragments)
    if root_type is None:
        raise NotCompiledError("no root")
    growing = _Growing(schema, operation, fragments, variables, at_hand=at_hand)
    root = growing.root(root_type)
    numbering = _Numbering()
    numbering.root(root, serial=operation.operation is OperationType.MUTATION)
    return Tree(schema, operation, fragments, root, numbering.selections, numbering.columns, growing.size)


def _require_plain(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> None:
    if operation.operation is OperationType.SUBSCRIPTION:
        raise NotCompiledError("subscription")
    if operation.directives:
        raise NotCompiledError("directive on the operation")
    if any(fragment.variable_definitions for fragment in fragments.values()):
        raise NotCompiledError("variables of a fragment")


class _Growing:
    """Collects fields the way graphql-core does, by its own functions, for every type an object can turn out to be."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        variables: VariableValues,
        *,
        at_hand: bool,
    ) -> None:
        self.size, self._at_hand = 0, at_hand
        self._schema, self._operation, self._variables = schema, operation, variables
        self._fragments = {name: FragmentDetails(each) for name, each in fragments.items()}

    def root(self, root_type: GraphQLObjectType) -> Selection:
        found = collect_fields(self._schema, self._fragments, self._variables, root_type, self._operation)
        if any(each[0].node.name.value in ("__schema", "__type") for each in found.grouped_field_set.values()):
            raise NotCompiledError("introspection")
        return self._selection(root_type, found)

    def _below(self, named: GraphQLObjectType, details: list[FieldDetails]) -> Selection:
        found = collect_subfields(self._schema, self._fragments, self._variables, self._operation, named, details)
        return self._selection(named, found)

    def _selection(self, named: GraphQLObjectType, found: Any) -> Selection:
        if found.new_defer_usages:
            raise NotCompiledError("defer")
        self.size += len(found.grouped_field_set)
        if self.size > MOST_FIELDS:
            raise NotCompiledError("size")
        selection = Selection(named, [])
        for key, details in found.grouped_field_set.items():
            each = self._field(named, key, details)
            each.owner = selection
            selection.fields.append(each)
        return selection

    def _field(self, parent: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Field:
        node = details[0].node
        if any(directive.name.value == "stream" for directive in node.directives or ()):
            raise NotCompiledError("stream")
        definition = self._schema.get_field(parent, node.name.value)
        if definition is None:
            raise NotCompiledError("unknown field")
        nullable, named = _unwrapped(definition.type)
        access = access_of(self._schema, node.name.value, definition, at_hand=self._at_hand and is_leaf_type(named))
        grown = Field(key, details, definition, parent, access, nullable, named)
        grown.selections = tuple(self._selections(named, details))
        for selection in grown.selections:
            selection.above = grown
        return grown

    def _selections(self, named: GraphQLNamedType, details: list[FieldDetails]) -> Iterator[Selection]:
        if isinstance(named, GraphQLObjectType):
            yield self._below(named, details)
        elif isinstance(named, GraphQLAbstractType):
            for possible in self._schema.get_possible_types(named):
                yield self._below(possible, details)


def _unwrapped(given: GraphQLOutputType) -> tuple[tuple[bool, ...], GraphQLNamedType]:
    """Whether null is allowed for the value, its items, their items and so on; and the type inside all lists."""
    nullable: list[bool] = []
    kind: Any = given
    while True:
        nullable.append(not is_non_null_type(kind))
        kind = kind if nullable[-1] else kind.of_type
        if not is_list_type(kind):
            return tuple(nullable), kind
        kind = kind.of_type


def _told_at_once(field: Field) -> bool:
    """Whether the types of a field's objects, and all below them, are told without awaiting."""
    asked = [getattr(field.named, "resolve_type", None), *(each.type.is_type_of for each in field.selections)]
    return not any(map(iscoroutinefunction, asked)) and not any(each.loaded for each in field.selections)


class _Numbering:
    """Decides which fields are loaded, and numbers their columns and rows."""

    def __init__(self) -> None:
        self.selections: list[Selection] = []
        self.columns = 0

    def root(self, root: Selection, *, serial: bool) -> None:
        self._decide(root)
        if serial:
            for each in root.fields:
                each.column = 0
        self._number(root)

    def _decide(self, selection: Selection) -> int:
        """Mark the loaded fields with column 0; how many levels of inline objects are left in the selection."""
        levels = 0
        for each in selection.fields:
            below = [self._decide(sub) for sub in each.selections]
            height = 1 + max(below) if below else 0
            height += each.lists
            fits = _told_at_once(each) and height <= MOST_INLINE_LEVELS
            if not fits or not each.access.inline:
                each.column = 0
                each.is_inline_below = fits and bool(each.selections)
            if fits:
                levels = max(levels, height)
        return levels

    def _number(self, selection: Selection) -> None:
        selection.rows = len(self.selections)
        self.selections.append(selection)
        for each in selection.loaded:
            each.column = self.columns
            self.columns += 1
            for below in () if each.is_inline_below else each.selections:
                self._number(below)
