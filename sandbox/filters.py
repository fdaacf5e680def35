"""TMF630 attribute filters: from a raw query string to conditions, and from a document to yes or no.

The raw string matters: `price.value%3E10` has its operator inside the name, and `;` joins alternatives; a parsed query
shows neither. A `*` that begins or ends a value stands for any text, as some vendors have it (`value=*123*`). A
digits-only value matches a stored string as well as a stored number: MSISDNs are text.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from sandbox.errors import bad_request
from sandbox.languages import spoken

RESERVED = frozenset({"fields", "offset", "limit", "sort"})
SUFFIXES = frozenset({"gt", "gte", "lt", "lte", "eq", "regex"})
SYMBOLS = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt", "*=": "regex", "=~": "regex", "=": "eq"}

_ALTERNATIVES = re.compile(r";(?=[\w@.\-]+(?:=|\*=|>|<|%3[c-eC-E]|%2[aA]))")
_SEGMENT = re.compile(r"([\w@.\-]+)(>=|<=|>|<|\*=|=~|=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute compared with any of `values`."""

    path: tuple[str, ...]
    operator: str
    values: tuple[str, ...]


Group = tuple[Condition, ...]
"""Alternatives: one of them has to hold."""


def parse_filters(raw_query: str, suffixes: Collection[str] = SUFFIXES) -> list[Group]:
    """The groups of a raw query string, all of which must hold; paging, sorting and projection are left out.

    `suffixes` are those read as operators; without `gt`, `price.gt=1` asks for an attribute of that name.

    Raises:
        Refusal: 400, when a segment is no comparison or a regular expression is none.
    """
    groups = [group for segment in raw_query.split("&") if segment and (group := _group(segment, suffixes))]
    return list(_joined(groups))


def _group(segment: str, suffixes: Collection[str]) -> Group:
    conditions = (_condition(unquote_plus(part), suffixes) for part in _ALTERNATIVES.split(segment))
    return tuple(condition for condition in conditions if condition is not None)


def _condition(text: str, suffixes: Collection[str]) -> Condition | None:
    match = _SEGMENT.fullmatch(text)
    if match is None:
        raise bad_request(f"'{text}' is no filter: attribute=value was expected")
    path, operator, value = tuple(match[1].split(".")), SYMBOLS[match[2]], match[3]
    if match[1] in RESERVED:
        return None
    if operator == "eq" and len(path) > 1 and path[-1] in suffixes:
        path, operator = path[:-1], path[-1]
    if operator == "eq" and (value.startswith("*") or value.endswith("*")):
        operator = "like"
    return Condition(path, operator, _alternatives(operator, value))


def _alternatives(operator: str, value: str) -> tuple[str, ...]:
    """The values of `a,b`; the whole text is one of them, since a comma can also be data."""
    if operator == "regex":
        _compiled(value)
        return (value,)
    return (value, *value.split(",")) if operator in {"eq", "like"} and "," in value else (value,)


def _joined(groups: Iterable[Group]) -> Iterator[Group]:
    """Repeated equality on one attribute means OR: `state=a&state=b`."""
    equal: dict[tuple[str, ...], tuple[str, ...]] = {}
    for group in groups:
        if len(group) == 1 and group[0].operator == "eq":
            equal[group[0].path] = equal.get(group[0].path, ()) + group[0].values
        else:
            yield group
    for path, values in equal.items():
        yield (Condition(path, "eq", values),)


def matches(document: dict[str, Any], groups: Iterable[Group], language: str) -> bool:
    return all(any(_holds(document, condition, language) for condition in group) for group in groups)


def _holds(document: dict[str, Any], condition: Condition, language: str) -> bool:
    compare = COMPARE[condition.operator]
    found = list(values_at(document, condition.path, language))
    return any(compare(value, wanted) for value in found for wanted in condition.values)


def values_at(node: Any, path: tuple[str, ...], language: str) -> Iterator[Any]:
    """Every plain value a dotted path reaches, through objects and arrays, in one language."""
    if isinstance(node, list):
        for item in node:
            yield from values_at(item, path, language)
    elif isinstance(node, dict):
        if path:
            yield from values_at(spoken(node, path[0], language), path[1:], language)
    elif not path and node is not None:
        yield node


def text_of(value: Any) -> str:
    """A plain JSON value as a query string writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _equal(value: Any, wanted: str) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(wanted) == value
    return text_of(value) == wanted or (_moment(wanted) is not None and _moment(value) == _moment(wanted))


def _numeric(value: Any, wanted: str) -> bool:
    """Equality of a server that reads digits as a number: a stored text of the same digits is another thing to it."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and _number(wanted) == value


def _ordered(verdict: Callable[[Any, Any], bool]) -> Callable[[Any, str], bool]:
    def compare(value: Any, wanted: str) -> bool:
        for read in (_number, _moment):
            left, right = read(value), read(wanted)
            if left is not None and right is not None:
                return verdict(left, right)
        return isinstance(value, str) and verdict(value, wanted)

    return compare


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache
def _wildcard(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise bad_request(f"'{pattern}' is no regular expression: {error}") from error


COMPARE: dict[str, Callable[[Any, str], bool]] = {
    "eq": _equal,
    "gt": _ordered(lambda left, right: left > right),
    "gte": _ordered(lambda left, right: left >= right),
    "lt": _ordered(lambda left, right: left < right),
    "lte": _ordered(lambda left, right: left <= right),
    "number": _numeric,
    "never": lambda _, __: False,
    "like": lambda value, wanted: _wildcard(wanted).fullmatch(text_of(value)) is not None,
    "regex": lambda value, wanted: _compiled(wanted).search(text_of(value)) is not None,
}
