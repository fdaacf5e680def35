"""From a selection to the attributes an upstream is asked for.

Fragments, type conditions, `@skip` and `@include` are followed. Below another entity nothing is counted: that entity is
read by a call of its own, which has a projection of its own.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
    get_named_type,
)

from engine.declare import reads_of, upstream_of


def projection(info: "strawberry.Info[Any, Any]", entity: str) -> frozenset[str]:
    """The attributes of `entity` (a GraphQL type's name) that the selection under this field looks at.

    Worked out once for each place in a compiled plan; where graphql-core executes, once a request for each place in the
    document, in `info.context.projections`.
    """
    raw: GraphQLResolveInfo[Any] = info._raw_info  # noqa: SLF001  (Strawberry has no public way to the nodes)
    planned: dict[Any, frozenset[str]] | None = getattr(raw, "projections", None)
    memo = info.context.projections if planned is None else planned
    key: Any = (entity, *map(id, raw.field_nodes)) if planned is None else entity
    found: frozenset[str] | None = memo.get(key)
    if found is None:
        found = memo[key] = frozenset(_Walk(raw, entity).attributes())
    return found


def selects(info: "strawberry.Info[Any, Any]", field_name: str) -> bool:
    """Whether the selection right under this field contains the field `field_name`."""
    raw: GraphQLResolveInfo[Any] = info._raw_info  # noqa: SLF001
    planned: dict[Any, bool] = getattr(raw, "projections", {})
    key = ("selects", field_name)
    if key not in planned:
        planned[key] = _selects(raw, field_name)
    return planned[key]


def _selects(raw: GraphQLResolveInfo[Any], field_name: str) -> bool:
    walk = _Walk(raw, "")
    named = get_named_type(raw.return_type)
    sets = [node.selection_set for node in raw.field_nodes if node.selection_set]
    return any(node.name.value == field_name for each in sets for node, _ in walk.fields(each, named))


class _Walk:
    def __init__(self, raw: GraphQLResolveInfo[Any], entity: str) -> None:
        self._raw, self._entity = raw, entity

    def attributes(self) -> Iterator[str]:
        named = get_named_type(self._raw.return_type)
        yield from self._below(self._raw.field_nodes, named, inside=False)

    def _below(self, nodes: Iterable[FieldNode], named: GraphQLNamedType, *, inside: bool) -> Iterator[str]:
        for node in nodes:
            if node.selection_set:
                yield from self._in_set(node.selection_set, named, inside=inside)

    def _in_set(self, selected: SelectionSetNode, named: GraphQLNamedType, *, inside: bool) -> Iterator[str]:
        for node, parent in self.fields(selected, named):
            if upstream_of(parent) is not None and (inside or parent.name != self._entity):
                continue
            field = getattr(parent, "fields", {}).get(node.name.value)
            if field is None:
                continue  # __typename
            counted = inside or parent.name == self._entity
            if counted:
                yield from reads_of(parent, node.name.value, field)
            yield from self._below([node], get_named_type(field.type), inside=counted)

    def fields(
        self, selected: SelectionSetNode, named: GraphQLNamedType
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType]]:
        """The fields of a selection set with the type each is selected on, fragments opened."""
        for node in selected.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node, named
            elif isinstance(node, InlineFragmentNode):
                yield from self.fields(node.selection_set, self._condition(node, named))
            else:
                assert isinstance(node, FragmentSpreadNode)  # noqa: S101  (there is no fourth kind)
                fragment = self._raw.fragments[node.name.value]
                fragment = getattr(fragment, "definition", fragment)
                yield from self.fields(fragment.selection_set, self._condition(fragment, named))

    def _condition(self, node: Any, named: GraphQLNamedType) -> GraphQLNamedType:
        condition = node.type_condition
        return named if condition is None else self._raw.schema.type_map[condition.name.value]

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        values = self._raw.variable_values
        skip = get_directive_values(GraphQLSkipDirective, node, values)
        include = get_directive_values(GraphQLIncludeDirective, node, values)
        return not (skip and skip["if"]) and not (include and not include["if"])
