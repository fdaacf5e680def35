"""What a document may ask for, measured before validation, since validation itself is what a hostile one makes slow.

Fragments are counted as if written out, but measured once each, so that thirteen levels of doubling cost nothing. The
`overlaps` are the pairs that the rule *overlapping fields can be merged* (GraphQL, section 5.3.2) would compare; it is
quadratic, and 200 repetitions of one nested field kept it busy for half a second.

What a newcomer would get wrong: whatever is not measured here is a way past the limits. So fragments that no operation
uses, that contain themselves or that do not exist are refused or counted here, and not left to validation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from bff.settings import LimitSettings
from kernel.errors import GatewayError, LimitExceededError


class FragmentError(GatewayError):
    """A fragment that validation would refuse, and that could not be measured."""

    code = "GRAPHQL_VALIDATION_FAILED"


class _Size(NamedTuple):
    fields: int = 0
    aliases: int = 0
    depth: int = 0
    directives: int = 0

    def beside(self, other: "_Size") -> "_Size":
        return _Size(
            self.fields + other.fields,
            self.aliases + other.aliases,
            max(self.depth, other.depth),
            self.directives + other.directives,
        )


def check_limits(document: DocumentNode, limits: LimitSettings) -> None:
    """Check a document, all its operations together.

    Raises:
        LimitExceededError: it asks for too much; the message says of what.
        FragmentError: a fragment contains itself, is there twice, or nothing uses it.
    """
    try:
        _check(document, limits)
    except RecursionError:
        raise LimitExceededError("The document is nested too deeply.") from None


def _check(document: DocumentNode, limits: LimitSettings) -> None:
    fragments: dict[str, FragmentDefinitionNode] = {}
    for each in document.definitions:
        if isinstance(each, FragmentDefinitionNode) and fragments.setdefault(each.name.value, each) is not each:
            raise FragmentError(f"There can be only one fragment named '{each.name.value}'.")
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    measure = _Measure(fragments)
    size = _Size()
    for operation in operations:
        directives = sum(_directives(node) for node in (operation, *(operation.variable_definitions or ())))
        size = size.beside(measure.of_set(operation.selection_set)).beside(_Size(directives=directives))
    for name in _Size._fields:
        if getattr(size, name) > getattr(limits, name):
            raise LimitExceededError(f"The document has too many {name}: at most {getattr(limits, name)} are allowed.")
    unused = next((name for name in fragments if name not in measure.known), None)
    if unused is not None:
        raise FragmentError(f"Fragment '{unused}' is never used.")
    for operation in operations:
        _check_fields(operation, measure, limits)


def _check_fields(operation: OperationDefinitionNode, measure: "_Measure", limits: LimitSettings) -> None:
    if operation.operation is OperationType.MUTATION and len(list(measure.opened([operation.selection_set]))) > 1:
        raise LimitExceededError("A mutation has one root field.")
    if measure.overlaps([operation.selection_set], limits.overlaps) > limits.overlaps:
        raise LimitExceededError("The document repeats the same fields too often.")


class _Measure:
    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self.known: dict[str, _Size | None] = {}

    def of_set(self, selected: SelectionSetNode | None) -> _Size:
        size = _Size()
        for node in selected.selections if selected else ():
            size = size.beside(self._of(node))
        return size

    def _of(self, node: Node) -> _Size:
        own = _Size(fields=1, directives=_directives(node))
        if isinstance(node, FieldNode):
            below = self.of_set(node.selection_set)
            return own.beside(below._replace(aliases=below.aliases + bool(node.alias), depth=below.depth + 1))
        if isinstance(node, InlineFragmentNode):
            return own.beside(self.of_set(node.selection_set))
        assert isinstance(node, FragmentSpreadNode)  # noqa: S101
        return own.beside(self._of_fragment(node.name.value))

    def _of_fragment(self, name: str) -> _Size:
        if name not in self._fragments:
            return _Size()  # validation says which
        if name not in self.known:
            self.known[name] = None
            fragment = self._fragments[name]
            self.known[name] = self.of_set(fragment.selection_set).beside(_Size(directives=_directives(fragment)))
        known = self.known[name]
        if known is None:
            raise FragmentError(f"Cannot spread fragment '{name}' within itself.")
        return known

    def opened(self, sets: Iterable[SelectionSetNode]) -> Iterator[FieldNode]:
        """The fields of selection sets in their order, fragments opened."""
        left = [iter(each.selections) for each in reversed(list(sets))]
        while left:
            node = next(left[-1], None)
            if node is None:
                left.pop()
            elif isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                left.append(iter(node.selection_set.selections))
            elif isinstance(node, FragmentSpreadNode) and node.name.value in self._fragments:
                left.append(iter(self._fragments[node.name.value].selection_set.selections))

    def overlaps(self, sets: list[SelectionSetNode], enough: int) -> int:
        """Pairs of fields under one response name, here and below; counting stops at `enough`."""
        named: dict[str, list[FieldNode]] = defaultdict(list)
        for node in self.opened(sets):
            named[(node.alias or node.name).value].append(node)
        pairs = 0
        for nodes in named.values():
            pairs += len(nodes) * (len(nodes) - 1) // 2
            below = [node.selection_set for node in nodes if node.selection_set]
            if below and pairs <= enough:
                pairs += self.overlaps(below, enough - pairs)
        return pairs


def _directives(node: Node) -> int:
    return len(getattr(node, "directives", None) or ())
