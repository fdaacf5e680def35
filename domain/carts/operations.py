"""Changes to a cart's lines, all or none: pure rules over what the catalogue says.

The lines of a cart stand in the order a shopper reads them: whatever is in a bundle right behind it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from domain.carts.configuration import Chosen, Configured, configure, fixed, translate
from domain.carts.model import Attachment, Line, below, new_line_id
from domain.carts.offers import Offer, Offers
from domain.carts.pricing import SeenPrice, WrongCurrencyError, prices_for
from domain.catalog import bundles
from domain.catalog.characteristics import applies_to
from domain.catalog.rules import ShopRules
from domain.identity.contact import Contact
from kernel.context import Audience, RequestContext, Segment
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection

MAX_LINES = 200
MAX_QUANTITY = 1_000
MAX_OPERATIONS = 50


@dataclass(frozen=True)
class AddLine:
    """Add an offering; into the bundle line `parent`, where one is named. `children` replace what a bundle holds."""

    path: Path
    offering: str
    quantity: int = 1
    parent: str | None = None
    configuration: Chosen = ()
    children: "tuple[AddLine, ...] | None" = None
    reservations: tuple[str, ...] = ()


@dataclass(frozen=True)
class UpdateLine:
    """Change a line's quantity, or choose anew: `configuration` replaces all choices, and today's price holds.

    `reservations` are all numbers and SIMs that it shall have.
    """

    path: Path
    line: str
    quantity: int | None = None
    configuration: Chosen | None = None
    reservations: tuple[str, ...] | None = None


@dataclass(frozen=True)
class RemoveLine:
    """Take a line out, with everything inside it."""

    path: Path
    line: str


@dataclass(frozen=True)
class AcceptPrice:
    """Agree to today's prices of a line."""

    path: Path
    line: str


@dataclass(frozen=True)
class SetContact:
    """How the shopper can be reached. Replaces what was known."""

    path: Path
    contact: Contact


Operation = AddLine | UpdateLine | RemoveLine | AcceptPrice | SetContact


@dataclass(frozen=True)
class Request:
    """What is asked of a cart."""

    key: str
    cart_id: str
    expected_version: int
    operations: Sequence[Operation]

    def body(self) -> bytes:
        """The same for the same request, whatever its key."""
        return msgspec.json.encode([self.cart_id, self.expected_version, self.operations])

    @property
    def what(self) -> str:
        """As the history has it."""
        return ",".join(type(each).__name__ for each in self.operations)


@dataclass(frozen=True)
class Shelves:
    """The offers a change needs: in the language in which carts are written, and in the shopper's."""

    written: Mapping[str, Offer]
    shown: Mapping[str, Offer]


@dataclass(frozen=True)
class Terms:
    """Under which a cart is filled."""

    segment: Segment
    currency: str
    audience: Audience
    rules: ShopRules
    now: datetime


def terms_of(ctx: RequestContext, offers: Offers, segment: Segment, currency: str) -> Terms:
    return Terms(segment, currency, ctx.audience, offers.catalog.rules, offers.catalog.now())


def needed(lines: Sequence[Line], operations: Sequence[Operation]) -> set[str]:
    """The ids of the offerings that `apply` must know of; what stands in a bundle by itself comes on top."""
    by_id = {line.id: line for line in lines}

    def around(line_id: str | None) -> Iterator[str]:
        """Everything in the outermost bundle that a line stands in: what its price covers may change for all of it."""
        line = by_id.get(line_id or "")
        if line is not None:
            while line.parent in by_id:
                line = by_id[line.parent]
            inside = below(tuple(lines), line.id)
            yield from (each.offering for each in lines if each.id in inside)

    def added(operation: AddLine) -> Iterator[str]:
        yield operation.offering
        yield from around(operation.parent)
        for child in operation.children or ():
            yield from added(child)

    def each() -> Iterator[str]:
        for operation in operations:
            if isinstance(operation, AddLine):
                yield from added(operation)
            elif not isinstance(operation, SetContact):
                yield from around(operation.line)

    return set(each())


@dataclass(frozen=True)
class Applied:
    """The lines after all operations, in their order, and which numbers and SIMs some of them shall have."""

    lines: tuple[Line, ...]
    attached: tuple[Attachment, ...]


def apply(lines: Sequence[Line], operations: Sequence[Operation], shelves: Shelves, terms: Terms) -> Applied:
    """What becomes of a cart's lines.

    Raises:
        Rejected: an operation cannot be carried out; its path says which and where.
    """
    cart = _Lines(list(lines), shelves, terms)
    for operation in operations:
        cart.carry_out(operation)
    cart.check_bundles()
    cart.include()
    return Applied(tuple(cart.lines), cart.attached)


def check_quantity(quantity: int, path: Path) -> None:
    """Check a quantity.

    Raises:
        Rejected: it is none.
    """
    if not 1 <= quantity <= MAX_QUANTITY:
        raise Rejected(Rejection(ErrorCode.INVALID, f"A quantity is from 1 to {MAX_QUANTITY}.", path))


class _Lines:
    def __init__(self, lines: list[Line], shelves: Shelves, terms: Terms) -> None:
        self.lines, self._shelves, self._terms = lines, shelves, terms
        self._changed: dict[str, Path] = {}  # bundle lines with another content than before, and by which operation
        self._attached: dict[str, Attachment] = {}

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """What was said about lines that are still there."""
        return tuple(self._attached[line.id] for line in self.lines if line.id in self._attached)

    def _attach(self, line: str, operation: AddLine | UpdateLine) -> None:
        self._attached[line] = Attachment(operation.path, line, operation.reservations or ())

    def carry_out(self, operation: Operation) -> None:
        if isinstance(operation, AddLine):
            self._add(operation)
        elif isinstance(operation, UpdateLine):
            self._update(operation)
        elif isinstance(operation, AcceptPrice):
            line = self._line(operation.line, operation.path)
            self._put(self._priced(line, operation.path))
        elif isinstance(operation, RemoveLine):
            self._line(operation.line, operation.path)
            gone = below(tuple(self.lines), operation.line)
            self.lines = [line for line in self.lines if line.id not in gone]

    def _add(self, operation: AddLine) -> None:
        check_quantity(operation.quantity, (*operation.path, "quantity"))
        if operation.parent is None:
            self._require_sellable(operation)
            self.lines += self._new(operation, None)
            self._require_room()
            return
        parent = self._line(operation.parent, (*operation.path, "parentId"))
        self._require_option(parent.offering, operation)
        self._changed[parent.id] = operation.path
        inside = below(tuple(self.lines), parent.id)
        last = max(place for place, line in enumerate(self.lines) if line.id in inside)
        self.lines[last + 1 : last + 1] = self._new(operation, parent.id)
        self._require_room()

    def _require_room(self) -> None:
        if len(self.lines) > MAX_LINES:
            message = f"A cart has at most {MAX_LINES} lines."
            raise Rejected(Rejection(ErrorCode.INVALID, message, ("input", "operations")))

    def _new(self, operation: AddLine, parent: str | None, around: frozenset[str] = frozenset()) -> list[Line]:
        """A line and, where it is a bundle, those inside it. `around`: the offerings that it stands in."""
        offer = self._offer(operation.offering, (*operation.path, "offeringId"))
        made = Line(
            id=new_line_id(),
            offering=operation.offering,
            name=offer.offering.name or "",
            quantity=operation.quantity,
            parent=parent,
        )
        lines = [self._configured(made, operation.configuration, operation.path)]
        if operation.reservations:
            self._attach(made.id, operation)
        around |= {operation.offering}
        for child in self._children(operation, offer):
            if child.offering in around:
                message = "This bundle holds itself."
                raise Rejected(Rejection(ErrorCode.NOT_SELLABLE, message, (*operation.path, "offeringId")))
            lines += self._new(child, made.id, around)
        if offer.offering.bundled_product_offering:
            self._changed[made.id] = operation.path
        return lines

    def _children(self, operation: AddLine, offer: Offer) -> Iterator[AddLine]:
        """What was asked for, then what stands in the bundle by itself and was not mentioned."""
        asked = operation.children or ()
        for child in asked:
            check_quantity(child.quantity, (*child.path, "quantity"))
            self._require_option(operation.offering, child)
            yield child
        mentioned = {child.offering for child in asked}
        for bundled in offer.offering.bundled_product_offering:
            limits = offer.option(bundled.id)
            if limits and limits.default and bundled.id not in mentioned and bundled.id in self._shelves.written:
                yield AddLine(operation.path, bundled.id, min(limits.default, MAX_QUANTITY))

    def _update(self, operation: UpdateLine) -> None:
        line = self._line(operation.line, (*operation.path, "lineId"))
        if operation.quantity is not None:
            check_quantity(operation.quantity, (*operation.path, "quantity"))
            line = msgspec.structs.replace(line, quantity=operation.quantity)
            if line.parent:
                self._changed[line.parent] = operation.path
        if operation.configuration is not None:
            line = self._configured(line, operation.configuration, operation.path)
        if operation.reservations is not None:
            self._attach(line.id, operation)
        self._put(line)

    def _configured(self, line: Line, given: Chosen, path: Path) -> Line:
        """The line with these choices, and with today's prices for them."""
        shown = self._offer(line.offering, path, shown=True)
        written = self._offer(line.offering, path)
        configured = configure(shown.choices, given)
        if not isinstance(configured, Configured):
            raise Rejected(
                *(Rejection(ErrorCode.CHOICE_INVALID, fault.message, _place(path, fault.place)) for fault in configured)
            )
        chosen = translate(configured.chosen, shown.choices, written.choices)
        line = msgspec.structs.replace(line, configuration=chosen)
        return self._priced(line, path)

    def _priced(self, line: Line, path: Path) -> Line:
        written = self._offer(line.offering, path)
        names = {price.id: price.name for price in self._offer(line.offering, path, shown=True).prices}
        try:
            seen = prices_of(line, written, self._terms)
        except WrongCurrencyError:
            message = f"This is not sold in {self._terms.currency}."
            raise Rejected(Rejection(ErrorCode.NOT_SELLABLE, message, path)) from None
        seen = tuple(msgspec.structs.replace(price, name=names.get(price.id) or price.name) for price in seen)
        reductions = tuple(
            reduction.id for price in seen for reduction in written.reductions.get(price.id, ()) if price.reductions
        )
        chosen = {price.id for price in written.prices if applies_to(price)}
        surcharges = tuple(price.id for price in seen if price.id in chosen)
        return msgspec.structs.replace(line, prices=seen, reductions=reductions, surcharges=surcharges)

    def _require_sellable(self, operation: AddLine) -> None:
        path = (*operation.path, "offeringId")
        offer = self._offer(operation.offering, path)
        why = unsellable(offer, self._terms)
        if why:
            raise Rejected(Rejection(ErrorCode.NOT_SELLABLE, why, path))

    def _require_option(self, bundle: str, operation: AddLine) -> None:
        offer = self._offer(bundle, operation.path)
        if offer.option(operation.offering) is None:
            message = "This offering is no part of that bundle."
            raise Rejected(Rejection(ErrorCode.CHOICE_INVALID, message, (*operation.path, "offeringId")))
        part = self._offer(operation.offering, (*operation.path, "offeringId"))
        if not self._terms.rules.is_current(part.offering, self._terms.now):
            message = "This offering cannot be bought now."
            raise Rejected(Rejection(ErrorCode.NOT_SELLABLE, message, (*operation.path, "offeringId")))

    def check_bundles(self) -> None:
        """Check that no bundle that was touched holds more of anything than it may."""
        for line in self.lines:
            path = self._changed.get(line.id)
            if path is None:
                continue
            offer = self._offer(line.offering, path)
            for bundled in offer.offering.bundled_product_offering:
                held = held_in(self.lines, line.id, bundled.id)
                limits = offer.option(bundled.id)
                if limits and held > limits.max:
                    message = f"This bundle holds {bundled.name or 'that offering'} at most {limits.max} times."
                    raise Rejected(Rejection(ErrorCode.CHOICE_INVALID, message, path))

    def include(self) -> None:
        """Say of each line how much of it the price of its bundle covers: of every part as many as stand in usually."""
        covering: set[str] = set()
        for bundle in list(self.lines):  # a bundle stands before what is in it
            line = next(line for line in self.lines if line.id == bundle.id)
            if line.prices or (line.parent in covering and line.included >= line.quantity):
                covering.add(line.id)
            offer = self._shelves.written.get(line.offering)
            for bundled in offer.offering.bundled_product_offering if offer else ():
                left = bundles.limits(bundled).default if line.id in covering else 0
                for part in [part for part in self.lines if (part.parent, part.offering) == (line.id, bundled.id)]:
                    included = min(left, part.quantity)
                    left -= included
                    self._put(msgspec.structs.replace(part, included=included))

    def _offer(self, offering: str, path: Path, *, shown: bool = False) -> Offer:
        found = (self._shelves.shown if shown else self._shelves.written).get(offering)
        if found is None:
            raise Rejected(Rejection(ErrorCode.NOT_FOUND, "There is no such offering.", path))
        return found

    def _line(self, line_id: str, path: Path) -> Line:
        found = next((line for line in self.lines if line.id == line_id), None)
        if found is None:
            raise Rejected(Rejection(ErrorCode.NOT_FOUND, "There is no such line in this cart.", path))
        return found

    def _put(self, changed: Line) -> None:
        self.lines = [changed if line.id == changed.id else line for line in self.lines]


def prices_of(line: Line, offer: Offer, terms: Terms) -> tuple[SeenPrice, ...]:
    """What a line costs today, for one of it.

    Raises:
        WrongCurrencyError: nothing of it is sold in the cart's currency.
    """
    chosen = line.configuration + tuple(pair for pair in fixed(offer.choices) if pair not in line.configuration)
    return prices_for(offer.prices, offer.reductions, chosen, currency=terms.currency, rules=terms.rules)


def unsellable(offer: Offer, terms: Terms) -> str | None:
    """Why an offering cannot be bought by itself in this cart; None when it can."""
    if terms.segment not in terms.rules.segments_of(offer.offering):
        return "This offering is not for consumers." if terms.segment is Segment.B2C else "This is not for companies."
    if not terms.rules.is_sellable(offer.offering, terms.audience, terms.now):
        return "This offering cannot be bought now."
    return None


def held_in(lines: Sequence[Line], bundle: str, offering: str) -> int:
    """How many of an offering one of a bundle line holds."""
    return sum(line.quantity for line in lines if line.parent == bundle and line.offering == offering)


def _place(path: Path, place: int | None) -> Path:
    return (*path, "configuration") if place is None else (*path, "configuration", str(place))
