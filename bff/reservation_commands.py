"""`bff reservations list`, `explain` and `repair`: for the operator whose customer asks what became of a number.

A card is shown by its last four digits unless `reveal` is asked for. Nothing here decides anything: a repair is what a
sweep does for that row, by the same code, fenced in the same way.
"""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from bff.foundation import open_foundation
from bff.reservation_desk import desk_over
from bff.settings import Settings
from bff.terminal import plain
from clients import tmf639
from domain.reservations.desk import Desk
from domain.reservations.explaining import Explained, explain
from domain.reservations.model import ResourceKind
from domain.reservations.reservation import Step
from domain.reservations.sweeping import ReservationSweeper
from kernel.clock import Clock, SystemClock
from kernel.errors import GatewayError
from store.leases import Leases
from store.migrate import OutdatedError
from store.reservations import Entry

T = TypeVar("T")
_ANY = 1_000


class CommandError(Exception):
    """The command cannot do what it was asked for; the text says why."""


@dataclasses.dataclass(frozen=True)
class View:
    """How to show things. `reveal`: cards with all their digits."""

    console: Console
    json: bool = False
    reveal: bool = False

    def write(self, value: Any) -> None:
        """As JSON, whatever the terminal's width."""
        self.console.out(json.dumps(value, indent=2), highlight=False)


def listed(
    settings: Settings,
    view: View,
    *,
    states: Sequence[str] = (),
    what: str | None = None,
    everything: bool = False,
    limit: int = 50,
    clock: Clock | None = None,
) -> None:
    """Show reservations, the latest first: the live ones, those in `states`, or all there are of a number or card.

    Raises:
        CommandError: a state that there is none of, or the database cannot be used.
    """
    unknown = [state for state in states if state not in Step.__members__]
    if unknown:
        raise CommandError(f"There is no state {unknown[0]}; there are {', '.join(Step.__members__)}.")

    async def run(desk: Desk) -> Sequence[Entry]:
        live = not (everything or states or what)
        resource = None if what is None else _digits(what)
        return await desk.journal.listed(states=states, resource=resource, live=live, limit=limit)

    found = _with_desk(settings, run, clock)
    if view.json:
        view.write([_row(entry, view) for entry in found])
        return
    table = Table("id", "kind", "resource", "state", "ends", "looked at", "cart")
    for entry in found:
        resource = _resource(entry, view)
        ends, due = _time(entry.expires_at), _time(entry.due_at)
        table.add_row(entry.id, entry.kind, resource, entry.state, ends, due, plain(entry.cart_id))
    view.console.print(table if found else "There are none.")


def explained(settings: Settings, view: View, what: str, *, clock: Clock | None = None) -> None:
    """Show a reservation in all places: journal, Redis, inventory; what was before it, and what a sweep will do.

    Raises:
        CommandError: there is no such reservation, or the database cannot be used.
    """

    async def run(desk: Desk) -> Explained:
        return await explain(desk, await _found(desk, what))

    _show(_with_desk(settings, run, clock), view)


def repair(settings: Settings, view: View, what: str, *, apply: bool, clock: Clock | None = None) -> None:
    """Show what a sweep would do about a reservation; with `apply` do it now.

    Raises:
        CommandError: there is no such reservation, somebody may be at work on it, or it could not be settled.
    """

    async def run(desk: Desk) -> tuple[Explained, Explained | None]:
        before = await explain(desk, await _found(desk, what))
        if not apply:
            return before, None
        busy = before.next.busy_until
        if busy is not None and busy > desk.clock.now():
            raise CommandError(f"Somebody may be at work on it until {_time(busy)}; nothing was done.")
        sweeper = ReservationSweeper(desk, Leases(desk.journal.database, desk.clock), every=1.0, keep=0.0)
        failed = await sweeper.attempt(before.entry)
        if failed is not None:
            raise CommandError(f"It could not be settled now and was put off: {plain(_reason(failed))}")
        return before, await explain(desk, await desk.journal.by_id(before.entry.id) or before.entry)

    before, after = _with_desk(settings, run, clock)
    if view.json:
        view.write({"before": _all(before, view), "after": None if after is None else _all(after, view)})
        return
    _show(after or before, view)
    if after is None:
        view.console.print("Nothing was done; --apply does it.")
    else:
        view.console.print(f"Done: it was {before.entry.state} and is {after.entry.state}.")


# ---------------------------------------------------------------- reaching everything


def _with_desk(settings: Settings, run: Callable[[Desk], Awaitable[T]], clock: Clock | None) -> T:
    async def opened() -> T:
        quiet = dataclasses.replace(settings, database=dataclasses.replace(settings.database, migrate=False))
        async with AsyncExitStack() as stack:
            base = await stack.enter_async_context(open_foundation(quiet, clock or SystemClock(), {}))
            if base.redis is None or base.records is None:
                raise RuntimeError("what is needed for these was looked at before")
            client = base.client(tmf639.UPSTREAM, stack)
            return await run(desk_over(base, base.records.database, base.redis, client, stack))

    missing = [name for name, value in _needed(settings).items() if not value]
    if missing:
        raise CommandError(f"{missing[0]} is not set, and reservations need it.")
    try:
        return asyncio.run(opened())
    except (GatewayError, OutdatedError) as error:
        raise CommandError(_reason(error)) from error


def _needed(settings: Settings) -> dict[str, object]:
    return {
        "BFF_TMF639_URL": settings.tmf639.url,
        "BFF_TMF663_URL": settings.tmf663.url,
        "BFF_REDIS_URL": settings.redis_url,
        "BFF_KEYS": settings.keys,
    }


async def _found(desk: Desk, what: str) -> Entry:
    """By id, or the live one of a number or a card, or the last it had."""
    entry = await desk.journal.by_id(what)
    if entry is not None:
        return entry
    rows = await desk.journal.listed(resource=_digits(what), limit=_ANY)
    if not rows:
        raise CommandError(f"There is no reservation of {plain(what)}.")
    return next((row for row in rows if row.live), rows[0])


def _digits(what: str) -> str:
    """A number or a card as the journal has it."""
    return what.strip().removeprefix("+").translate(str.maketrans("", "", " -./()"))


def _reason(error: Exception) -> str:
    return error.detail if isinstance(error, GatewayError) and error.detail else repr(error)


# ---------------------------------------------------------------- showing


def _show(found: Explained, view: View) -> None:
    if view.json:
        view.write(_all(found, view))
        return
    entry = found.entry
    title = f"{entry.kind} {_resource(entry, view)}: {entry.state}{'' if entry.live else ', over'}"
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in _row(entry, view).items():
        if name not in ("kind", "resource", "state", "live"):
            table.add_row(name, plain(str(value)) if value not in (None, "") else "")
    table.add_section()
    table.add_row("Redis", _hold(found))
    table.add_row("inventory", _seen(found))
    table.add_section()
    table.add_row("a sweep will", found.next.what)
    table.add_row("because", found.next.why)
    table.add_row("at", _time(found.next.at) or "no time: nothing is due")
    view.console.print(table)
    if found.earlier:
        others = Table("id", "state", "reason", "made", "last changed", title="Others of it", title_justify="left")
        for row in found.earlier:
            others.add_row(row.id, row.state, row.reason, _time(row.created_at), _time(row.updated_at))
        view.console.print(others)


def _hold(found: Explained) -> str:
    if found.redis:
        return f"does not answer: {plain(found.redis)}"
    if found.holder is None:
        return "holds nothing"
    whose = "it" if found.holder == found.entry.token else f"it for another, {plain(found.holder)},"
    return f"holds {whose} for {found.hold_seconds or 0:.0f} s more"


def _seen(found: Explained) -> str:
    if found.upstream:
        return f"does not answer: {plain(found.upstream)}"
    if found.seen is None:
        return "has none of that id"
    mark = found.seen.mark
    whose = "no mark" if mark is None else "our mark" if mark == found.entry.token else f"the mark {plain(mark)}"
    return f"{found.seen.state.value}, with {whose}"


def _all(found: Explained, view: View) -> dict[str, Any]:
    seen = found.seen
    return {
        "reservation": _row(found.entry, view),
        "earlier": [_row(each, view) for each in found.earlier],
        "redis": {"holder": found.holder, "seconds": found.hold_seconds, "error": found.redis or None},
        "inventory": {
            "state": None if seen is None else seen.state.value,
            "mark": None if seen is None else seen.mark,
            "error": found.upstream or None,
        },
        "next": {**dataclasses.asdict(found.next), "at": _time(found.next.at) or None},
    }


def _row(entry: Entry, view: View) -> dict[str, Any]:
    """A row to be shown; its detail is the same for all of a resource and left out."""
    times = ("created_at", "updated_at", "expires_at", "unknown_at", "due_at")
    row = {name: value for name, value in dataclasses.asdict(entry).items() if name != "detail"}
    row |= {name: _time(row[name]) or None for name in times}
    return {**row, "resource": _resource(entry, view), "upstream_id": _masked(entry, entry.upstream_id, view)}


def _resource(entry: Entry, view: View) -> str:
    return _masked(entry, entry.resource, view)


def _masked(entry: Entry, text: str, view: View) -> str:
    """A card's ICCID is its owner's business; some servers make the id of it."""
    if view.reveal or entry.kind != ResourceKind.SIM.value:
        return plain(text)
    return plain(text.replace(entry.resource, "•" * (len(entry.resource) - 4) + entry.resource[-4:]))


def _time(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(" ", "seconds").removesuffix("+00:00") + "Z"
