"""Between a cart's row in SQL and what it means."""

from collections.abc import Sequence

import msgspec

from domain.carts.model import Cart, CartState, Line
from domain.identity.contact import Contact
from kernel.context import Segment
from store.carts import CartRow

_LINES = msgspec.json.Decoder(tuple[Line, ...])
_CONTACT = msgspec.json.Decoder(Contact)


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change that has begun: what the cart shall be, by whom, under which key. Written before anything is asked.

    `attached`: lines, each with all reservations that it shall have. `merges`: the guest's cart, and its version, whose
    lines are among them.
    """

    lines: tuple[Line, ...]
    who: str
    what: str
    key: str | None = None
    contact: Contact | None = None
    attached: tuple[tuple[str, tuple[str, ...]], ...] = ()
    merges: tuple[str, int] | None = None


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a write that brought no answer and had no effect when last looked at; it may have one yet.

    However old: it may have come long ago to a cart that nobody looked at.
    """

    lines: tuple[Line, ...]
    at: float


_INTENT = msgspec.json.Decoder(Intent)
_UNSETTLED = msgspec.json.Decoder(tuple[Unsettled, ...])


def lines_of(row: CartRow) -> tuple[Line, ...]:
    return _LINES.decode(row.lines)


def intent_of(row: CartRow) -> Intent | None:
    return None if row.intent is None else _INTENT.decode(row.intent)


def merges_of(row: CartRow) -> str | None:
    """The guest's cart that a change under way merges into this one."""
    intent = intent_of(row) if row.intent is not None and '"merges"' in row.intent else None
    return None if intent is None or intent.merges is None else intent.merges[0]


def unsettled_of(row: CartRow) -> tuple[Unsettled, ...]:
    return _UNSETTLED.decode(row.unsettled)


def bare(line: Line) -> Line:
    """Of a line only what it is recognised by."""
    return Line(
        id=line.id,
        offering=line.offering,
        quantity=line.quantity,
        parent=line.parent,
        configuration=line.configuration,
        upstream_id=line.upstream_id,
    )


def text(value: Intent | Contact | Sequence[Line] | Sequence[Unsettled]) -> str:
    """As it is written into a row."""
    return msgspec.json.encode(value).decode()


def state_of(row: CartRow, now: float) -> CartState:
    """Where a cart stands. One whose time is over has expired, whether it was swept or not."""
    state = CartState(row.state)
    return CartState.EXPIRED if state is CartState.ACTIVE and row.expires_at <= now else state


def cart_of(row: CartRow, lines: tuple[Line, ...], now: float, *, stale: bool = False) -> Cart:
    """The cart that a row and its lines are."""
    return Cart(
        id=row.id,
        version=row.version,
        state=state_of(row, now),
        segment=Segment(row.segment),
        currency=row.currency,
        lines=lines,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        contact=None if row.contact is None else _CONTACT.decode(row.contact),
        stale=stale,
    )
