"""Customers as the gateway knows them: where the operator has their parts, who acts for them, who is invited.

A customer's id is the gateway's own. It exists here once all its parts exist upstream.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, or_, select

from store.database import Connection
from store.tables import customers, identities, invitations, members
from store.upsert import insert_into


@dataclass(frozen=True)
class CustomerRow:
    """`upstream_id`: in TMF629; `party_kind`: individual or organization; `account_id`: the first billing account."""

    id: str
    segment: str
    upstream_id: str
    party_kind: str
    party_id: str
    account_id: str
    created_at: float


@dataclass(frozen=True)
class MemberRow:
    """A customer, and as what somebody acts for it."""

    customer: CustomerRow
    role: str


# ---------------------------------------------------------------- customers and members


async def add_customer(connection: Connection, row: CustomerRow) -> None:
    """A customer that is there already stays as it is: a step may run twice."""
    await connection.execute(
        insert_into(connection.dialect.name, customers).values(**row.__dict__).on_conflict_do_nothing()
    )


async def remove_customer(connection: Connection, customer_id: str) -> None:
    """With its members and invitations."""
    await connection.execute(delete(members).where(members.c.customer_id == customer_id))
    await connection.execute(delete(invitations).where(invitations.c.customer_id == customer_id))
    await connection.execute(delete(customers).where(customers.c.id == customer_id))


async def by_id(connection: Connection, customer_id: str) -> CustomerRow | None:
    found = (await connection.execute(select(customers).where(customers.c.id == customer_id))).one_or_none()
    return None if found is None else _customer(found)


async def any_is_known(connection: Connection, ids: Collection[str]) -> bool:
    """Whether any of these ids is a customer's or its party's, as the operator calls them."""
    wanted = select(customers.c.id).where(or_(customers.c.upstream_id.in_(ids), customers.c.party_id.in_(ids)))
    return (await connection.execute(wanted.limit(1))).first() is not None


async def add_member(
    connection: Connection, customer_id: str, principal: str, role: str, *, by: str, now: float
) -> None:
    """Whoever is a member already keeps the role."""
    row = {"customer_id": customer_id, "principal": principal, "role": role, "since": now, "added_by": by}
    await connection.execute(insert_into(connection.dialect.name, members).values(**row).on_conflict_do_nothing())


async def memberships(connection: Connection, principal: str) -> list[MemberRow]:
    """The customers that somebody acts for, oldest first."""
    wanted = (
        select(customers, members.c.role)
        .join(members, members.c.customer_id == customers.c.id)
        .where(members.c.principal == principal)
        .order_by(members.c.since, customers.c.id)
    )
    return [MemberRow(_customer(row), row.role) for row in (await connection.execute(wanted)).all()]


# ---------------------------------------------------------------- invitations


async def invite(
    connection: Connection, customer_id: str, login: str, role: str, *, by: str, now: float, until: float
) -> None:
    """`login` as a keyed HMAC. A second invitation of the same login replaces the first."""
    row = {"role": role, "invited_by": by, "created_at": now, "expires_at": until}
    wanted = insert_into(connection.dialect.name, invitations).values(customer_id=customer_id, login=login, **row)
    await connection.execute(
        wanted.on_conflict_do_update(index_elements=[invitations.c.customer_id, invitations.c.login], set_=row)
    )


async def invited(connection: Connection, login: str, now: float) -> list[Any]:
    """Invitations of this login whose time is not over: customer_id, login, role, invited_by."""
    wanted = select(invitations).where(invitations.c.login == login, invitations.c.expires_at > now)
    return list((await connection.execute(wanted)).all())


async def take_up(connection: Connection, seen: Any, now: float) -> bool:
    """Remove an invitation; False when it does not grant any more what was seen, or its time is over."""
    same = [invitations.c[name] == getattr(seen, name) for name in ("customer_id", "login", "role", "invited_by")]
    return (await connection.execute(delete(invitations).where(*same, invitations.c.expires_at > now))).rowcount == 1


async def forget_invitations(connection: Connection, now: float) -> int:
    """Remove those whose time is over; how many."""
    return (await connection.execute(delete(invitations).where(invitations.c.expires_at <= now))).rowcount


# ---------------------------------------------------------------- what makes a second customer impossible


async def claim_identities(
    connection: Connection, customer_id: str, macs: Iterable[tuple[str, str]], now: float
) -> list[str] | None:
    """Claim values, each a kind with its keyed HMAC; those that are new, or None when another customer has one.

    In the order of the HMACs, so that two who claim the same values wait for each other and not in a circle. When the
    answer is None, the caller's transaction should not be committed.
    """
    new = []
    for kind, mac in sorted(macs, key=lambda each: each[1]):
        row = {"mac": mac, "customer_id": customer_id, "kind": kind, "created_at": now}
        claimed = insert_into(connection.dialect.name, identities).values(**row).on_conflict_do_nothing()
        if (await connection.execute(claimed.returning(identities.c.mac))).first() is not None:
            new.append(mac)
            continue
        owner = await connection.execute(select(identities.c.customer_id).where(identities.c.mac == mac))
        if owner.scalar_one_or_none() != customer_id:
            return None
    return new


async def release_identities(connection: Connection, customer_id: str, macs: Sequence[str]) -> None:
    wanted = (identities.c.customer_id == customer_id, identities.c.mac.in_(macs))
    await connection.execute(delete(identities).where(*wanted))


async def release_all_identities(connection: Connection, customer_id: str) -> None:
    await connection.execute(delete(identities).where(identities.c.customer_id == customer_id))


async def keep_identities(connection: Connection, customer_id: str, kinds: Sequence[str], macs: Sequence[str]) -> None:
    """Of these kinds let go of what is not among `macs`."""
    outdated = (
        identities.c.customer_id == customer_id,
        identities.c.kind.in_(kinds),
        identities.c.mac.not_in(macs),
    )
    await connection.execute(delete(identities).where(*outdated))


def _customer(row: "Row[Any]") -> CustomerRow:
    told = row._mapping  # noqa: SLF001  (SQLAlchemy's public name for a row as a mapping)
    return CustomerRow(**{name: told[name] for name in CustomerRow.__dataclass_fields__})
