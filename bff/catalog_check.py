"""`bff catalog check`: reads an operator's catalogue once, as the shop would, and tells what it stumbled over.

Made for the first hour with a new system: wrong base URL, filters that do nothing, references that lead nowhere, words
that no setting knows.
"""

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bff.settings import Settings
from bff.upstreams import Services, open_services
from clients.tmf620 import Category, ProductOffering, ProductOfferingPrice
from domain.catalog.rules import ShopRules, fold
from kernel.clock import SystemClock
from kernel.context import Audience, Deadline, RequestContext
from kernel.errors import GatewayError

_SECONDS = 300.0
_SHOWN = 8
_OFFERING = frozenset({"category", "productOfferingPrice", "productSpecification", "bundledProductOffering"})


async def check_catalog(settings: Settings, console: Console | None = None) -> bool:
    """Print the report; True when a shop could open with this catalogue."""
    out = console or Console()
    async with open_services(settings, SystemClock(), {}) as services:
        audience = Audience(settings.languages[0], settings.channels[0])
        ctx = RequestContext(audience, Deadline.after(_SECONDS))
        try:
            offerings = await services.on_demand.offering_listing.all(ctx, _OFFERING)
            prices = await services.on_demand.price_listing.all(ctx, frozenset())
            categories = await services.on_demand.category_listing.all(ctx, frozenset())
        except GatewayError as error:
            out.print(f"[red]{error.code}[/red] {error.message}\n{escape(error.detail)}")
            return False
        missing = await _missing_specifications(services, ctx, offerings)
    out.print(_counts(offerings, prices, categories, services, ctx))
    problems = [*_dangling(offerings, prices, categories, missing), *_unknown_words(services.catalog.rules, offerings)]
    for problem in problems:
        out.print(f"[yellow]•[/yellow] {escape(problem)}")
    out.print("[green]Nothing to stumble over.[/green]" if not problems else f"{len(problems)} things to look at.")
    return bool(offerings)


async def _missing_specifications(
    services: Services, ctx: RequestContext, offerings: Iterable[ProductOffering]
) -> list[str]:
    wanted = sorted({each.product_specification.id for each in offerings if each.product_specification})
    found = await services.on_demand.specifications.load_many(ctx, wanted, frozenset())
    return [name for name, entity in zip(wanted, found, strict=True) if entity is None]


def _counts(
    offerings: list[ProductOffering],
    prices: list[ProductOfferingPrice],
    categories: list[Category],
    services: Services,
    ctx: RequestContext,
) -> Table:
    rules, now = services.catalog.rules, services.catalog.now()
    table = Table("what", "how many")
    table.add_row("offerings", str(len(offerings)))
    table.add_row("… a shopper may see", str(sum(rules.visible(each, ctx.audience) for each in offerings)))
    table.add_row("… sellable now", str(sum(rules.is_sellable(each, ctx.audience, now) for each in offerings)))
    table.add_row("prices", str(len(prices)))
    table.add_row("categories", str(len(categories)))
    return table


def _dangling(
    offerings: list[ProductOffering],
    prices: list[ProductOfferingPrice],
    categories: list[Category],
    missing_specifications: list[str],
) -> Iterable[str]:
    """References that lead nowhere, by what they point to."""
    by_id = {each.id for each in offerings}
    priced = {each.id for each in prices}
    shelves = {each.id for each in categories}
    pointers = {
        "prices": {ref.id for each in offerings for ref in each.product_offering_price if not ref.is_value} - priced,
        "categories": {ref.id for each in offerings for ref in each.category} - shelves,
        "bundled offerings": {ref.id for each in offerings for ref in each.bundled_product_offering} - by_id,
        "specifications": set(missing_specifications),
    }
    for what, ids in pointers.items():
        if ids:
            yield f"{len(ids)} {what} are referred to and do not exist: {_some(sorted(ids))}"


def _unknown_words(rules: ShopRules, offerings: list[ProductOffering]) -> Iterable[str]:
    """Segments that no setting maps, and statuses that are neither sold nor hidden."""
    segments = Counter(
        ref.name or ref.id
        for each in offerings
        for ref in each.market_segment
        if not {fold(ref.id), fold(ref.name or "")} & set(rules.segments)
    )
    if segments:
        yield f"Market segments of no setting (BFF_CATALOG_SEGMENT_...), taken as everyone: {_some(segments)}"
    nameless = [each.id for each in offerings if not each.lifecycle_status]
    if nameless:
        yield f"{len(nameless)} offerings have no lifecycleStatus and are never sold: {_some(nameless)}"


def _some(words: Iterable[str]) -> str:
    listed = list(words)
    return ", ".join(listed[:_SHOWN]) + (" …" if len(listed) > _SHOWN else "")
