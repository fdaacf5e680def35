r"""Regular expressions from outside, matched without ever backtracking.

`re` needs more time than there is for `(a+)+` and a few dozen letters, and whoever writes a catalogue's patterns is not
part of the gateway. Here each part of a pattern turns the set of places where it may begin into the set of places where
it may end, so nothing is tried twice; steps are counted, and who needs too many gets no answer.

Understood is what ECMA 262 and Python have in common and patterns of catalogues use: characters, classes, groups,
alternatives, repetitions, `^` and `$`. `\d` and `\w` are ASCII, as in ECMA 262. Not understood: looking around, back
references, modes, possessive repetitions.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 500
_DEEPEST = 20
_MOST_STEPS = 50_000
_MOST_ROUNDS = 1_000  # more than a text has places: further ones change nothing

_ESCAPE = r"\\(?:[dDsSwWtnrfv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[^\w\s])"
_ATOM = re.compile(rf"{_ESCAPE}|\[\^?(?:{_ESCAPE}|(?!--|&&|~~|\|\|)[^\]\[\\])+\]|[^()\[\]{{}}|*+?\\^$]", re.ASCII)
_GROUP = re.compile(r"\((?:\?(?::|P?<[A-Za-z_]\w*>)|(?!\?))", re.ASCII)
_TIMES = re.compile(r"(?:([*+?])|\{(\d{1,6})(?:(,)(\d{1,6})?)?\})\??(?![*+?{])", re.ASCII)
_SHORT = {"*": (0, _MOST_ROUNDS), "+": (1, _MOST_ROUNDS), "?": (0, 1)}


class _NotUnderstoodError(ValueError):
    """A pattern that is broken, too long, too deep, or says what is not understood here."""


class _TooManyStepsError(Exception):
    pass


@dataclass
class _Run:
    text: str
    steps: int = 0

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > _MOST_STEPS:
            raise _TooManyStepsError


_Part = Callable[[_Run, set[int]], set[int]]


def fits(pattern: str, text: str) -> bool | None:
    """Whether the whole text is what the pattern describes; None where that cannot be said.

    Takes at most a fixed number of steps, whatever pattern and text are.
    """
    if len(text) > _MOST_ROUNDS:
        return None
    try:
        return len(text) in _compiled(pattern)(_Run(text), {0})
    except (_NotUnderstoodError, _TooManyStepsError):
        return None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> _Part:
    if len(pattern) > _LONGEST:
        raise _NotUnderstoodError
    part, end = _either(pattern, 0, 0)
    if end < len(pattern):
        raise _NotUnderstoodError
    return part


def _either(pattern: str, place: int, depth: int) -> tuple[_Part, int]:
    if depth > _DEEPEST:
        raise _NotUnderstoodError
    first, place = _sequence(pattern, place, depth)
    branches = [first]
    while pattern[place : place + 1] == "|":
        branch, place = _sequence(pattern, place + 1, depth)
        branches.append(branch)
    return (lambda run, starts: set().union(*(branch(run, starts) for branch in branches))), place


def _sequence(pattern: str, place: int, depth: int) -> tuple[_Part, int]:
    parts: list[_Part] = []
    while place < len(pattern) and pattern[place] not in "|)":
        part, place = _single(pattern, place, depth)
        times = _TIMES.match(pattern, place)
        if times:
            part, place = _repeated(part, *_bounds(times)), times.end()
        parts.append(part)

    def ends(run: _Run, starts: set[int]) -> set[int]:
        for part in parts:
            starts = part(run, starts)
        return starts

    return ends, place


def _single(pattern: str, place: int, depth: int) -> tuple[_Part, int]:
    if pattern[place] == "^":
        return (lambda _, starts: starts & {0}), place + 1
    if pattern[place] == "$":
        return (lambda run, starts: starts & {len(run.text)}), place + 1
    if group := _GROUP.match(pattern, place):
        part, end = _either(pattern, group.end(), depth + 1)
        if pattern[end : end + 1] != ")":
            raise _NotUnderstoodError
        return part, end + 1
    if atom := _ATOM.match(pattern, place):
        return _character(atom[0]), atom.end()
    raise _NotUnderstoodError


def _character(atom: str) -> _Part:
    try:
        known = re.compile(atom, re.ASCII)
    except re.error:
        raise _NotUnderstoodError from None

    def ends(run: _Run, starts: set[int]) -> set[int]:
        run.spend(len(starts))
        return {place + 1 for place in starts if known.fullmatch(run.text, place, place + 1)}

    return ends


def _bounds(times: re.Match[str]) -> tuple[int, int]:
    short, least, comma, most = times.groups()
    if short:
        return _SHORT[short]
    low = min(int(least), _MOST_ROUNDS)
    high = int(most) if most else (_MOST_ROUNDS if comma else low)
    if high < low:
        raise _NotUnderstoodError
    return low, min(high, _MOST_ROUNDS)


def _repeated(part: _Part, least: int, most: int) -> _Part:
    def ends(run: _Run, starts: set[int]) -> set[int]:
        for _ in range(least):
            if not starts:
                return starts
            run.spend(1)
            starts = part(run, starts)
        found = fresh = starts
        for _ in range(least, most):
            run.spend(1)
            fresh = part(run, fresh) - found
            if not fresh:
                break
            found = found | fresh
        return found

    return ends
