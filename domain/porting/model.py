"""A number on its way to us, from the first moment to the last, and what of it a shopper sees.

    INTENT ── ASKING ── REQUESTED ── VALIDATED ── SCHEDULED ── PORTED
       │         │          └────────────┴────────────┤
       │         │       CORRECTING ───────────── REJECTED
       └─ FAILED ┘                       CANCELLED ───┘ (of any but PORTED)

A row in INTENT has asked the provider for nothing; one in ASKING or CORRECTING has, and nobody knows yet what became of
it. A rejected one gives up its right to the number, so that nobody can keep another from it with a wrong code.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from clients.porting import ProviderPortIn
from domain.catalog.rules import fold, folded
from kernel.clock import parse_instant

if TYPE_CHECKING:
    from store.port_ins import PortInRow

M = TypeVar("M")


class Step(Enum):
    """The states of a row."""

    INTENT = "INTENT"
    ASKING = "ASKING"
    REQUESTED = "REQUESTED"
    VALIDATED = "VALIDATED"
    SCHEDULED = "SCHEDULED"
    PORTED = "PORTED"
    REJECTED = "REJECTED"
    CORRECTING = "CORRECTING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


UNHEARD = (Step.ASKING, Step.CORRECTING)
"""The provider was asked, and what it says of it is not known yet."""

OVER = (Step.CANCELLED, Step.FAILED)
"""Nothing comes of it. A row that was forgotten was in one of these, or in PORTED."""

_FURTHER = (Step.INTENT, Step.ASKING, Step.REQUESTED, Step.VALIDATED, Step.SCHEDULED, Step.PORTED)


def goes_on(before: Step, after: Step) -> bool:
    """Whether a provider's word takes a port-in on. It never goes back, and from PORTED nowhere at all.

    A rejected one that goes on was corrected, here or by the operator's own people.
    """
    if before is Step.PORTED:
        return False
    if after in (Step.REJECTED, Step.CANCELLED) or before in (Step.REJECTED, Step.CORRECTING):
        return after is not before
    return before in OVER or _FURTHER.index(after) > _FURTHER.index(before)


class PortInStatus(Enum):
    """Where a port-in stands, for its shopper. A `DRAFT` has not reached the provider, as far as is known."""

    DRAFT = "DRAFT"
    REQUESTED = "REQUESTED"
    VALIDATED = "VALIDATED"
    SCHEDULED = "SCHEDULED"
    PORTED = "PORTED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


_SHOWN = {
    Step.INTENT: PortInStatus.DRAFT,
    Step.ASKING: PortInStatus.DRAFT,
    Step.CORRECTING: PortInStatus.REJECTED,
    **{Step(each.value): each for each in PortInStatus if each is not PortInStatus.DRAFT},
}

SHOWN = tuple(step.value for step in _SHOWN)
"""Rows in any other state never came about."""


class PortInReason(Enum):
    """Why a number does not come, in our own words."""

    AUTHORISATION_CODE_WRONG = "AUTHORISATION_CODE_WRONG"
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN"
    DONOR_WRONG = "DONOR_WRONG"
    DATE_NOT_POSSIBLE = "DATE_NOT_POSSIBLE"
    NOT_PORTABLE = "NOT_PORTABLE"
    OWN_NUMBER = "OWN_NUMBER"
    OTHER = "OTHER"


MESSAGES = {
    PortInReason.AUTHORISATION_CODE_WRONG: "The authorisation code is wrong or no longer valid.",
    PortInReason.ACCOUNT_UNKNOWN: "The other provider knows no such account for this number.",
    PortInReason.DONOR_WRONG: "The number is not with this provider.",
    PortInReason.DATE_NOT_POSSIBLE: "The number cannot come on the wanted date.",
    PortInReason.NOT_PORTABLE: "This number cannot be brought along.",
    PortInReason.OWN_NUMBER: "This number is with us already.",
    PortInReason.OTHER: "The other provider refused.",
}

FIXABLE = {
    PortInReason.AUTHORISATION_CODE_WRONG: "authorisationCode",
    PortInReason.ACCOUNT_UNKNOWN: "accountNumber",
    PortInReason.DONOR_WRONG: "donor",
    PortInReason.DATE_NOT_POSSIBLE: "wantedAt",
}
"""What has to be told anew, by its name in `correctPortIn`. The other reasons cannot be mended."""


@dataclass(frozen=True)
class PortingWords:
    """The provider's words, compared folded. The first word of a state is also the one that is written into TMF639."""

    requested: tuple[str, ...] = ("requested",)
    validated: tuple[str, ...] = ("validated",)
    scheduled: tuple[str, ...] = ("scheduled",)
    ported: tuple[str, ...] = ("ported",)
    rejected: tuple[str, ...] = ("rejected",)
    cancelled: tuple[str, ...] = ("cancelled",)
    code_wrong: tuple[str, ...] = ("AUTHORISATION_CODE_WRONG",)
    account_unknown: tuple[str, ...] = ("ACCOUNT_UNKNOWN",)
    donor_wrong: tuple[str, ...] = ("DONOR_WRONG",)
    date_not_possible: tuple[str, ...] = ("DATE_NOT_POSSIBLE",)
    not_portable: tuple[str, ...] = ("NOT_PORTABLE",)
    own_number: tuple[str, ...] = ("OWN_NUMBER",)

    def step_of(self, told: ProviderPortIn) -> Step | None:
        """The state that a provider tells; None for a word that nobody explained to us."""
        words = {
            Step.REQUESTED: self.requested,
            Step.VALIDATED: self.validated,
            Step.SCHEDULED: self.scheduled,
            Step.PORTED: self.ported,
            Step.REJECTED: self.rejected,
            Step.CANCELLED: self.cancelled,
        }
        return _meaning(told.state, words.items())

    def reason_of(self, text: str | None) -> PortInReason:
        """Why, in our words; OTHER for any that nobody explained to us."""
        words = {
            PortInReason.AUTHORISATION_CODE_WRONG: self.code_wrong,
            PortInReason.ACCOUNT_UNKNOWN: self.account_unknown,
            PortInReason.DONOR_WRONG: self.donor_wrong,
            PortInReason.DATE_NOT_POSSIBLE: self.date_not_possible,
            PortInReason.NOT_PORTABLE: self.not_portable,
            PortInReason.OWN_NUMBER: self.own_number,
        }
        return _meaning(text, words.items()) or PortInReason.OTHER

    def written(self, step: Step) -> str:
        """The word by which TMF639 is told of a state."""
        words = {
            Step.VALIDATED: self.validated,
            Step.SCHEDULED: self.scheduled,
            Step.PORTED: self.ported,
            Step.REJECTED: self.rejected,
            Step.CANCELLED: self.cancelled,
            Step.FAILED: self.cancelled,
        }
        return words.get(step, self.requested)[0]


def _meaning(text: str | None, words: Iterable[tuple[M, tuple[str, ...]]]) -> M | None:
    wanted = fold(text or "")
    return next((meaning for meaning, those in words if wanted in folded(those)), None)


@dataclass(frozen=True)
class Portability:
    """Whether a number can come to us. `earliest` in seconds since the epoch."""

    msisdn: str
    portable: bool
    donor: str | None
    earliest: float | None
    requires: Sequence[str]
    reason: PortInReason | None


@dataclass(frozen=True)
class PortIn:
    """A port-in as its shopper sees it. `scheduled_at`: when the number comes, in seconds since the epoch."""

    id: str
    msisdn: str
    status: PortInStatus
    donor: str
    cart_id: str
    line_id: str
    reason: PortInReason | None
    scheduled_at: float | None

    @property
    def fixable(self) -> bool:
        """Whether `correctPortIn` can help."""
        return self.reason in FIXABLE


def shown(row: "PortInRow") -> PortIn | None:
    """A row as its shopper sees it; None for one that never came about."""
    status = _SHOWN.get(Step(row.state))
    if status is None:
        return None
    reason = PortInReason(row.reason) if row.reason and status is PortInStatus.REJECTED else None
    return PortIn(row.id, f"+{row.msisdn}", status, row.donor, row.cart_id, row.line_id, reason, row.scheduled_at)


def seconds(text: str | None) -> float | None:
    """A provider's time in seconds since the epoch; None where there is none or it cannot be read."""
    moment = parse_instant(text)
    return None if moment is None else moment.timestamp()


def rfc3339(moment: float) -> str:
    """A moment as systems write it, to the second."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")
