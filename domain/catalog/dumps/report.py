"""What a load found: how many records of what, which were rejected and why, which references lead nowhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.catalog.dumps.errors import DumpError
from domain.catalog.dumps.records import Reject

LISTED = 100


@dataclass(frozen=True)
class Dangling:
    """References of one kind that lead nowhere: how many targets are missing, and some, each with one that names it."""

    count: int
    examples: Sequence[tuple[str, str]]


@dataclass
class Report:
    """`counts`: entities by resource. Of everything that can be many, the first hundred are kept and all counted.

    `odd` attributes could not be read and count as absent; `ignored` records are of other resources or languages.
    `generation` is the file that serves it, once it does.
    """

    counts: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    ignored: int = 0
    rejects: list[Reject] = field(default_factory=list)
    odd: int = 0
    oddities: list[Reject] = field(default_factory=list)
    dangling: dict[str, Dangling] = field(default_factory=dict)
    cycles: list[list[str]] = field(default_factory=list)
    accepted: int = 0
    generation: str | None = None

    def reject(self, place: str, reason: str) -> None:
        self.rejected += 1
        if len(self.rejects) < LISTED:
            self.rejects.append(Reject(place, reason))

    def note_odd(self, place: str, whats: Sequence[str]) -> None:
        self.odd += len(whats)
        self.oddities += [Reject(place, what) for what in whats[: max(LISTED - len(self.oddities), 0)]]


class RefusedDumpError(DumpError):
    """A dump that could be read and must not serve; `report` tells why in detail."""

    def __init__(self, reason: str, report: Report) -> None:
        super().__init__(reason)
        self.report = report
