"""What only the gateway knows of a cart: whose it is, its version, what was shown, and which change is under way.

One row is one cart. Whoever changes a cart holds its row: `claim` is the one place where two processes that want the
same cart are kept apart, and `holder` is what a paused process finds changed when it wakes (a fence, not a clock).
Everything is written under that fence. Texts named `lines`, `contact`, `intent` and `unsettled` are JSON of
`domain.carts`.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, insert, or_, select, update

from store.database import Connection
from store.tables import cart_changes, carts


@dataclass(frozen=True)
class CartRow:
    """A cart as it is kept. Times are seconds since the epoch."""

    id: str
    upstream_id: str | None
    token_hash: str | None
    token_key: str | None
    owner: str | None
    segment: str
    currency: str
    state: str
    version: int
    lines: str
    etag: str | None
    contact: str | None
    created_at: float
    updated_at: float
    active_at: float
    expires_at: float
    intent: str | None
    holder: str | None
    held_until: float | None
    unsettled: str


@dataclass(frozen=True)
class Change:
    """One entry of a cart's history: the version it made, when, by whom, under which idempotency key, and what."""

    version: int
    at: float
    who: str
    key: str | None
    what: str


async def add(connection: Connection, row: CartRow) -> None:
    await connection.execute(_ADD, row.__dict__)


async def by_id(connection: Connection, cart_id: str) -> CartRow | None:
    return _one((await connection.execute(_BY_ID, {"its_id": cart_id})).one_or_none())


async def by_token(connection: Connection, token_hash: str) -> CartRow | None:
    return _one((await connection.execute(_BY_TOKEN, {"its_token": token_hash})).one_or_none())


async def active_of(connection: Connection, owner: str, now: float) -> CartRow | None:
    """The cart that an owner changed last, of those that can be changed."""
    return _one((await connection.execute(_ACTIVE_OF, {"its_owner": owner, "now": now})).one_or_none())


async def claim(connection: Connection, row: CartRow, *, holder: str, until: float, now: float, intent: str) -> bool:
    """Hold a cart as `row` shows it, with what is intended; False when it has moved on, someone else holds it, or it
    cannot be changed any more.
    """
    its = {"its_id": row.id, "its_version": row.version, "its_unsettled": row.unsettled, "now": now}
    changed = await connection.execute(_CLAIM, {**its, "holder": holder, "held_until": until, "intent": intent})
    return changed.rowcount == 1


async def lock(connection: Connection, cart_id: str, version: int, now: float) -> bool:
    """Let nobody change a guest's cart while it is merged into another; False when it is not as it was."""
    guest_s = (*_idle(cart_id, version, now), carts.c.owner.is_(None))
    changed = await connection.execute(update(carts).where(*guest_s).values(state="LOCKED", **_UNHELD))
    return changed.rowcount == 1


async def unlock(connection: Connection, cart_id: str) -> None:
    """It was not merged."""
    locked = (carts.c.id == cart_id, carts.c.state == "LOCKED", carts.c.owner.is_(None))
    await connection.execute(update(carts).where(*locked).values(state="ACTIVE"))


async def merged(connection: Connection, cart_id: str, now: float) -> None:
    """A guest's cart that was locked has become part of another. Its token opens nothing any more."""
    locked = (carts.c.id == cart_id, carts.c.state == "LOCKED", carts.c.owner.is_(None))
    over = {"state": "MERGED", "token_hash": None, "contact": None, "updated_at": now}
    await connection.execute(update(carts).where(*locked).values(over))


async def merge(connection: Connection, row: CartRow, now: float) -> bool:
    """End a cart for another's sake; False when it is not as `row` shows. A sweep removes it upstream."""
    over = {"state": "MERGED", "token_hash": None, "contact": None, "updated_at": now, **_UNHELD}
    changed = await connection.execute(update(carts).where(*_idle(row.id, row.version, now)).values(over))
    return changed.rowcount == 1


async def give_to(connection: Connection, row: CartRow, owner: str, change: Change, *, expires_at: float) -> bool:
    """Let a guest's cart be an owner's from now on; False when it is not as `row` shows."""
    values = {"owner": owner, "token_hash": None, "version": change.version, "updated_at": change.at, **_UNHELD}
    mine = (*_idle(row.id, row.version, change.at), carts.c.owner.is_(None))
    given = update(carts).where(*mine).values(**values, active_at=change.at, expires_at=expires_at)
    if (await connection.execute(given)).rowcount != 1:
        return False
    await connection.execute(_ADD_CHANGE, {"cart_id": row.id, **change.__dict__})
    return True


async def take_over(connection: Connection, row: CartRow, *, holder: str, until: float, now: float) -> bool:
    """Hold a cart exactly as `row` shows it, whatever was intended; False when it is held or has changed."""
    same = (
        carts.c.id == row.id,
        _equals(carts.c.upstream_id, row.upstream_id),
        carts.c.version == row.version,
        carts.c.state == row.state,
        carts.c.expires_at == row.expires_at,
        carts.c.unsettled == row.unsettled,
        _equals(carts.c.intent, row.intent),
    )
    changed = await connection.execute(update(carts).where(*same, _free(now)).values(holder=holder, held_until=until))
    return changed.rowcount == 1


async def finish(
    connection: Connection,
    cart_id: str,
    holder: str,
    change: Change | None,
    *,
    alive_at: float | None = None,
    **values: Any,
) -> bool:
    """Write what came of a claim, with its entry in the history, and let go.

    False when the hold was lost, or the cart's time is over at a moment at which it must be alive.
    """
    its = {"its_id": cart_id, "its_holder": holder, "intent": None, **_UNHELD, **values}
    held = _HELD if alive_at is None else _HELD_ALIVE
    changed = await connection.execute(held, its if alive_at is None else {**its, "now": alive_at})
    if changed.rowcount != 1:
        return False
    if change is not None:
        await connection.execute(_ADD_CHANGE, {"cart_id": cart_id, **change.__dict__})
    return True


async def remember(connection: Connection, cart_id: str, holder: str, unsettled: str) -> bool:
    """Write down under a hold what may come late; False when the hold was lost."""
    its = {"its_id": cart_id, "its_holder": holder}
    changed = await connection.execute(_HELD, {**its, "unsettled": unsettled})
    return changed.rowcount == 1


async def let_go(connection: Connection, cart_id: str, holder: str) -> None:
    """Let go of a claim whose outcome is not known: the intent stays, for whoever comes next to settle."""
    its = {"its_id": cart_id, "its_holder": holder}
    await connection.execute(_HELD, {**its, "holder": None, "held_until": None})


async def touch(connection: Connection, cart_id: str, *, at: float, expires_at: float) -> bool:
    """Take note that the shopper was here; False when the cart is over, or somebody was here later."""
    alive = (*_alive(cart_id, at), carts.c.active_at < at)
    touched = await connection.execute(update(carts).where(*alive).values(active_at=at, expires_at=expires_at))
    return touched.rowcount == 1


async def alive(connection: Connection, cart_id: str, now: float) -> CartRow | None:
    """A cart that can be changed, and that nobody changes until the caller's transaction ends."""
    return _one((await connection.execute(_ALIVE, {"its_id": cart_id, "now": now})).one_or_none())


async def change_of(connection: Connection, cart_id: str, key: str, what: str) -> Change | None:
    """What was done to a cart under an idempotency key, which another mutation may have been given as well."""
    wanted = (cart_changes.c.cart_id == cart_id, cart_changes.c.key == key, cart_changes.c.what == what)
    found = (await connection.execute(select(cart_changes).where(*wanted).limit(1))).one_or_none()
    return None if found is None else _change(found)


async def changed_for(connection: Connection, owner: str, key: str, what: str) -> str | None:
    """The cart of an owner's to which something was done under an idempotency key."""
    its = (cart_changes.c.cart_id == carts.c.id, cart_changes.c.key == key, cart_changes.c.what == what)
    wanted = select(carts.c.id).join(cart_changes, and_(*its)).where(carts.c.owner == owner).limit(1)
    return (await connection.execute(wanted)).scalar_one_or_none()


async def history(connection: Connection, cart_id: str) -> list[Change]:
    """Everything that was done to a cart, oldest first."""
    wanted = select(cart_changes).where(cart_changes.c.cart_id == cart_id).order_by(cart_changes.c.version)
    return [_change(row) for row in (await connection.execute(wanted)).all()]


async def expired(connection: Connection, now: float, *, limit: int) -> list[CartRow]:
    """Carts whose time is over, or that became part of another, and that nobody holds."""
    ended = and_(carts.c.state == "ACTIVE", carts.c.expires_at < now)
    over = (or_(ended, carts.c.state == "MERGED"), carts.c.intent.is_(None), _free(now))
    found = await connection.execute(select(carts).where(*over).order_by(carts.c.expires_at).limit(limit))
    return [_cart(row) for row in found.all()]


async def left_over(connection: Connection, now: float, *, limit: int) -> list[CartRow]:
    """Carts with a change that nobody carries on with: its process died, or the outcome could not be known."""
    dead = (carts.c.intent.is_not(None), _free(now))
    found = await connection.execute(select(carts).where(*dead).order_by(carts.c.updated_at).limit(limit))
    return [_cart(row) for row in found.all()]


async def unborn(connection: Connection, before: float, *, limit: int) -> list[CartRow]:
    """Carts that were begun before a moment and never came about: their process died, or no cart system answered."""
    wanted = (carts.c.upstream_id.is_(None), carts.c.created_at < before)
    found = await connection.execute(select(carts).where(*wanted).limit(limit))
    return [_cart(row) for row in found.all()]


async def born(connection: Connection, cart_id: str, change: Change, *, upstream_id: str, etag: str | None) -> bool:
    """The cart system has made the cart; False when a sweep has come to it meanwhile, and removes it on both sides."""
    unborn = (carts.c.id == cart_id, carts.c.upstream_id.is_(None), carts.c.holder.is_(None))
    changed = await connection.execute(update(carts).where(*unborn).values(upstream_id=upstream_id, etag=etag))
    if changed.rowcount == 1:
        await connection.execute(_ADD_CHANGE, {"cart_id": cart_id, **change.__dict__})
    return changed.rowcount == 1


async def remove(connection: Connection, cart_id: str) -> None:
    await connection.execute(delete(carts).where(carts.c.id == cart_id))


async def forget(connection: Connection, before: float) -> int:
    """Remove carts that came to their end before a moment, with their history; how many.

    Of one that became part of another only the row tells what there is to be removed upstream: that comes first.
    """
    ended = (carts.c.state.in_(("EXPIRED", "ORDERED")), carts.c.updated_at < before)
    return (await connection.execute(delete(carts).where(*ended))).rowcount


def _idle(cart_id: Any, version: Any, now: Any) -> tuple[Any, ...]:
    """That a cart still is at a version, can be changed, and nobody is at it."""
    return (*_alive(cart_id, now), carts.c.version == version, carts.c.intent.is_(None), _free(now))


def _alive(cart_id: Any, now: Any) -> tuple[Any, ...]:
    """That a cart can be changed."""
    return carts.c.id == cart_id, carts.c.state == "ACTIVE", carts.c.expires_at > now


def _free(now: Any) -> Any:
    """That nobody is at a cart, or nobody who is still heard of."""
    return or_(carts.c.holder.is_(None), carts.c.held_until < now)


def _one(row: "Row[Any] | None") -> CartRow | None:
    return None if row is None else _cart(row)


def _cart(row: "Row[Any]") -> CartRow:
    return CartRow(**row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for a row as a mapping)


def _change(row: "Row[Any]") -> Change:
    return Change(row.version, row.at, row.who, row.key, row.what)


def _equals(column: Any, value: Any) -> Any:
    return column.is_(None) if value is None else column == value


# ---------------------------------------------------------------- built once: what a request of a cart runs

_UNHELD: dict[str, Any] = {"holder": None, "held_until": None}
"""Whoever slept past a hold finds out by its name: it goes with every step that a hold is not asked for."""
_ITS = carts.c.id == bindparam("its_id")
_BY_ID = select(carts).where(_ITS)
_BY_TOKEN = select(carts).where(carts.c.token_hash == bindparam("its_token"))
_ACTIVE_OF = (
    select(carts)
    .where(
        carts.c.owner == bindparam("its_owner"),
        carts.c.state == "ACTIVE",
        carts.c.expires_at > bindparam("now"),
        carts.c.upstream_id.is_not(None),
    )
    .order_by(carts.c.updated_at.desc())
    .limit(1)
)
_ALIVE = select(carts).where(*_alive(bindparam("its_id"), bindparam("now"))).with_for_update(read=True)
_ADD = insert(carts)
_ADD_CHANGE = insert(cart_changes)
_CLAIM = update(carts).where(
    *_idle(bindparam("its_id"), bindparam("its_version"), bindparam("now")),
    carts.c.unsettled == bindparam("its_unsettled"),  # what is given up makes no version, and must not be forgotten
)
_HELD = update(carts).where(_ITS, carts.c.holder == bindparam("its_holder"))
_HELD_ALIVE = _HELD.where(carts.c.expires_at > bindparam("now"))
