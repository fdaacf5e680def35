"""From what a client sent of a cart to what the domain is asked: ids are decoded, texts checked, each with its path."""

from collections.abc import Iterable, Iterator, Sequence

import strawberry

from domain.carts.configuration import Chosen
from domain.carts.operations import MAX_LINES as MOST_LINES
from domain.carts.operations import (
    MAX_OPERATIONS,
    AcceptPrice,
    AddLine,
    Operation,
    RemoveLine,
    Request,
    SetContact,
    UpdateLine,
)
from domain.identity.contact import Contact, checked_contact
from kernel.errors import BadRequestError
from kernel.ids import GlobalId, local_id
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection
from schema.inputs import carts as inputs

MAX_CHOICES = 100
MAX_RESERVATIONS = 50
LINE_SEPARATOR = "~"
"""Between a cart's id and a line's in the local id of a `CartLine`."""


def update_request(given: inputs.UpdateCartInput) -> Request:
    """What is asked, in the domain's words.

    Raises:
        Rejected: an id or a text is not what it should be; every such place is named.
    """
    cart_id = local(given.cart_id, "Cart", ("input", "cartId"))
    path: Path = ("input", "operations")
    if not 1 <= len(given.operations) <= MAX_OPERATIONS:
        raise Rejected(Rejection(ErrorCode.INVALID, f"From 1 to {MAX_OPERATIONS} operations at a time.", path))
    _check_size(given.operations, path)
    operations: list[Operation] = []
    wrong: list[Rejection] = []
    for place, each in enumerate(given.operations):
        try:
            operations.append(_operation(each, cart_id, (*path, str(place))))
        except Rejected as rejected:
            wrong += rejected.reasons
    if wrong:
        raise Rejected(*wrong)
    return Request(str(given.idempotency_key), cart_id, given.expected_version, operations)


def _check_size(operations: Sequence[inputs.CartOperation], path: Path) -> None:
    """Check, before anything is asked upstream, that not more is added than a cart can hold: each may cost a call.

    Raises:
        Rejected: it is more.
    """
    added = [each.add_line for each in operations if each.add_line]
    for count, line in enumerate(_with_children(added), 1):
        if count > MOST_LINES or len(line.configuration or ()) > MAX_CHOICES:
            message = f"A cart has at most {MOST_LINES} lines, and a line at most {MAX_CHOICES} choices."
            raise Rejected(Rejection(ErrorCode.INVALID, message, path))
    if any(each.update_line and len(each.update_line.configuration or ()) > MAX_CHOICES for each in operations):
        raise Rejected(Rejection(ErrorCode.INVALID, f"A line has at most {MAX_CHOICES} choices.", path))


def _with_children(lines: Iterable[inputs.AddLine]) -> Iterator[inputs.AddLine]:
    for line in lines:
        yield line
        yield from _with_children(line.children or ())


def _operation(given: inputs.CartOperation, cart_id: str, path: Path) -> Operation:
    if given.add_line:
        return _add(given.add_line, cart_id, (*path, "addLine"))
    if given.update_line:
        at = (*path, "updateLine")
        changed = given.update_line
        configuration = None if changed.configuration is None else _chosen(changed.configuration)
        line = _line(changed.line_id, cart_id, (*at, "lineId"))
        return UpdateLine(at, line, changed.quantity, configuration, _reserved(changed.reservation_ids, at))
    if isinstance(given.remove_line, str):
        at = (*path, "removeLine")
        return RemoveLine(at, _line(given.remove_line, cart_id, at))
    if isinstance(given.accept_price, str):
        at = (*path, "acceptPrice")
        return AcceptPrice(at, _line(given.accept_price, cart_id, at))
    if given.set_contact:
        at = (*path, "setContact")
        return SetContact(at, _contact(given.set_contact, at))
    raise Rejected(Rejection(ErrorCode.INVALID, "This operation says nothing.", path))


def _add(given: inputs.AddLine, cart_id: str, path: Path) -> AddLine:
    children = None
    if given.children is not None:
        children = tuple(
            _add(child, cart_id, (*path, "children", str(place))) for place, child in enumerate(given.children)
        )
    return AddLine(
        path,
        local(given.offering_id, "ProductOffering", (*path, "offeringId")),
        given.quantity,
        None if given.parent_id is None else _line(given.parent_id, cart_id, (*path, "parentId")),
        _chosen(given.configuration or ()),
        children,
        _reserved(given.reservation_ids, path) or (),
    )


def _reserved(given: Sequence[str] | None, path: Path) -> tuple[str, ...] | None:
    if given is None:
        return None
    at = (*path, "reservationIds")
    if len(given) > MAX_RESERVATIONS:
        raise Rejected(Rejection(ErrorCode.INVALID, f"A line has at most {MAX_RESERVATIONS} reservations.", at))
    return tuple(local(each, "Reservation", (*at, str(place))) for place, each in enumerate(given))


def _contact(given: inputs.ContactInput, path: Path) -> Contact:
    address = given.address
    return checked_contact(
        path,
        consent=given.reminder_consent,
        email=given.email,
        phone=given.phone,
        address=None if address is None else vars(address),
    )


def _chosen(given: Iterable[inputs.CharacteristicInput]) -> Chosen:
    return tuple((each.name, each.value) for each in given)


def _line(text: str, cart_id: str, path: Path) -> str:
    """The id of a line within its cart; that of another cart's line is no line of this one."""
    owner, _, line = local(text, "CartLine", path).partition(LINE_SEPARATOR)
    if owner != cart_id or not line:
        raise Rejected(Rejection(ErrorCode.NOT_FOUND, "There is no such line in this cart.", path))
    return line


def line_global_id(cart_id: str, line_id: str) -> strawberry.ID:
    """The global id of a line, as `_line` reads it."""
    return strawberry.ID(str(GlobalId("CartLine", f"{cart_id}{LINE_SEPARATOR}{line_id}")))


def local(text: str, kind: str, path: Path) -> str:
    """The local id in a global one.

    Raises:
        Rejected: it is none of this kind.
    """
    try:
        return local_id(text, kind)
    except BadRequestError as error:
        raise Rejected(Rejection(ErrorCode.INVALID, error.message, path)) from None
