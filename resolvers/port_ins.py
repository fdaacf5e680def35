"""The fields of numbers on their way, and the mutations that ask for them.

What is asked has been decoded here, each part with its path; the rest is `domain.porting`'s. Account number and
authorisation code go through here and nowhere into a message.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from strawberry import argument

from domain.carts.model import LineInCart
from domain.porting.asked import Correction, PortInRequest, Proof
from domain.porting.model import FIXABLE, MESSAGES, Portability, PortIn, PortInReason
from domain.porting.outcome import NO_LINE, PortInOutcome
from kernel.errors import BadRequestError
from kernel.ids import GlobalId, local_id
from kernel.outcomes import ErrorCode, Path, Rejected, Rejection
from resolvers.cart_inputs import LINE_SEPARATOR
from resolvers.context import Context, Info
from schema.inputs import port_ins as inputs
from schema.inputs.scalars import E164

# ---------------------------------------------------------------- the root's fields


async def portability(info: Info, msisdn: Annotated[E164, argument(description="The number; a mobile one.")]) -> Any:
    return await info.context.require_porting().portability(info.context.request, msisdn)


async def request_port_in(
    info: Info,
    input: Annotated[inputs.RequestPortInInput, argument(description="The number and where to.")],  # noqa: A002
) -> Any:
    port_ins = info.context.require_port_ins()
    try:
        asked = _request(input)
    except Rejected as rejected:
        return PortInOutcome(None, None, rejected.reasons)
    return await port_ins.request(info.context.request, asked)


async def correct_port_in(
    info: Info,
    input: Annotated[inputs.CorrectPortInInput, argument(description="What is told anew.")],  # noqa: A002
) -> Any:
    port_ins = info.context.require_port_ins()
    try:
        asked = _correction(input)
    except Rejected as rejected:
        return PortInOutcome(None, None, rejected.reasons)
    return await port_ins.correct(info.context.request, asked)


def _request(given: inputs.RequestPortInInput) -> PortInRequest:
    """What is asked.

    Raises:
        Rejected: an id is none, or the line is another cart's.
    """
    cart_id = _local(given.cart_id, "Cart", ("input", "cartId"))
    owner, _, line = _local(given.line_id, "CartLine", ("input", "lineId")).partition(LINE_SEPARATOR)
    if owner != cart_id or not line:
        raise Rejected(NO_LINE)
    return PortInRequest(str(given.idempotency_key), cart_id, line, given.msisdn, _proof(given))


def _correction(given: inputs.CorrectPortInInput) -> Correction:
    """What is asked.

    Raises:
        Rejected: the id is none.
    """
    port_in_id = _local(given.port_in_id, "PortIn", ("input", "portInId"))
    return Correction(str(given.idempotency_key), port_in_id, _proof(given))


def _proof(given: inputs.RequestPortInInput | inputs.CorrectPortInInput) -> Proof:
    wanted = None if given.wanted_at is None else given.wanted_at.timestamp()
    return Proof(given.donor, wanted, given.account_number, given.authorisation_code)


def _local(text: str, kind: str, path: Path) -> str:
    try:
        return local_id(text, kind)
    except BadRequestError as error:
        raise Rejected(Rejection(ErrorCode.INVALID, error.message, path)) from None


async def load_port_in(context: Context, local: str) -> PortIn | None:
    """The caller's port-in with this id."""
    return await context.require_port_ins().port_in(context.request, local)


async def of_lines(roots: Sequence[LineInCart], info: Info) -> Any:
    """The port-in of each line; one statement for all of them."""
    porting = info.context.porting
    if porting is None or porting.port_ins is None:
        return [None] * len(roots)
    return await porting.port_ins.of_lines([(each.cart.id, each.line.id) for each in roots])


# ---------------------------------------------------------------- what is told


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)


def earliest(root: strawberry.Parent[Portability]) -> datetime | None:
    return _moment(root.earliest)


def port_in_id(root: strawberry.Parent[PortIn]) -> strawberry.ID:
    return strawberry.ID(str(GlobalId("PortIn", root.id)))


def reason_text(root: strawberry.Parent[PortIn]) -> str | None:
    return None if root.reason is None else MESSAGES[root.reason]


def reason_code(root: strawberry.Parent[PortIn]) -> PortInReason | None:
    return root.reason


def correctable(root: strawberry.Parent[PortIn]) -> list[str]:
    return [FIXABLE[root.reason]] if root.reason in FIXABLE else []


def scheduled_at(root: strawberry.Parent[PortIn]) -> datetime | None:
    return _moment(root.scheduled_at)


async def payload_cart(root: strawberry.Parent[PortInOutcome], info: Info) -> Any:
    if root.cart_id is None:
        return None
    return await info.context.require_carts().cart(info.context.request, root.cart_id)
