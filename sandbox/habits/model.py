"""What a habit is: a small function at one of the places where real servers differ, switched on per API while running.

The places ("hooks") are the fields of `Habit`. Each takes the value there and the habit as it is switched on, and
answers the value that shall be used instead, so several habits at one place compose in the order of the table. A
newcomer expects `if habit_on(...)` in the resource server; there is none: the server asks every hook, always.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from sandbox.errors import Refusal
from sandbox.filters import Group
from sandbox.paging import Page, SortKey
from sandbox.projection import Tree
from sandbox.tables import Document, Lifecycle, Resource

T = TypeVar("T")

Read = Callable[[str, str], Document | None]
"""The stored document of a kind and id, if there is one."""

FOREVER = 86_400.0
"""Seconds; longer than any client waits."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a collection is asked, with the raw query string it was read from."""

    raw: str
    groups: list[Group]
    sort: list[SortKey]
    page: Page


def as_stored(question: Question, resource: Resource) -> tuple[list[Group], list[SortKey]]:
    """Filters and order with the attributes of the store, which another version of the API may name differently."""
    shape = resource.shape
    if shape is None:
        return question.groups, question.sort
    groups = [tuple(replace(each, path=shape.stored_path(each.path)) for each in group) for group in question.groups]
    return groups, [(shape.stored_path(path), descending) for path, descending in question.sort]


@dataclass(frozen=True, slots=True)
class Found:
    """A page as the store has it, the total and the status that will be answered."""

    documents: list[Document]
    total: int
    status: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event for one subscription: `path` goes after the callback, `hold` is how long to wait for a later event.

    `changed` names the attributes that changed, None for all of them; `hold` is in seconds, 0 sends at once.
    """

    path: str
    body: Any
    changed: tuple[str, ...] | None = None
    hold: float = 0.0


@dataclass(frozen=True, slots=True)
class Postponed:
    """A write that is applied only later: in `seconds`, None for when it is told; `closed` ends the connection now."""

    seconds: float | None
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """One way in which real servers differ. `section` and `seen` are where FACTS.md tells of it, and its words.

    `options` are the names and defaults of what can be set; a value of another type than the default is refused.
    `show` also works on the payload of events; `late` answers seconds to wait after the work, `FOREVER` for no answer.
    `take` works on a whole document as a POST or PATCH would leave it, in the words of the API version it came by.
    """

    name: str
    about: str
    section: str
    seen: str
    options: Mapping[str, Any] = field(default_factory=dict)

    ask: Callable[[Question, "On", Resource], Question] | None = None
    found: Callable[[Found, "On", Question, Callable[[], int]], Found] | None = None
    listed: Callable[[list[Any], "On"], list[Any]] | None = None
    fields: Callable[[Tree | None, "On", list[str]], Tree | None] | None = None
    show: Callable[[Document, "On", Resource], Document] | None = None
    states: Callable[[Lifecycle, "On"], Lifecycle] | None = None
    postpone: Callable[[Postponed | None, "On", Request], Postponed | None] | None = None
    guard: Callable[[Document, "On", Request], Document] | None = None
    take: Callable[[Document, "On", Resource, Read], Document] | None = None
    respond: Callable[[Response, "On", Request, Document | None], Response] | None = None
    refuse: Callable[[Response, "On", Refusal], Response] | None = None
    late: Callable[[float, "On", Request], float] | None = None
    subscribe: Callable[[bool, "On"], bool] | None = None
    parcels: Callable[[list[Parcel], "On"], list[Parcel]] | None = None


class On:
    """A habit that is switched on; `on["limit"]` is an option."""

    def __init__(self, habit: Habit, api: str | None, resource: str | None, options: Mapping[str, Any]) -> None:
        self.habit = habit
        self.api = api
        self.resource = resource
        self.options = {**habit.options, **options}
        self._turns = 0

    def __getitem__(self, option: str) -> Any:
        return self.options[option]

    def turn(self) -> int:
        """0 at the first use, 1 at the second: what rotates, rotates the same way in every test."""
        self._turns += 1
        return self._turns - 1

    def concerns(self, api: str, resource: str) -> bool:
        return self.api in {None, api} and self.resource in {None, resource}

    def listing(self) -> dict[str, Any]:
        return {"api": self.api, "resource": self.resource, **self.options}


class Active:
    """The habits that are on for one call."""

    def __init__(self, on: tuple[On, ...] = ()) -> None:
        self._on = on

    def through(self, hook: str, value: T, *context: Any) -> T:
        """`value` after every habit that has something to say at `hook`, in the order of the table."""
        for on in self._on:
            function = getattr(on.habit, hook)
            if function is not None:
                value = function(value, on, *context)
        return value


NONE = Active()
