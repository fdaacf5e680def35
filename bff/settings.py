"""Every setting of the gateway, in one frozen object that is read from the environment once.

The only module that reads the environment. A wrong value stops the start with the variable's name and an example, and
so does a `BFF_` variable that no setting has: a misspelt name would otherwise be a setting that silently does nothing.
"""

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin, get_type_hints

from bff.setting_checks import (
    Check,
    at_least,
    currency,
    database_url,
    filters,
    header,
    header_value,
    one_of,
    paths,
    redis_url,
    signing_keys,
    tiers,
    web_url,
    words,
)

PREFIX = "BFF_"


class SettingsError(Exception):
    """The environment does not make a working configuration; the text names each variable at fault."""


def setting(default: Any, doc: str, *, example: str = "", check: Check | None = None, secret: bool = False) -> Any:
    """A setting: its default, what it means, an example where the default is none, a check, and whether to show it."""
    notes = {"doc": doc, "example": example, "check": check, "secret": secret}
    return field(default=default, repr=not secret, metadata=notes)


@dataclass(frozen=True)
class UpstreamSettings:
    """One TM Forum API of the operator."""

    url: str = setting(
        "",
        "Base URL, up to and without the resource's name.",
        example="https://api.example.com/tmf-api/productCatalogManagement/v4",
        check=web_url,
    )
    version: str = setting("v4", "The version this server speaks: v4 or v5.", check=one_of("v4", "v5"))
    timeout: float = setting(5.0, "Seconds for one answer, retries included.", check=at_least(0.05))
    attempts: int = setting(3, "How often a GET is tried in all.", check=at_least(1))
    page_size: int = setting(100, "Items asked for at a time; some servers refuse more than 100.", check=at_least(1))
    max_url: int = setting(4000, "Longest URL this server takes; lists of ids are cut to fit.", check=at_least(500))
    fan_out: int = setting(
        8, "Single reads at the same time, where the server takes no lists of ids.", check=at_least(1)
    )
    filters: tuple[str, ...] = setting(("category.id", "isBundle"), "Attributes this server filters by.")
    max_connections: int = setting(64, "Connections to this upstream at most.", check=at_least(1))
    max_bytes: int = setting(16_000_000, "Largest answer that is read.", check=at_least(10_000))
    breaker_threshold: int = setting(5, "Failures in a row after which a collection is left alone.", check=at_least(1))
    breaker_cooldown: float = setting(5.0, "Seconds until it is tried again.", check=at_least(0))
    auth: str = setting(
        "none", "none, api_key or oauth2 (client credentials).", check=one_of("none", "api_key", "oauth2")
    )
    api_key_header: str = setting("x-api-key", "Header that carries the API key.", check=header)
    api_key: str = setting("", "The API key.", example="secret", check=header_value, secret=True)
    token_url: str = setting("", "OAuth2 token endpoint.", example="https://idp.example.com/token", check=web_url)
    client_id: str = setting("", "OAuth2 client id.", example="shop-gateway")
    client_secret: str = setting("", "OAuth2 client secret.", example="secret", secret=True)
    scope: str = setting("", "OAuth2 scope, where one is needed.", example="catalog.read")


@dataclass(frozen=True)
class CacheSettings:
    """How long what was read is kept, and how much of it."""

    memory_mb: int = setting(96, "Megabytes of decoded objects kept in each process.", check=at_least(1))
    fresh: float = setting(300.0, "Seconds a cached value is as good as a new one.", check=at_least(0))
    stale_while_revalidate: float = setting(
        300.0, "Seconds after that it is used while it is renewed behind.", check=at_least(0)
    )
    stale_if_error: float = setting(86_400.0, "Seconds it is still used when its upstream fails.", check=at_least(0))
    missing: float = setting(30.0, "Seconds a 'there is no such thing' is believed.", check=at_least(0))
    patience: float = setting(1.0, "Seconds a shopper waits for the renewal of something old.", check=at_least(0))


@dataclass(frozen=True)
class LimitSettings:
    """What one document may ask for, fragments written out. Wide enough for a page of 50 with two levels of bundles."""

    body_bytes: int = setting(100_000, "Largest request body.", check=at_least(100))
    tokens: int = setting(2_000, "Tokens in a document.", check=at_least(10))
    depth: int = setting(20, "Levels of fields.", check=at_least(1))
    fields: int = setting(1_000, "Fields and fragments in a document.", check=at_least(1))
    aliases: int = setting(60, "Aliases in a document.", check=at_least(0))
    overlaps: int = setting(1_000, "Pairs of fields under one name that would have to be compared.", check=at_least(0))
    directives: int = setting(100, "Directives in a document.", check=at_least(0))


@dataclass(frozen=True)
class CatalogSettings:
    """What this operator's words mean. Case, spaces and punctuation do not matter in them."""

    sellable: tuple[str, ...] = setting(("active", "launched"), "Statuses in which an offering can be sold.")
    hidden: tuple[str, ...] = setting(
        ("in study", "in design", "in test", "rejected"), "Statuses that no shopper may know of."
    )
    segment_b2c: tuple[str, ...] = setting(("b2c", "consumer", "residential", "private"), "Segments of consumers.")
    segment_b2b: tuple[str, ...] = setting(("b2b", "business", "enterprise", "corporate"), "Segments of companies.")
    pay_now: tuple[str, ...] = setting(
        ("oneTime", "nonRecurring", "payNow", "oneTimeCharge"), "Types of prices paid at once."
    )
    on_first_bill: tuple[str, ...] = setting(
        ("oneTimeOnFirstBill", "onFirstBill", "firstBill"), "Types of prices on the first bill."
    )
    recurring: tuple[str, ...] = setting(("recurring", "recurringCharge"), "Types of recurring prices.")
    usage: tuple[str, ...] = setting(("usage", "usageCharge"), "Types of usage prices.")
    cancellation_fee: tuple[str, ...] = setting(
        ("cancellationFee", "cancellation", "earlyTermination"), "Types of fees for leaving early."
    )
    discounts: tuple[str, ...] = setting(
        ("discount", "promotion", "allowance"), "Types of price, and of relation between prices, that are reductions."
    )
    source: str = setting(
        "on_demand",
        "on_demand: from TMF620; dump: from the loaded dump; dump_first: from the dump, and what it lacks from TMF620.",
        check=one_of("on_demand", "dump", "dump_first"),
    )
    prices_include_tax: bool = setting(False, "Whether TMF620's prices contain tax.")
    max_scan: int = setting(5_000, "Entries read at most for one search, sort or count on demand.", check=at_least(1))


@dataclass(frozen=True)
class DumpSettings:
    """The daily dump, where the catalogue comes from one."""

    folder: str = setting(".bff-data/dumps", "Where loaded dumps are kept; every process of a machine reads there.")
    paths: tuple[str, ...] = setting((), "Folders a dump may be loaded from; empty: any.", example="/var/spool/catalog")
    urls: tuple[str, ...] = setting(
        (), "Beginnings of URLs a dump may be fetched from; empty: none.", example="https://files.example.com/catalog/"
    )
    max_download_mb: int = setting(4_000, "Largest file that is fetched, in megabytes.", check=at_least(1))
    max_rejects: float = setting(0.01, "Share of unusable records from which a dump is refused.", check=at_least(0, 1))
    min_share: float = setting(
        0.5, "Share of the serving offerings below which a dump looks too small.", check=at_least(0, 1)
    )
    memory_mb: int = setting(48, "Megabytes of a dump's entities kept in each process.", check=at_least(1))


@dataclass(frozen=True)
class EventSettings:
    """Events by which upstreams tell of changes; off without a token."""

    token: str = setting("", "Secret part of the listener's address.", example="a-long-random-word", secret=True)
    callback: str = setting(
        "",
        "Where upstreams reach this gateway; empty: subscribe by hand.",
        example="https://bff.example.com",
        check=web_url,
    )
    query: str = setting("", "Which events to subscribe to, in TM Forum's query syntax; empty: all.")
    answer: int = setting(204, "Status that an event is answered with; v4 files say 201.", check=one_of(200, 201, 204))
    max_bytes: int = setting(256_000, "Largest event that is read.", check=at_least(1_000))
    renew: float = setting(3_600.0, "Seconds after which the subscription is made anew.", check=at_least(1))
    withdraw: bool = setting(False, "Whether a stopping process ends the subscription; only where one process serves.")
    compare: float = setting(900.0, "Seconds between comparisons that find missed events; 0: none.", check=at_least(0))


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the gateway keeps what only it knows: SQLite on one machine, PostgreSQL where there are several."""

    url: str = setting(
        "sqlite:///.bff/bff.db",
        "sqlite:///path/file.db or postgresql://user:password@host/name.",
        check=database_url,
        secret=True,
    )
    migrate: bool = setting(
        True, "Whether a starting process brings the tables up to its release; else `bff database migrate` does."
    )


@dataclass(frozen=True)
class CartSettings:
    """Carts; they are there where TMF663 is."""

    currency: str = setting("EUR", "Currency of a cart for which none is asked (ISO 4217).", check=currency)
    days: float = setting(14.0, "Days an untouched cart lives.", check=at_least(0.001))
    keep_days: float = setting(7.0, "Days for which an ended cart can still be looked at.", check=at_least(0))
    sweep: float = setting(60.0, "Seconds between sweeps.", check=at_least(0.1))
    hold: float = setting(
        30.0, "Seconds after which a change that is not heard of is settled by others.", check=at_least(1)
    )
    cookie: bool = setting(
        False, "Whether a guest's token is kept in an HttpOnly cookie; else the answer shows it for X-Cart-Token."
    )
    stock_fresh: float = setting(15.0, "Seconds a stock level is believed.", check=at_least(0))


@dataclass(frozen=True)
class NumberSettings:
    """Numbers and SIM cards; they are there where TMF639 is. Case, spaces and punctuation do not matter in words."""

    number_paths: tuple[str, ...] = setting(
        ("resource",), "Under which names TMF639 has numbers.", example="logicalResource", check=paths
    )
    sim_paths: tuple[str, ...] = setting(
        ("resource",), "Under which names it has SIM cards.", example="logicalResource,physicalResource", check=paths
    )
    number_filters: tuple[str, ...] = setting(
        (),
        "Filters that leave only numbers, where this server knows some; checked again here.",
        example="resourceSpecification.id=msisdn-spec",
        check=filters,
    )
    sim_filters: tuple[str, ...] = setting(
        (), "Filters that leave only SIM cards.", example="category=SIM", check=filters
    )
    filter_status: bool = setting(True, "Whether the server is asked for free ones alone.")
    classes_apart: bool = setting(
        False, "Whether a number's class stands in the characteristic numberClass alone: one call more for each page."
    )
    free: tuple[str, ...] = setting(("available",), "Statuses of what is free; the first is the one written.")
    reserved: tuple[str, ...] = setting(("reserved",), "Statuses of what is reserved.")
    assigned: tuple[str, ...] = setting(("allocated", "assigned", "inUse"), "Statuses of what is assigned.")
    resting: tuple[str, ...] = setting(("suspended", "standby", "quarantined"), "Statuses of what is to rest.")
    active: tuple[str, ...] = setting(
        ("active", "busy"), "Usage states of what is in use: reserved and so is assigned."
    )
    tier_standard: tuple[str, ...] = setting(
        ("standard", "normal", "msisdn"), "Categories and classes of ordinary numbers."
    )
    tier_silver: tuple[str, ...] = setting(("silver",), "Those of the next better ones.")
    tier_gold: tuple[str, ...] = setting(("gold", "premium"), "Those of good ones.")
    tier_platinum: tuple[str, ...] = setting(("platinum",), "Those of the best ones. Unknown classes are not offered.")
    number_words: tuple[str, ...] = setting(
        ("msisdn", "phone number", "telephone number"),
        "What a category, type, specification or id of numbers without class begins with.",
    )
    esim_words: tuple[str, ...] = setting(("esim", "euicc", "embedded sim"), "What one of eSIMs begins with.")
    plastic_words: tuple[str, ...] = setting(
        ("sim card", "usim", "uicc", "physical"), "What one of plastic cards begins with."
    )
    other_sims: str = setting(
        "",
        "What cards are that do not tell: PHYSICAL or ESIM; empty: not offered.",
        check=one_of("", "PHYSICAL", "ESIM"),
    )
    tier_offerings: tuple[str, ...] = setting(
        (), "Which offering sells a tier; its one-time price is shown.", example="GOLD=po-number-gold", check=tiers
    )
    offer_seconds: float = setting(900.0, "Seconds for which what was offered can be held.", check=at_least(1))
    fresh: float = setting(900.0, "Seconds until the index of what is free is built anew.", check=at_least(1))
    fresh_with_events: float = setting(
        21_600.0, "The same where events of TMF639 tell of changes in between.", check=at_least(1)
    )
    max_resources: int = setting(500_000, "Resources read at most for the index.", check=at_least(100))
    direct_pages: int = setting(6, "Pages read for one search while there is no index.", check=at_least(1))
    event_query: str = setting("", "Which events of TMF639 to subscribe to, in TM Forum's query syntax; empty: all.")


@dataclass(frozen=True)
class Settings:
    """The whole configuration."""

    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8000, "Port to listen on.", check=at_least(0, 65_535))
    workers: int = setting(1, "Processes that serve.", check=at_least(1))
    log_level: str = setting(
        "info", "debug, info, warning or error.", check=one_of("debug", "info", "warning", "error")
    )
    log_format: str = setting("json", "json, or console for people.", check=one_of("json", "console"))
    graphiql: bool = setting(True, "Whether browsers get GraphiQL at /graphql; off in production.")
    introspection: bool = setting(True, "Whether the schema can be asked about; off in production.")
    compile: bool = setting(True, "Whether operations asked for again and again are compiled to Python.")
    cors_origins: tuple[str, ...] = setting((), "Origins of web apps that may ask.", example="https://shop.example.com")
    languages: tuple[str, ...] = setting(("en", "de"), "Languages of the catalogue, the default first.", check=words)
    channels: tuple[str, ...] = setting(
        ("web", "app", "shop", "callcenter"), "Channels a client may name in X-Channel, the default first.", check=words
    )
    channel_header: str = setting("x-channel", "Header that tells upstreams the channel.", check=header)
    request_timeout: float = setting(10.0, "Seconds after which a request gets what is there.", check=at_least(0.05))
    shutdown_timeout: int = setting(10, "Seconds running requests get when the process stops.", check=at_least(0))
    redis_url: str = setting(
        "",
        "Redis for what processes share; without it each keeps to itself.",
        example="redis://localhost:6379/0",
        check=redis_url,
        secret=True,
    )
    keys: tuple[str, ...] = setting(
        (),
        "Secrets of at least 32 characters, the newest first: they sign guests' tokens and remember requests' bodies.",
        example="$(openssl rand -base64 32)",
        check=signing_keys,
        secret=True,
    )
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    limit: LimitSettings = field(default_factory=LimitSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    dump: DumpSettings = field(default_factory=DumpSettings)
    events: EventSettings = field(default_factory=EventSettings)
    cart: CartSettings = field(default_factory=CartSettings)
    numbers: NumberSettings = field(default_factory=NumberSettings)
    tmf620: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf639: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf663: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf687: UpstreamSettings = field(default_factory=UpstreamSettings)


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, the type of its value, and how it is documented."""

    name: str
    kind: Any
    default: Any
    doc: str
    example: str
    check: Check | None
    secret: bool
    section: str


def variables(model: Any = Settings, prefix: str = PREFIX) -> Iterator[Variable]:
    """All variables there are, in the order of the settings."""
    hints = get_type_hints(model)
    for each in dataclasses.fields(model):
        name, kind = prefix + each.name.upper(), hints[each.name]
        if dataclasses.is_dataclass(kind):
            yield from variables(kind, name + "_")
        else:
            notes = each.metadata
            section = (model.__doc__ or "").strip()
            yield Variable(name, kind, each.default, **notes, section=section)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that an environment gives.

    Raises:
        SettingsError: any variable is wrong, unknown or missing; all of them are named.
    """
    known = {variable.name: variable for variable in variables()}
    problems = [_unknown(name, known) for name in sorted(environment) if name.startswith(PREFIX) and name not in known]
    values: dict[str, Any] = {}
    for name, variable in known.items():
        if name in environment:
            try:
                values[name] = _parse(variable, environment[name])
            except ValueError as error:
                shown = name if variable.secret else f"{name}={environment[name]!r}"
                problems.append(f"{shown}: {error}{_example(variable)}")
    if problems:
        raise SettingsError("\n".join(problems))
    return _build(Settings, PREFIX, values)  # type: ignore[no-any-return]


def require_upstreams(settings: Settings) -> None:
    """Check what only a serving gateway needs.

    Raises:
        SettingsError: an upstream has no URL, or lacks what its authentication needs.
    """
    needed = {} if settings.catalog.source == "dump" else {"BFF_TMF620_URL": settings.tmf620.url}
    for name in ("tmf620", "tmf639", "tmf663", "tmf687"):
        upstream: UpstreamSettings = getattr(settings, name)
        if upstream.auth == "api_key":
            needed[f"BFF_{name.upper()}_API_KEY"] = upstream.api_key
        if upstream.auth == "oauth2":
            needed[f"BFF_{name.upper()}_TOKEN_URL"] = upstream.token_url
            needed[f"BFF_{name.upper()}_CLIENT_ID"] = upstream.client_id
    if settings.tmf663.url or settings.tmf639.url:
        needed["BFF_KEYS"] = ",".join(settings.keys)
    known = {variable.name: variable for variable in variables()}
    missing = [f"{name} is not set{_example(known[name])}" for name, value in needed.items() if not value]
    if missing:
        raise SettingsError("\n".join(missing))


def dotenv() -> str:
    """`.env.example`: every variable with its meaning and its default."""
    lines = ["# Every setting of the gateway, each with its default. Written by `bff settings --write`."]
    section = ""
    for variable in variables():
        if variable.section != section:
            section = variable.section
            lines += ["", f"# ---- {section}"]
        lines.append(f"# {variable.doc}" + (f" For example {variable.example}" if variable.example else ""))
        lines.append(f"{variable.name}={_text(variable.default)}")
    return "\n".join(lines) + "\n"


def _build(model: Any, prefix: str, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(model)
    given = {}
    for each in dataclasses.fields(model):
        name, kind = prefix + each.name.upper(), hints[each.name]
        if dataclasses.is_dataclass(kind):
            given[each.name] = _build(kind, name + "_", values)
        elif name in values:
            given[each.name] = values[name]
    return model(**given)


def _parse(variable: Variable, text: str) -> Any:
    value = _convert(variable.kind, text.strip())
    problem = variable.check(value) if variable.check else None
    if problem:
        raise ValueError(problem)
    return value


def _convert(kind: Any, text: str) -> Any:
    if get_origin(kind) is tuple and get_args(kind)[0] is str:
        return tuple(part for part in (each.strip() for each in text.split(",")) if part)
    if kind is bool:
        if text.lower() not in _BOOLEANS:
            raise ValueError("must be true or false")
        return _BOOLEANS[text.lower()]
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise ValueError("must be a whole number" if kind is int else "must be a number") from None
    return text


_BOOLEANS = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}


def _unknown(name: str, known: Mapping[str, Variable]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name} is not a setting" + (f"; is {near[0]} meant?" if near else "")


def _example(variable: Variable) -> str:
    example = variable.example or _text(variable.default)
    return f" (for example {variable.name}={example})" if example else ""


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
