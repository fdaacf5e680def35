"""The cart's fields, and its mutations. What a client sent is read in `resolvers.cart_inputs`.

An object here is the domain's own; the GraphQL type that shows it stands in `schema.types.carts`.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry
import structlog
from strawberry import argument

from domain.carts.configuration import Chosen, translate
from domain.carts.model import Cart, Line, LineInCart, MergeMode
from domain.carts.outcome import CartOutcome
from domain.carts.pricing import SeenPrice, Total
from domain.carts.problems import Problem
from engine import projection
from kernel.context import Segment
from kernel.errors import BadRequestError, LimitExceededError, UpstreamError
from kernel.ids import GlobalId, local_id
from kernel.money import Money
from kernel.outcomes import ErrorCode, Rejected
from resolvers.cart_inputs import LINE_SEPARATOR, line_global_id, update_request
from resolvers.context import Context, Info
from schema.inputs import carts as inputs

log = structlog.get_logger(__name__)

DEFAULT_LINES = 50
MAX_LINES = 100


# ---------------------------------------------------------------- the root's fields


async def cart(
    info: Info,
    id: Annotated[  # noqa: A002  (the argument's public name)
        strawberry.ID | None, argument(description="The cart's id; null: the caller's own.")
    ] = None,
) -> Any:
    wanted = None if id is None else local_id(id, "Cart")
    return await info.context.require_carts().cart(info.context.request, wanted)


def cart_updated(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="The cart's id.")],  # noqa: A002
) -> AsyncGenerator[Any, None]:
    return info.context.require_carts().follow(info.context.asking, local_id(id, "Cart"))


async def create_cart(
    info: Info,
    input: Annotated[inputs.CreateCartInput, argument(description="What kind of cart.")],  # noqa: A002
) -> Any:
    outcome = await info.context.require_carts().create(
        info.context.request, str(input.idempotency_key), input.segment or Segment.B2C, input.currency
    )
    if outcome.token is not None and info.context.keep_cart_token is not None:
        info.context.keep_cart_token(outcome.token)
        return CartOutcome(outcome.cart, outcome.errors)
    return outcome


async def update_cart(
    info: Info,
    input: Annotated[inputs.UpdateCartInput, argument(description="The cart and what to change.")],  # noqa: A002
) -> Any:
    carts = info.context.require_carts()
    try:
        request = update_request(input)
    except Rejected as rejected:
        return CartOutcome(None, rejected.reasons)
    return await carts.update(info.context.request, info.context.offers, request)


async def claim_cart(
    info: Info,
    input: Annotated[inputs.ClaimCartInput, argument(description="Which guest's cart, and what becomes of it.")],  # noqa: A002
) -> Any:
    mode = input.mode or MergeMode.MERGE
    key, token = str(input.idempotency_key), input.guest_cart_token
    outcome = await info.context.require_carts().claim(info.context.request, key, token, mode)
    if not outcome.errors and info.context.keep_cart_token is not None:
        info.context.keep_cart_token(None)
    return outcome


async def load_line(context: Context, local: str) -> LineInCart | None:
    """The line that a local id names, in a cart of the caller's."""
    owner, _, wanted = local.partition(LINE_SEPARATOR)
    found = await context.require_carts().cart(context.request, owner)
    line = found.line(wanted) if found is not None else None
    return None if found is None or line is None else LineInCart(found, line)


# ---------------------------------------------------------------- what came of a mutation


def guest_cart_token(root: strawberry.Parent[CartOutcome]) -> str | None:
    return root.token


async def warnings(root: strawberry.Parent[CartOutcome], info: Info) -> Any:
    """As far as it can be known now: a change that was made is not to be hidden behind a catalogue that is away."""
    if root.cart is None:
        return []
    try:
        return await problems(root.cart, info)
    except UpstreamError as error:
        log.warning("cart.warnings_unknown", detail=error.detail)
        return []


# ---------------------------------------------------------------- a cart


def cart_id(root: strawberry.Parent[Cart]) -> strawberry.ID:
    return strawberry.ID(str(GlobalId("Cart", root.id)))


def updated_at(root: strawberry.Parent[Cart]) -> datetime:
    return _moment(root.updated_at)


def expires_at(root: strawberry.Parent[Cart]) -> datetime:
    return _moment(root.expires_at)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def totals(root: strawberry.Parent[Cart]) -> Any:
    return root.totals()


async def problems(root: strawberry.Parent[Cart], info: Info) -> Any:
    found = await info.context.require_carts().problems(info.context.request, info.context.offers, root)
    return [_ProblemOf(root, problem) for problem in found]


@dataclass(frozen=True)
class LinePage:
    """Some lines of a cart, and whether there are others before and behind them."""

    lines: Sequence[LineInCart]
    has_previous_page: bool
    has_next_page: bool

    @property
    def start_cursor(self) -> str | None:
        return self.lines[0].line.id if self.lines else None

    @property
    def end_cursor(self) -> str | None:
        return self.lines[-1].line.id if self.lines else None


def lines(
    root: strawberry.Parent[Cart],
    first: Annotated[int | None, argument(description="How many, at most 100.")] = DEFAULT_LINES,
    after: Annotated[str | None, argument(description="A cursor: the page begins behind it.")] = None,
) -> Any:
    wanted = DEFAULT_LINES if first is None else first
    if wanted < 0:
        raise BadRequestError("`first` must not be negative.")
    if wanted > MAX_LINES:
        raise LimitExceededError(f"`first` is at most {MAX_LINES}.")
    start = 0
    if after is not None:
        start = next((place + 1 for place, line in enumerate(root.lines) if line.id == after), -1)
        if start < 0:
            raise BadRequestError("This is no cursor of this cart, or its line is gone.")
    page = root.lines[start : start + wanted]
    return LinePage([LineInCart(root, line) for line in page], start > 0, start + wanted < len(root.lines))


def page_lines(root: strawberry.Parent[LinePage]) -> Any:
    return root.lines


# ---------------------------------------------------------------- a line


def line_id(root: strawberry.Parent[LineInCart]) -> strawberry.ID:
    return line_global_id(root.cart.id, root.line.id)


def line_cursor(root: strawberry.Parent[LineInCart]) -> str:
    return root.line.id


def line_action(root: strawberry.Parent[LineInCart]) -> Any:
    return root.line.action


def line_quantity(root: strawberry.Parent[LineInCart]) -> int:
    return root.line.quantity


def line_included(root: strawberry.Parent[LineInCart]) -> int:
    return root.line.included


async def line_offering(root: strawberry.Parent[LineInCart], info: Info) -> Any:
    fields = projection(info, "ProductOffering")
    return await info.context.catalog.offering(info.context.request, root.line.offering, fields)


def line_parent(root: strawberry.Parent[LineInCart]) -> Any:
    parent = root.cart.line(root.line.parent) if root.line.parent else None
    return None if parent is None else LineInCart(root.cart, parent)


def line_prices(root: strawberry.Parent[LineInCart]) -> Any:
    return root.line.prices


def line_configuration(root: strawberry.Parent[LineInCart], info: Info) -> Any:
    """At once where the shopper reads the language in which carts are written."""
    chosen = root.line.configuration
    if not chosen or info.context.request.audience.language == info.context.offers.language:
        return chosen
    return _translated(root.line, info)


async def _translated(line: Line, info: Info) -> Chosen:
    request, offers = info.context.request, info.context.offers
    written = (await offers.choices(offers.written(request), line.offering)) or ()
    shown = (await offers.choices(request, line.offering)) or ()
    return translate(line.configuration, written, shown)


# ---------------------------------------------------------------- prices, totals, problems


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else Money(amount, currency)


def seen_net(root: strawberry.Parent[SeenPrice]) -> Any:
    return _money(root.net, root.currency)


def seen_gross(root: strawberry.Parent[SeenPrice]) -> Any:
    return _money(root.gross, root.currency)


def list_net(root: strawberry.Parent[SeenPrice]) -> Any:
    return _money(root.list_net, root.currency)


def list_gross(root: strawberry.Parent[SeenPrice]) -> Any:
    return _money(root.list_gross, root.currency)


def reductions(root: strawberry.Parent[SeenPrice]) -> Any:
    return root.reductions


def total_net(root: strawberry.Parent[Total]) -> Any:
    return _money(root.net, root.currency)


def total_gross(root: strawberry.Parent[Total]) -> Any:
    return _money(root.gross, root.currency)


@dataclass(frozen=True)
class _ProblemOf:
    cart: Cart
    problem: Problem


def problem_code(root: strawberry.Parent[_ProblemOf]) -> ErrorCode:
    return root.problem.code


def problem_message(root: strawberry.Parent[_ProblemOf]) -> str:
    return root.problem.message


def problem_line(root: strawberry.Parent[_ProblemOf]) -> strawberry.ID | None:
    return None if root.problem.line_id is None else line_global_id(root.cart.id, root.problem.line_id)


def problem_blocking(root: strawberry.Parent[_ProblemOf]) -> bool:
    return root.problem.blocking


def problem_change(root: strawberry.Parent[_ProblemOf]) -> Any:
    return None if root.problem.change is None else root


def changed_line(root: strawberry.Parent[_ProblemOf]) -> strawberry.ID:
    return line_global_id(root.cart.id, root.problem.line_id or "")


def before(root: strawberry.Parent[_ProblemOf]) -> Any:
    return _shown(root.problem.change.before) if root.problem.change else None


def after(root: strawberry.Parent[_ProblemOf]) -> Any:
    return _shown(root.problem.change.after) if root.problem.change else None


def _shown(price: SeenPrice | None) -> Money | None:
    """What a shopper is shown of a price: with tax, or without where the tax is not known."""
    if price is None:
        return None
    return _money(price.net if price.gross is None else price.gross, price.currency)
