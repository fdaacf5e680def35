"""What a resource of TMF639 is: a number of which tier, a card of which kind, or nothing that a shop offers.

No filter of a server's is trusted, so everything that comes is looked at here. The one thing a newcomer would get
wrong: an IMSI or an IMEI has as many digits as a number can have, so digits alone make no number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from clients.tmf639 import Resource
from domain.catalog.rules import fold, folded
from domain.reservations.model import (
    Candidate,
    InventoryWords,
    NumberTier,
    ResourceKind,
    ResourceState,
    SimKind,
    StatusWords,
)

_MSISDN = re.compile(r"[1-9][0-9]{4,14}", re.ASCII)  # E.164, 6.2.1
_ICCID = re.compile(r"89[0-9]{16,18}", re.ASCII)  # ITU-T E.118, 4.1; with and without its check digit, or one more
_SEPARATORS = str.maketrans("", "", " -./()\u00a0")
_CLASS = "numberClass"


@dataclass(frozen=True)
class Recogniser:
    """This operator's words: what a category, a type, a specification, an id or a name of each begins with.

    `untold`: what a card is that does not say whether it is an eSIM; None: it is not offered.
    """

    statuses: StatusWords = field(default_factory=StatusWords)
    words: InventoryWords = field(default_factory=InventoryWords)
    numbers: tuple[str, ...] = ("msisdn", "phonenumber", "telephonenumber")
    esims: tuple[str, ...] = ("esim", "euicc", "embeddedsim")
    plastic: tuple[str, ...] = ("simcard", "usim", "uicc", "physical")
    untold: SimKind | None = None

    def free(self, resource: Resource) -> Candidate | None:
        """What is offered of a resource; None for one that is not free, or that is nothing we offer."""
        return self.candidate(resource) if self.statuses.state_of(resource) is ResourceState.FREE else None

    def candidate(self, resource: Resource) -> Candidate | None:
        """The number or card that a resource is, free or not; None when it is neither."""
        return self._number(resource) or self._sim(resource)

    def may_be_number(self, resource: Resource) -> bool:
        """Whether it is free and its digits could be a number's, whatever its class."""
        digits = _plain(resource.value or "")
        return self.statuses.state_of(resource) is ResourceState.FREE and _MSISDN.fullmatch(digits) is not None

    def _number(self, resource: Resource) -> Candidate | None:
        digits = _plain(resource.value or "")
        if not _MSISDN.fullmatch(digits):
            return None
        tier = self._tier(resource, named=_begins(_words(resource), self.numbers))
        return None if tier is None else Candidate(ResourceKind.NUMBER, resource.id, digits, tier)

    def _tier(self, resource: Resource, *, named: bool) -> NumberTier | None:
        """None for a class that nobody told us of: it might be the dearest. `named`: other words say it is a number."""
        told = [each for each in (resource.category, resource.characteristic(_CLASS)) if each]
        tier = self.words.tier_of(told)
        if tier is not None:
            return tier
        foreign = [each for each in told if not _begins([fold(each)], self.numbers)]
        return NumberTier.STANDARD if named and not foreign else None

    def _sim(self, resource: Resource) -> Candidate | None:
        digits = _plain(resource.serial_number or resource.value or "").upper().removesuffix("F")
        if not _ICCID.fullmatch(digits):
            return None
        kind = self._sim_kind(resource)
        return None if kind is None else Candidate(ResourceKind.SIM, resource.id, digits, sim=kind)

    def _sim_kind(self, resource: Resource) -> SimKind | None:
        words = list(_words(resource))
        if _begins(words, self.esims):
            return SimKind.ESIM
        if resource.serial_number or _begins(words, self.plastic):
            return SimKind.PHYSICAL
        return self.untold


def _words(resource: Resource) -> Iterator[str]:
    specification = resource.resource_specification
    named = (specification.id, specification.name) if specification else ()
    yield from (fold(each) for each in (resource.category, resource.type, *named, resource.id, resource.name) if each)


def _begins(words: "list[str] | Iterator[str]", beginnings: tuple[str, ...]) -> bool:
    return any(word.startswith(tuple(folded(beginnings))) for word in words)


def _plain(text: str) -> str:
    return text.translate(_SEPARATORS).removeprefix("+")
