"""Documents by rule: a hundred thousand numbers and cards that are made when they are asked for, not when we start.

The store keeps only those that were changed, so seeding, resetting and restarting cost nothing. A rule answers a
document by its position, and the indexed attributes of all of them as columns; both must say the same.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Protocol

from sandbox.filters import COMPARE, Condition, Group, matches
from sandbox.tables import Document

_KEPT = 16

Column = Sequence[tuple[str, ...]]
"""The values of one attribute, as text, of every document in order; none where a document lacks it."""


class Rule(Protocol):
    """Documents of one kind, in order."""

    @property
    def kind(self) -> str: ...

    def __len__(self) -> int: ...

    def document(self, position: int) -> Document:
        """A new document; the same at every call."""

    def position(self, identifier: str) -> int | None:
        """Where the document of that id is; None when there is none."""

    def column(self, path: str) -> Column | None:
        """An attribute by its dotted path; None where only the documents tell."""


class Generated:
    """A rule that answers filters: each column is made when it is first asked for, and kept.

    `first` is the sequence number of the first document; the last one's is below zero.
    """

    def __init__(self, rule: Rule, first: int) -> None:
        self.rule = rule
        self._first = first
        self._columns: dict[str, _Indexed | None] = {}
        self._matching: dict[object, list[int]] = {}

    def document(self, seq: int) -> Document:
        return self.rule.document(seq - self._first)

    def sketch(self, seq: int, paths: Sequence[tuple[str, ...]]) -> Document:
        """The document with the attributes at `paths` at least: from the columns, where they have them."""
        columns = [self._column(path) if len(path) == 1 else None for path in paths]
        if None in columns:
            return self.document(seq)
        position = seq - self._first
        told = [(path[0], column.values[position]) for path, column in zip(paths, columns, strict=True) if column]
        return {name: values[0] for name, values in told if values}

    def seq(self, identifier: str) -> int | None:
        position = self.rule.position(identifier)
        return None if position is None else self._first + position

    def matching(self, groups: Sequence[Group], language: str) -> list[int]:
        """The sequence numbers of the documents that a filter leaves, ascending; to be read only.

        The last few answers are kept: whatever is written, the rule stays as it is.
        """
        question = (tuple(groups), language)
        if question not in self._matching:
            if len(self._matching) >= _KEPT:
                self._matching.clear()
            self._matching[question] = self._matches(groups, language)
        return self._matching[question]

    def _matches(self, groups: Sequence[Group], language: str) -> list[int]:
        narrow = sorted((found for group in groups if (found := self._found(group)) is not None), key=len)
        positions: Iterable[int] = sorted(narrow[0]) if narrow else range(len(self.rule))
        for test in [self._test(group, language) for group in groups]:
            positions = [position for position in positions if test(position)]
        return [self._first + position for position in positions]

    def _found(self, group: Group) -> Collection[int] | None:
        """The positions a group of plain equalities leaves; None when that cannot be looked up."""
        columns = [self._column(each.path) for each in group if each.operator == "eq"]
        if len(columns) < len(group) or None in columns:
            return None
        pairs = zip(columns, group, strict=True)
        lists = [column.positions.get(value, []) for column, each in pairs if column for value in set(each.values)]
        return lists[0] if len(lists) == 1 else set(chain.from_iterable(lists))

    def _test(self, group: Group, language: str) -> Callable[[int], bool]:
        columns = [self._column(each.path) for each in group]
        tests = [_judge(column.values, each) for column, each in zip(columns, group, strict=True) if column]
        if len(tests) == len(group):
            return tests[0] if len(tests) == 1 else lambda position: any(test(position) for test in tests)
        return lambda position: matches(self.rule.document(position), [group], language)

    def _column(self, path: tuple[str, ...]) -> "_Indexed | None":
        name = ".".join(path)
        if name not in self._columns:
            values = self.rule.column(name)
            self._columns[name] = None if values is None else _Indexed(values)
        return self._columns[name]


def placed(rules: Iterable[Rule]) -> Iterator[Generated]:
    """The rules side by side below zero."""
    first = 0
    for rule in rules:
        first -= len(rule)
        yield Generated(rule, first)


class _Indexed:
    def __init__(self, values: Column) -> None:
        self.values = values

    @cached_property
    def positions(self) -> dict[str, list[int]]:
        """Where each value stands."""
        found: dict[str, list[int]] = {}
        for position, values in enumerate(self.values):
            for value in values:
                found.setdefault(value, []).append(position)
        return found


def _judge(column: Column, condition: Condition) -> Callable[[int], bool]:
    """Whether the condition holds at a position; each set of values is judged once, since most are shared by many."""
    known: dict[tuple[str, ...], bool] = {}
    wanted = frozenset(condition.values)
    compare = COMPARE[condition.operator]

    def holds(values: tuple[str, ...]) -> bool:
        if condition.operator == "eq":
            return not wanted.isdisjoint(values)
        return any(compare(value, each) for value in values for each in condition.values)

    def test(position: int) -> bool:
        values = column[position]
        if values not in known:
            known[values] = holds(values)
        return known[values]

    return test
