"""A line's configuration against the characteristics of its offering.

An incomplete configuration may stand in a cart, a wrong one may not: too few values are `missing`, everything else is a
fault. Messages name the catalogue's characteristics, and never what was typed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.catalog.characteristics import Choice, Option
from domain.catalog.rules import fold
from kernel.patterns import fits
from kernel.text import TextError, check_text

Chosen = tuple[tuple[str, str], ...]
"""(characteristic's name, value), one pair for each chosen value."""

_LONGEST_VALUE = 200
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_TRUTHS = frozenset({"boolean", "bool"})
_WHOLE = frozenset({"integer", "int", "long"})
_NUMBERS = frozenset({"number", "numeric", "decimal", "float", "double"})


@dataclass(frozen=True)
class Fault:
    """What is wrong with a configuration; `place` is the index into what was given."""

    place: int | None
    message: str


@dataclass(frozen=True)
class Configured:
    """A configuration that can be kept. `missing` names required characteristics that still lack a value."""

    chosen: Chosen
    missing: tuple[str, ...]


class _RefusedError(ValueError):
    """A value that may not be chosen; its text is for the client."""


def configure(choices: Sequence[Choice], given: Chosen) -> Configured | list[Fault]:
    """The given values in the catalogue's order and spelling, with its defaults where none was given; or every fault.

    A characteristic takes one value unless it says more. Where a server's `max` is below its `min`, `min` holds.
    """
    known: dict[str, Choice] = {}
    for choice in choices:
        known.setdefault(choice.name, choice)  # the first of two namesakes
    taken: dict[str, list[str]] = {name: [] for name in known}
    faults: list[Fault] = []
    for place, (name, value) in enumerate(given):
        try:
            taken[name].append(_taken(known[name], value, taken[name]))
        except KeyError:
            faults.append(Fault(place, "The offering has no such characteristic."))
        except _RefusedError as error:
            faults.append(Fault(place, str(error)))
    if faults:
        return faults
    filled = {name: values or _defaults(known[name]) for name, values in taken.items()}
    return Configured(
        tuple((name, value) for name, values in filled.items() for value in values),
        tuple(name for name, values in filled.items() if _is_short(known[name], values)),
    )


def fixed(choices: Iterable[Choice]) -> Chosen:
    """The values that hold without being chosen: of what is not configurable, the only one. Prices may be for them."""
    return tuple((each.name, option.value) for each in choices if (option := _fixed(each)) is not None)


def translate(chosen: Chosen, source: Sequence[Choice], target: Sequence[Choice]) -> Chosen:
    """The same configuration as `target`, the offering in another language, names it.

    A characteristic is found again by its id, or by its place where one side has no id; a value by its place in a list
    of the same length. What is not found stays as it is.
    """
    places = {choice.name: place for place, choice in reversed(list(enumerate(source)))}
    return tuple(_translated(pair, places.get(pair[0]), source, target) for pair in chosen)


def in_range(value: str, low: str | None, high: str | None) -> bool | None:
    """Whether a number lies between two, both included; an end that is missing or no number is open.

    None where there is nothing to compare: `value` is no number, or no end is one.
    """
    number, least, most = _number(value), _number(low), _number(high)
    if number is None or (least is None and most is None):
        return None
    return (least is None or least <= number) and (most is None or number <= most)


def _taken(choice: Choice, value: str, already: Sequence[str]) -> str:
    """A given value as it is kept, beside those already taken.

    Raises:
        _RefusedError: it may not be chosen, or not once more.
    """
    kept = _allowed(choice, value)
    if kept in already:
        raise _RefusedError(f"{choice.name}: a value can be chosen only once.")
    most = _most(choice)
    if len(already) >= most:
        raise _RefusedError(f"{choice.name}: at most {most} can be chosen." if most else f"{choice.name}: takes none.")
    return kept


def _allowed(choice: Choice, value: str) -> str:
    if not choice.configurable:
        only = _fixed(choice)
        if only is None or only.value != value:
            raise _RefusedError(f"{choice.name}: cannot be chosen.")
        return value
    listed = _listed(choice.values, value)
    if listed is not None:
        return listed
    if choice.values and _ends(choice) == (None, None) and choice.regex is None:
        raise _RefusedError(f"{choice.name}: this is not one of the values.")
    return _free(choice, value)


def _listed(options: Sequence[Option], value: str) -> str | None:
    """The catalogue's spelling of a value; case and spaces may differ where that leaves no doubt."""
    if any(option.value == value for option in options):
        return value
    if len(value) > _LONGEST_VALUE:
        return None
    wanted = _folded(value)
    alike = {option.value for option in options if _folded(option.value) == wanted}
    return alike.pop() if len(alike) == 1 else None


def _free(choice: Choice, value: str) -> str:
    """A value that no list holds: of the right type, in the range, or a text that follows the catalogue's pattern.

    A pattern that cannot be read, or needs too many steps, limits nothing: the ordering system has the last word.
    """
    try:
        text = check_text(value, most=_LONGEST_VALUE)
    except TextError as error:
        raise _RefusedError(f"{choice.name}: {error.reason}") from None
    if not text:
        raise _RefusedError(f"{choice.name}: a value is needed.")
    text = _typed(choice, text)
    if in_range(text, choice.range_from, choice.range_to):
        return _plain(Decimal(text))
    if _ends(choice) != (None, None) and choice.regex is None:
        raise _RefusedError(f"{choice.name}: {_span(*_ends(choice))}")
    if choice.regex is not None and fits(choice.regex, text) is False:
        raise _RefusedError(f"{choice.name}: the value does not have the right form.")
    return text


def _typed(choice: Choice, text: str) -> str:
    """The text in the one spelling that a value of the characteristic's type has."""
    kind = fold(choice.value_type or "")
    if kind in _TRUTHS:
        if text.casefold() not in ("true", "false"):
            raise _RefusedError(f"{choice.name}: true or false is needed.")
        return text.casefold()
    number = _number(text)
    if kind in _WHOLE and (number is None or number != number.to_integral_value()):
        raise _RefusedError(f"{choice.name}: a whole number is needed.")
    if kind in _NUMBERS and number is None:
        raise _RefusedError(f"{choice.name}: a number is needed.")
    return _plain(number) if number is not None and kind in _WHOLE | _NUMBERS else text


def _span(low: Decimal | None, high: Decimal | None) -> str:
    ends = (("at least", low), ("at most", high))
    return "a number, " + " and ".join(f"{word} {_plain(end)}" for word, end in ends if end is not None) + "."


def _ends(choice: Choice) -> tuple[Decimal | None, Decimal | None]:
    return _number(choice.range_from), _number(choice.range_to)


def _number(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None and _NUMBER.fullmatch(text) else None


def _plain(number: Decimal) -> str:
    """One spelling for each number: 5, 5.0 and 05 are the same choice."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _fixed(choice: Choice) -> Option | None:
    return choice.values[0] if not choice.configurable and len(choice.values) == 1 else None


def _defaults(choice: Choice) -> list[str]:
    if not choice.configurable:
        return []
    marked = dict.fromkeys(option.value for option in choice.values if option.is_default)
    return list(marked)[: _most(choice)]


def _is_short(choice: Choice, values: Sequence[str]) -> bool:
    return choice.configurable and len(values) < (choice.min or 0)


def _most(choice: Choice) -> int:
    return max(1 if choice.max is None else choice.max, choice.min or 0, 0)


def _folded(value: str) -> str:
    return "".join(value.casefold().split())


def _translated(
    pair: tuple[str, str], place: int | None, source: Sequence[Choice], target: Sequence[Choice]
) -> tuple[str, str]:
    if place is None:
        return pair
    there = _counterpart(place, source, target)
    if there is None:
        return pair
    value = pair[1]
    here = [option.value for option in source[place].values]
    if value in here and len(here) == len(there.values):
        value = there.values[here.index(value)].value
    return there.name, value


def _counterpart(place: int, source: Sequence[Choice], target: Sequence[Choice]) -> Choice | None:
    """The same characteristic in the other language: the one at its place, unless ids say otherwise."""
    wanted = source[place].id
    beside = target[place] if len(source) == len(target) else None
    if beside is not None and (not wanted or not beside.id or beside.id == wanted):
        return beside
    return next((choice for choice in target if wanted and choice.id == wanted), None)
