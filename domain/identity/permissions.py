"""May this principal do this to this object? The one place that answers, for all that belongs to a customer.

What a newcomer would get wrong: who has no role at a customer must not learn that it exists. So there are two refusals:
`NOT_FOUND`, exactly as for an id that is nobody's, and `FORBIDDEN`, for members whose role does not reach that far.
And an object of an upstream (an account, a product) is a customer's only if it says so itself: no filter is trusted.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Protocol

from domain.identity.model import Membership, Role
from kernel.context import Principal, Segment
from kernel.errors import UnauthenticatedError
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection


class Action(Enum):
    """What can be done to a customer or to what is a customer's."""

    VIEW = "VIEW"
    BUY = "BUY"
    CHANGE = "CHANGE"
    MANAGE_MEMBERS = "MANAGE_MEMBERS"


_ALLOWED: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.ADMIN: frozenset(Action),
    Role.BUYER: frozenset({Action.VIEW, Action.BUY}),
    Role.VIEWER: frozenset({Action.VIEW}),
}
_GRANTED: dict[Role, frozenset[Role]] = {
    Role.OWNER: frozenset(Role),
    Role.ADMIN: frozenset(Role) - {Role.OWNER},
    Role.BUYER: frozenset(),
    Role.VIEWER: frozenset(),
}
_NOT_THERE = "There is no such customer."
_NOT_ALLOWED = "Your role at this customer does not allow this."


class OfParty(Protocol):
    """An object of an upstream that says whose it is."""

    def is_of(self, party: str) -> bool: ...


def may(role: Role, action: Action) -> bool:
    return action in _ALLOWED[role]


def may_grant(role: Role, granted: Role) -> bool:
    """Whether somebody in a role may make somebody else that."""
    return granted in _GRANTED[role]


def require_user(principal: Principal) -> str:
    """The user's id.

    Raises:
        UnauthenticatedError: nobody is signed in.
    """
    if principal.id is None:
        raise UnauthenticatedError(detail="a guest asked for what only users have")
    return principal.id


def require(found: Membership | None, action: Action, path: Path) -> Membership:
    """The membership, if it reaches as far as the action.

    Raises:
        Rejected: it does not, or there is none.
    """
    if found is None:
        raise Rejected(Rejection(ErrorCode.NOT_FOUND, _NOT_THERE, path))
    if not may(found.role, action):
        raise Rejected(Rejection(ErrorCode.FORBIDDEN, _NOT_ALLOWED, path))
    return found


def find(memberships: Iterable[Membership], customer_id: str) -> Membership | None:
    """The caller's membership of a customer; None for any other customer, whether there is one or not."""
    return next((each for each in memberships if each.customer.id == customer_id), None)


def belongs(thing: OfParty, membership: Membership) -> bool:
    """Whether an object of an upstream is that customer's, as role or as party."""
    return thing.is_of(membership.customer.upstream_id) or thing.is_of(membership.customer.party_id)


def segments_of(memberships: Iterable[Membership]) -> frozenset[Segment]:
    """What a user may see of the catalogue: their own segments; both as long as they are no customer."""
    return frozenset(each.segment for each in memberships) or frozenset(Segment)
