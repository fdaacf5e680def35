"""Which numbers somebody looks for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.reservations.model import NumberTier
from kernel.errors import BadRequestError, LimitExceededError

MOST_EXCLUDED = 200
_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True)
class NumberQuery:
    """Which numbers. All that is given must hold; patterns are digits, `excluding` are numbers without `+`."""

    tier: NumberTier | None = None
    prefix: str = ""
    contains: str = ""
    ends_with: str = ""
    excluding: frozenset[str] = frozenset()


def number_query(
    tier: NumberTier | None = None,
    prefix: str | None = None,
    contains: str | None = None,
    ends_with: str | None = None,
    excluding: Sequence[str] = (),
) -> NumberQuery:
    """A question as it came in, checked. `prefix` and those of `excluding` may begin with `+`.

    Raises:
        BadRequestError: a pattern is something else than 1 to 15 digits.
        LimitExceededError: more than 200 numbers are excluded.
    """
    if len(excluding) > MOST_EXCLUDED:
        raise LimitExceededError(f"At most {MOST_EXCLUDED} numbers can be excluded.")
    return NumberQuery(
        tier,
        _digits("prefix", None if prefix is None else prefix.removeprefix("+")),
        _digits("contains", contains),
        _digits("endsWith", ends_with),
        frozenset(each.removeprefix("+") for each in excluding),
    )


def _digits(name: str, text: str | None) -> str:
    if text is not None and not _DIGITS.fullmatch(text):
        raise BadRequestError(f"`{name}` must be of 1 to 15 digits.")
    return text or ""
