"""Whoever is signed in."""

from dataclasses import dataclass

from kernel.context import Principal


@dataclass(frozen=True)
class Viewer:
    """A user who looks at what is theirs."""

    id: str


def viewer_of(principal: Principal) -> Viewer | None:
    """None for a guest."""
    return None if principal.id is None else Viewer(principal.id)
