"""A line's configuration against the characteristics of its offering."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.catalog.characteristics import Choice

Chosen = tuple[tuple[str, str], ...]
"""(characteristic's name, value), one pair for each chosen value."""


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


def configure(choices: Sequence[Choice], given: Chosen) -> Configured | list[Fault]:
    raise NotImplementedError


def fixed(choices: Sequence[Choice]) -> Chosen:
    """The values that hold without being chosen; prices may be for them, too."""
    raise NotImplementedError


def translate(chosen: Chosen, source: Sequence[Choice], target: Sequence[Choice]) -> Chosen:
    """The same configuration, named as `target` names it."""
    raise NotImplementedError
