"""What is known of one reservation in all three places, and what a sweep would do about it and why.

`foresee` only tells; whatever is done is done by `ReservationSweeper.settle`, with its fencing. A test holds the two
together, state by state.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.reservations.desk import Desk, Times
from domain.reservations.holds import HoldsUnavailableError
from domain.reservations.inventory import Seen
from domain.reservations.reservation import OVER, Step, candidate_of
from kernel.errors import UpstreamError
from store.reservations import Entry


@dataclass(frozen=True)
class Foreseen:
    """What comes next for a row. `at`: when a sweep looks at it, in seconds since the epoch; None: never again.

    `busy_until`: until then somebody may still be at work on it, and nobody else should begin.
    """

    what: str
    why: str
    at: float | None
    busy_until: float | None = None


@dataclass(frozen=True)
class Explained:
    """A row, its resource's earlier rows, its hold, what the inventory shows, what comes next.

    `holder`, `hold_seconds`: whose token holds it in Redis, and for how long. `redis`, `upstream`: why it is not known.
    """

    entry: Entry
    earlier: Sequence[Entry]
    holder: str | None
    hold_seconds: float | None
    seen: Seen | None
    next: Foreseen
    redis: str = ""
    upstream: str = ""


async def explain(desk: Desk, entry: Entry) -> Explained:
    """Look everywhere. A place that does not answer says so."""
    rows = await desk.journal.of_resource(entry.kind, entry.resource)
    holder, seconds, seen, redis, upstream = None, None, None, "", ""
    try:
        held = await desk.holds.holder(entry.kind, entry.resource)
        holder, seconds = held or (None, None)
    except HoldsUnavailableError as error:
        redis = str(error) or "no answer"
    try:
        seen = await desk.inventory.look(candidate_of(entry))
    except UpstreamError as error:
        upstream = error.detail
    earlier = [row for row in rows if row.id != entry.id]
    told = foresee(entry, desk.clock.now(), desk.times)
    return Explained(entry, earlier, holder, seconds, seen, told, redis, upstream)


def foresee(entry: Entry, now: float, times: Times) -> Foreseen:
    """What a sweep does for a row when it next looks at it."""
    step = Step(entry.state)
    what, why = _FIXED.get(step) or _by_time(entry, step, now, times)
    if step in OVER and entry.due_at is None:
        what, why = "nothing", "it is over"
    return Foreseen(what, why, entry.due_at, entry.due_at if step in _AT_WORK else None)


def _by_time(entry: Entry, step: Step, now: float, times: Times) -> tuple[str, str]:
    over = entry.expires_at <= now
    if step is Step.HELD:
        return (f"{_OFF} EXPIRED", "its time is over") if over else (_BACK, "its time is not over")
    if step is Step.IN_CHECKOUT:
        late = "; it should have by now" if over else ""
        return f"{_BACK}; nothing else", "only the checkout says how it ended" + late
    if step is Step.RESTING:
        rested = now >= entry.updated_at + times.rest
        aside = "put it aside in the inventory", "it was given up and rests before it is free"
        return (f"{_OFF} RELEASED", "it has rested") if rested else aside
    if entry.unknown_at is not None and now < entry.unknown_at + times.ghost:
        return "take our mark off, and wait", "a write that nobody heard of may still be carried out"
    return f"{_OFF} {'EXPIRED' if entry.reason == 'expired' else 'RELEASED'}", "its release was begun"


_OFF, _BACK = "take our mark off and end it as", "put our mark back, should it be lost"
_AT_WORK = (Step.INTENT, Step.ASSIGNING, Step.RELEASING)
_FIXED = {
    Step.INTENT: (f"{_OFF} RELEASED", "nobody was told that it is reserved, so whatever became of the write is undone"),
    Step.ASSIGNING: ("assign it", "that was begun, and its end is not known"),
    Step.ASSIGNED: (
        "put our mark back, should the inventory not show it as assigned",
        "an assignment is looked at again after a while, then no more",
    ),
    **dict.fromkeys(OVER, ("take our mark off, should it be there", "a write of its own may have come through late")),
}
