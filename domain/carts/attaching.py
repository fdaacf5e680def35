"""Numbers and SIMs on the lines of a cart: which may stand on which line, and what has been lost from one."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from domain.carts.model import Attachment, Line, counts
from domain.reservations.reservation import Step, shown
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection
from store import port_ins
from store.database import Connection
from store.reservations import Entry, Journal


async def check(
    journal: Journal | None, cart_id: str, lines: Sequence[Line], wanted: Sequence[Attachment], now: float
) -> None:
    """Check that these lines may have these reservations.

    Raises:
        Rejected: one is not this cart's, is over, stands on another line, or there are more than the line has use for.
    """
    if not any(each.reservations for each in wanted):
        return
    entries = {} if journal is None else {entry.id: entry for entry in await journal.of_cart(cart_id)}
    having, seen = counts(tuple(lines)), set[str]()
    touched = {each.line for each in wanted} | ({entry.line_id for entry in entries.values()} - having.keys())
    for each in wanted:
        kinds: Counter[str] = Counter()
        for place, wanted_id in enumerate(each.reservations):
            path = (*each.path, "reservationIds", str(place))
            entry = _usable(entries.get(wanted_id), path, now)
            if wanted_id in seen or (entry.line_id is not None and entry.line_id not in touched):
                raise Rejected(Rejection(ErrorCode.INVALID, "This reservation stands on another line.", path))
            seen.add(wanted_id)
            kinds[entry.kind] += 1
            if kinds[entry.kind] > having[each.line]:
                message = "This line has no use for as many of them."
                raise Rejected(Rejection(ErrorCode.INVALID, message, path))


def _usable(entry: Entry | None, path: Path, now: float) -> Entry:
    if entry is None:
        raise Rejected(Rejection(ErrorCode.NOT_FOUND, "There is no such reservation in this cart.", path))
    if entry.state != Step.HELD.value or entry.expires_at <= now:
        raise Rejected(Rejection(ErrorCode.RESERVATION_EXPIRED, "This reservation's time is over.", path))
    return entry


async def attach(
    journal: Journal, connection: Connection, cart_id: str, attached: Sequence[tuple[str, tuple[str, ...]]]
) -> None:
    """Write down what lines have. What has ended since it was checked is told as lost from its line."""
    for line, wanted in attached:
        await journal.attach(connection, cart_id, line, wanted)


async def detach(journal: Journal, connection: Connection, cart_id: str, lines: set[str]) -> None:
    """These lines are gone without the shopper's doing: what they had stays with the cart."""
    for line in lines:
        await journal.attach(connection, cart_id, line, ())


async def give_back(
    journal: Journal, connection: Connection, cart_id: str, now: float, *, reason: str, lines: set[str] | None
) -> None:
    """Have everything given back that some lines, or the whole cart, have. The next sweep carries it out.

    A number that one of them brings along is looked at, too: its way ends where that is still possible.
    """
    await port_ins.hurry(connection, cart_id, lines, now)
    over: dict[str, Any] = {"state": Step.RELEASING.value, "reason": reason, "due_at": now, "updated_at": now}
    await journal.step_of_cart(connection, cart_id, (Step.HELD.value,), lines=lines, **over)
    if lines is None:  # what is just being reserved, too: whoever does that must not make it held any more
        await journal.step_of_cart(connection, cart_id, (Step.INTENT.value,), **over, unknown_at=now)


async def lost(journal: Journal, cart_id: str, lines: Sequence[Line], now: float) -> list[str]:
    """The lines that had a number or a SIM whose time is over, until they are given others in its place."""
    over = {entry.line_id for entry in await journal.of_cart(cart_id, live=False) if _is_over(entry, now)}
    return [line.id for line in lines if line.id in over]


def _is_over(entry: Entry, now: float) -> bool:
    seen = shown(entry, now)
    return seen is not None and seen.state.value == Step.EXPIRED.value
