"""Every habit in one table, the switchboard that turns them on and off, and the table as the README shows it."""

from collections.abc import Mapping
from typing import Any

from sandbox.errors import bad_request
from sandbox.habits.answering import ANSWERING, SHAPES
from sandbox.habits.events import EVENTS
from sandbox.habits.model import NONE, Active, Habit, On
from sandbox.habits.reading import READING
from sandbox.habits.showing import ODD, SHOWING
from sandbox.habits.writing import WRITING

HABITS: Mapping[str, Habit] = {habit.name: habit for habit in (*READING, *WRITING, *ANSWERING, *SHOWING, *EVENTS)}
CHOICES = {"shape": {"rotate", *SHAPES}, "kind": {"rotate", *ODD}}
"""Options that take one of a few words."""


class Habits:
    """The habits that are switched on."""

    def __init__(self) -> None:
        self._on: tuple[On, ...] = ()

    def active(self, api: str, resource: str) -> Active:
        if not self._on:
            return NONE
        return Active(tuple(on for on in self._on if on.concerns(api, resource)))

    def switch(self, body: Mapping[str, Any], apis: frozenset[str]) -> None:
        """Do what PUT /sandbox/habits says; 400 when it names no habit, no API or no option, or a wrong value."""
        options = dict(body)
        name, on = str(options.pop("name", "")), options.pop("on", True)
        api, resource = options.pop("api", None), options.pop("resource", None)
        if name not in HABITS or not isinstance(on, bool):
            raise bad_request(f"name: one of {', '.join(HABITS)}; on: true or false")
        if not isinstance(api, str | None) or not isinstance(resource, str | None) or (api or "") not in {"", *apis}:
            raise bad_request(f"api: one of {', '.join(sorted(apis))}; resource: a text")
        _check(HABITS[name], options)
        kept = [each for each in self._on if (each.habit.name, each.api, each.resource) != (name, api, resource)]
        added = [On(HABITS[name], api, resource, options)] if on else []
        order = list(HABITS)
        self._on = tuple(sorted([*kept, *added], key=lambda each: order.index(each.habit.name)))

    def clear(self, api: str | None = None) -> None:
        self._on = tuple(on for on in self._on if api not in {None, on.api})

    def listing(self) -> list[dict[str, Any]]:
        return [
            {
                "name": habit.name,
                "about": habit.about,
                "source": f"FACTS {habit.section}: {habit.seen}",
                "options": dict(habit.options),
                "on": [on.listing() for on in self._on if on.habit is habit],
            }
            for habit in HABITS.values()
        ]


def _check(habit: Habit, options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name not in habit.options:
            raise bad_request(
                f"{habit.name}: {name} is no option of it; there are {', '.join(habit.options) or 'none'}"
            )
        if type(value) is not type(habit.options[name]) or (isinstance(value, int) and value < 0):
            raise bad_request(f"{habit.name}: {name} cannot be {value!r}; the default is {habit.options[name]!r}")
        if name in CHOICES and value not in CHOICES[name]:
            raise bad_request(f"{habit.name}: {name} must be one of {', '.join(sorted(CHOICES[name]))}")


def markdown() -> str:
    """The table of the README."""
    rows = [f"| `{habit.name}` | {habit.about} | {_options(habit)} | {habit.section} |" for habit in HABITS.values()]
    return "\n".join(["| habit | what the client sees | options | FACTS |", "|---|---|---|---|", *rows])


def _options(habit: Habit) -> str:
    return ", ".join(f"`{name}` {_shown(value)}" for name, value in habit.options.items())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value in ("", []) else str(value)
