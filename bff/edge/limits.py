"""What a document may ask for, measured before validation, since validation itself is what a hostile one makes slow.

Fragments are counted as if written out, but measured once each, so that thirteen levels of doubling cost nothing. The
`overlaps` are the pairs that the rule *overlapping fields can be merged* (GraphQL, section 5.3.2) would compare; it is
quadratic, and 200 repetitions of one nested field kept it busy for half a second.
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
from kernel.errors import LimitExceededError


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


class _Cycle(Exception):  # noqa: N818  (no error of ours: validation names it better)
    pass


def check_limits(document: DocumentNode, limits: LimitSettings) -> None:
    """Check every operation of a document.

    Raises:
        LimitExceededError: one asks for too much; the message says of what.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            try:
                _check(operation, measure, limits)
            except (_Cycle, RecursionError):
                return  # fragments that contain themselves: validation refuses them by name


def _check(operation: OperationDefinitionNode, measure: "_Measure", limits: LimitSettings) -> None:
    size = measure.of_set(operation.selection_set).beside(_Size(directives=_directives(operation)))
    for name in ("fields", "aliases", "depth", "directives"):
        if getattr(size, name) > getattr(limits, name):
            raise LimitExceededError(f"The operation has too many {name}: at most {getattr(limits, name)} are allowed.")
    if operation.operation is OperationType.MUTATION and len(list(measure.opened([operation.selection_set]))) > 1:
        raise LimitExceededError("A mutation has one root field.")
    if measure.overlaps([operation.selection_set], limits.overlaps) > limits.overlaps:
        raise LimitExceededError("The operation repeats the same fields too often.")


class _Measure:
    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, _Size | None] = {}

    def of_set(self, selected: SelectionSetNode | None) -> _Size:
        size = _Size()
        for node in selected.selections if selected else ():
            size = size.beside(self._of(node))
        return size

    def _of(self, node: Node) -> _Size:
        directives = _Size(directives=_directives(node))
        if isinstance(node, FieldNode):
            below = self.of_set(node.selection_set)
            own = _Size(below.fields + 1, below.aliases + bool(node.alias), below.depth + 1, below.directives)
            return own.beside(directives)
        if isinstance(node, InlineFragmentNode):
            return self.of_set(node.selection_set).beside(directives)
        assert isinstance(node, FragmentSpreadNode)  # noqa: S101
        return self._of_fragment(node.name.value).beside(directives)

    def _of_fragment(self, name: str) -> _Size:
        if name not in self._fragments:
            return _Size()  # validation says which
        if name not in self._known:
            self._known[name] = None
            self._known[name] = self.of_set(self._fragments[name].selection_set)
        known = self._known[name]
        if known is None:
            raise _Cycle
        return known

    def opened(self, sets: Iterable[SelectionSetNode]) -> Iterator[FieldNode]:
        """The fields of selection sets, fragments opened."""
        for selected in sets:
            for node in selected.selections:
                if isinstance(node, FieldNode):
                    yield node
                elif isinstance(node, InlineFragmentNode):
                    yield from self.opened([node.selection_set])
                elif isinstance(node, FragmentSpreadNode) and node.name.value in self._fragments:
                    yield from self.opened([self._fragments[node.name.value].selection_set])

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
