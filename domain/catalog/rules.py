"""Who may see an offering and who may buy it.

Operators spell statuses, segments and price types in their own ways, so every word from an upstream is folded before
it is compared, and the words that mean something are settings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias, TypeVar

from clients.parts import Ref, TimePeriod
from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog.kinds import PriceKind
from kernel.context import Audience, Segment


def fold(text: str) -> str:
    """A word as it is compared: `In Design`, `inDesign` and `in_design` are one."""
    return _fold_word(text) if len(text) <= _LONGEST_WORD else _fold(text)


def _fold(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


K = TypeVar("K")
V = TypeVar("V")
Span: TypeAlias = tuple[datetime, datetime]

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_NEVER: Span = (_LAST, _LAST)
_MOST_NAMED = 1_000  # combinations of segments, or of status, type and period, that are remembered; there is a handful
_LONGEST_WORD = 64  # operators use few words, and each offering and price has some; a client's text is not kept
_fold_word = lru_cache(maxsize=4_096)(_fold)


def folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, words))


@dataclass(frozen=True)
class ShopRules:
    """What this operator's words mean. All are folded."""

    sellable: frozenset[str] = folded(("active", "launched"))
    hidden: frozenset[str] = folded(("in study", "in design", "in test", "rejected"))
    segments: Mapping[str, Segment] = field(
        default_factory=lambda: {
            **dict.fromkeys(("b2c", "consumer", "residential", "private"), Segment.B2C),
            **dict.fromkeys(("b2b", "business", "enterprise", "corporate"), Segment.B2B),
        }
    )
    price_kinds: Mapping[str, PriceKind] = field(
        default_factory=lambda: {
            **dict.fromkeys(("onetime", "nonrecurring", "paynow", "onetimecharge"), PriceKind.PAY_NOW),
            **dict.fromkeys(("onetimeonfirstbill", "onfirstbill", "firstbill"), PriceKind.ON_FIRST_BILL),
            **dict.fromkeys(("recurring", "recurringcharge"), PriceKind.RECURRING),
            **dict.fromkeys(("usage", "usagecharge"), PriceKind.USAGE),
            **dict.fromkeys(("cancellationfee", "cancellation", "earlytermination"), PriceKind.CANCELLATION_FEE),
        }
    )
    discounts: frozenset[str] = folded(("discount", "promotion", "allowance"))
    reductions: frozenset[str] = folded(("discount", "allowance", "alteration"))
    prices_include_tax: bool = False
    _named: dict[tuple[Ref, ...], frozenset[Segment]] = field(default_factory=dict, repr=False, compare=False)
    _charged: dict[tuple[object, ...], Span] = field(default_factory=dict, repr=False, compare=False)

    def segments_of(self, offering: ProductOffering) -> frozenset[Segment]:
        """The segments an offering is for. One that names none we know is for everyone."""
        words = offering.market_segment
        found = self._named.get(words)
        if found is None:
            folded_words = (fold(word or "") for ref in words for word in (ref.name, ref.id))
            named = frozenset(self.segments[word] for word in folded_words if word in self.segments)
            found = _remembered(self._named, words, named or frozenset(Segment))
        return found

    def visible(self, offering: ProductOffering, audience: Audience) -> bool:
        """Whether the caller may know of it at all: not a draft, and for a segment that is the caller's."""
        return fold(offering.lifecycle_status or "") not in self.hidden and not audience.segments.isdisjoint(
            self.segments_of(offering)
        )

    def is_sellable(self, offering: ProductOffering, audience: Audience, now: datetime) -> bool:
        """Whether it can be bought here and now: status, flag, validity and channel together."""
        return self.is_current(offering, now) and offering.is_sellable and _sold_in(offering.channel, audience.channel)

    def is_current(self, offering: ProductOffering, now: datetime) -> bool:
        """Whether it can be bought at all now, be it only inside a bundle: by status and validity."""
        return fold(offering.lifecycle_status or "") in self.sellable and (
            offering.valid_for is None or offering.valid_for.covers(now)
        )

    def price_applies(self, price: ProductOfferingPrice, now: datetime) -> bool:
        """Whether a price is in force: valid now, and of no status or a sellable one."""
        status = fold(price.lifecycle_status or "")
        return (not status or status in self.sellable) and (price.valid_for is None or price.valid_for.covers(now))

    def is_charged(self, price: ProductOfferingPrice, now: datetime) -> bool:
        """Whether a price is in force, and no discount.

        When that is depends on words that hundreds of prices have in common, so it is worked out once for all of them.
        """
        words = (price.lifecycle_status, price.price_type, price.valid_for)
        span = self._charged.get(words)
        if span is None:
            span = _remembered(self._charged, words, self._charged_in(price))
        return span[0] <= now < span[1]

    def _charged_in(self, price: ProductOfferingPrice) -> Span:
        """From when, until when; from the end of time on for one that never is."""
        status = fold(price.lifecycle_status or "")
        if (status and status not in self.sellable) or self.is_discount(price):
            return _NEVER
        period = price.valid_for or TimePeriod()
        return period.start or _FIRST, period.end or _LAST

    def is_discount(self, price: ProductOfferingPrice) -> bool:
        return fold(price.price_type or "") in self.discounts

    def kind_of(self, price: ProductOfferingPrice) -> PriceKind:
        """What kind a price is: by its type, else by what it carries (a period, a unit of measure)."""
        known = self.price_kinds.get(fold(price.price_type or ""))
        if known is not None:
            return known
        if price.recurring_charge_period_type:
            return PriceKind.RECURRING
        return PriceKind.USAGE if price.unit_of_measure else PriceKind.PAY_NOW


def _remembered(known: dict[K, V], words: K, found: V) -> V:
    if len(known) >= _MOST_NAMED:
        known.clear()
    known[words] = found
    return found


def _sold_in(channels: tuple[Ref, ...], channel: str) -> bool:
    """No channel named means every channel."""
    wanted = fold(channel)
    return not channels or any(wanted in (fold(ref.id), fold(ref.name or "")) for ref in channels)
