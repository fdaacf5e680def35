"""Who was told what about which number, and what of it cannot be true.

Of every answer it is known when its question was sent and when it came, by one clock. From when the answer came that a
number is reserved until its time is over, or until its owner asks to give it up, it is certainly that shopper's; what
is in a checkout, and what is acknowledged as assigned, is so from then on. Nobody else may be told the same of a moment
in between. Where no two such times meet, some order of all the steps explains every answer (Wing and Gong 1993, for one
number at a time): each reservation takes effect when it was acknowledged, each end when it was asked for.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass
class Claim:
    """One reservation as its owner was told of it. Times are None where nothing of the kind happened.

    `held_from`: the answer came; `until`: its end as told, by the fastest clock; `in_checkout_from`: the answer came
    that it is kept whatever the time; `gave_up_at`: giving it up was asked for; `assigned_at`: the answer came that it
    is the owner's for good; `may_be_assigned`: that was asked for, and no answer tells; `lost_at`: an answer came that
    it is the owner's no more.
    """

    number: str
    token: str
    held_from: float
    until: float
    gave_up_at: float | None = None
    assigned_at: float | None = None
    may_be_assigned: bool = False
    in_checkout_from: float | None = None
    lost_at: float | None = None

    def certain(self) -> Iterator[tuple[float, float]]:
        """When it was certainly its owner's: from a moment on, up to another and without that."""
        end = math.inf if self.gave_up_at is None else self.gave_up_at
        if self.held_from < min(self.until, end):
            yield self.held_from, min(self.until, end)
        for start in (self.in_checkout_from, self.assigned_at):
            if start is not None and start < end:
                yield start, end

    @property
    def open(self) -> bool:
        """Whether a checkout has not said how it ended."""
        return self.in_checkout_from is not None and self.assigned_at is None and self.gave_up_at is None


@dataclass(frozen=True)
class Shown:
    """What the inventory shows of a number when all is healed. `free`: nobody's, be it that it rests."""

    free: bool
    assigned: bool
    mark: str | None


@dataclass
class NumbersHistory:
    claims: list[Claim] = field(default_factory=list)


def judge(history: NumbersHistory, final: Mapping[str, Shown], now: float) -> list[str]:
    """Everything that cannot be; nothing, where no number was ever two shoppers' and none is lost or left behind.

    `final`: every number as the inventory shows it at `now`, when all is healed and two sweeps have passed.
    """
    by_number: dict[str, list[Claim]] = defaultdict(list)
    for claim in history.claims:
        by_number[claim.number].append(claim)
    found: list[str] = []
    for number, shown in final.items():
        claims = by_number[number]
        found += [*_owners(number, claims), *_lost(number, claims), *_shown(number, claims, shown, now)]
    return found


def _owners(number: str, claims: Iterable[Claim]) -> Iterator[str]:
    """Nobody's time overlaps with another's: sorted by their beginnings, each ends before the next one begins."""
    spans = sorted((start, end, claim.token) for claim in claims for start, end in claim.certain())
    latest: tuple[float, str] | None = None
    for start, end, token in spans:
        if latest is not None and start < latest[0] and token != latest[1]:
            yield f"{number}: {token} and {latest[1]} both had it at {start}"
        if latest is None or end > latest[0]:
            latest = end, token


def _lost(number: str, claims: Iterable[Claim]) -> Iterator[str]:
    """What is its owner's is not taken away."""
    for claim in claims:
        if claim.lost_at is not None and any(start < claim.lost_at < end for start, end in claim.certain()):
            yield f"{number}: was {claim.token}'s, who was told at {claim.lost_at} that it is not"


def _shown(number: str, claims: Iterable[Claim], shown: Shown, now: float) -> Iterator[str]:
    """What was assigned shows; what is over does not."""
    kept = [claim for claim in claims if claim.assigned_at is not None and claim.gave_up_at is None]
    for claim in kept:
        if (shown.assigned, shown.mark) != (True, claim.token):
            yield f"{number}: was assigned to {claim.token}, and the inventory shows {shown}"
    running = {claim.token for claim in claims if claim.until > now or claim.may_be_assigned or claim.open}
    if not shown.free and shown.mark not in running | {claim.token for claim in kept}:
        yield f"{number}: is held by {shown.mark}, whose time is over"
