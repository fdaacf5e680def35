"""Every setting of the gateway, in one frozen object. `settings_reader` reads it from the environment, once."""

from dataclasses import dataclass, field
from typing import Any

from bff.setting_checks import (
    Check,
    at_least,
    bill_words,
    code_text,
    currency,
    database_url,
    filters,
    header,
    header_value,
    lookups,
    networks,
    one_of,
    password_needs,
    paths,
    pool_id,
    redis_url,
    secret,
    signing_keys,
    some_of,
    three_names,
    tiers,
    web_url,
    words,
)


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
class AnswerSettings:
    """Whole answers to operations of which every field is public, kept in each process."""

    memory_mb: int = setting(24, "Megabytes of answers kept in each process; 0: none are.", check=at_least(0))
    lifetime: float = setting(
        300.0, "Seconds an answer is fresh at most; less when something in it is sooner old.", check=at_least(0)
    )
    stale_while_revalidate: float = setting(
        30.0, "Seconds after that it is used while it is made anew behind.", check=at_least(0)
    )
    stale_if_error: float = setting(
        600.0, "Seconds after that it is used when making it anew fails.", check=at_least(0)
    )
    max_age: int = setting(
        1, "Seconds browsers and CDNs may show it without asking; events do not reach them.", check=at_least(0)
    )
    max_stale: int = setting(1, "Seconds after that a CDN may show it while it asks.", check=at_least(0))


@dataclass(frozen=True)
class DocumentSettings:
    """Documents that clients name by their SHA-256 instead of sending them, as a GET for a CDN does."""

    trusted: str = setting(
        "", "A JSON file of documents by their SHA-256, such as a client's build writes.", example="documents.json"
    )
    only_trusted: bool = setting(False, "Whether any other document is refused.")
    register_mb: int = setting(
        4, "Megabytes of documents kept that clients register themselves; 0: none may.", check=at_least(0)
    )


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
    hold: float = setting(900.0, "Seconds for which a number or SIM is kept for a cart.", check=at_least(1))
    longest: float = setting(3_600.0, "Seconds for which it is kept at most, with extensions.", check=at_least(1))
    per_shopper: int = setting(5, "How many of a kind one shopper can have reserved at a time.", check=at_least(1))
    per_address: int = setting(500, "How many can be reserved from one address.", check=at_least(1))
    sweep: float = setting(5.0, "Seconds between sweeps over reservations.", check=at_least(0.1))
    rest_days: float = setting(90.0, "Days that a number rests which was assigned and given up.", check=at_least(0))
    keep_days: float = setting(30.0, "Days for which a reservation that has ended is remembered.", check=at_least(0.1))
    settle: float = setting(
        30.0, "Seconds after which a step that is not heard of is looked after by others.", check=at_least(0.5)
    )
    late_write: float = setting(
        60.0,
        "Seconds after which TMF639 does not carry out any more what it did not answer.",
        check=at_least(0),
    )
    last_look: float = setting(
        600.0, "Seconds after which what ended with an unanswered write is looked at once more.", check=at_least(0)
    )
    marks: bool = setting(True, "Whether TMF639 keeps related parties: by one of them we know what we reserved.")
    offer_seconds: float = setting(900.0, "Seconds for which what was offered can be held.", check=at_least(1))
    fresh: float = setting(900.0, "Seconds until the index of what is free is built anew.", check=at_least(1))
    fresh_with_events: float = setting(
        21_600.0, "The same where events of TMF639 tell of changes in between.", check=at_least(1)
    )
    max_resources: int = setting(500_000, "Resources read at most for the index.", check=at_least(100))
    direct_pages: int = setting(6, "Pages read for one search while there is no index.", check=at_least(1))
    event_query: str = setting("", "Which events of TMF639 to subscribe to, in TM Forum's query syntax; empty: all.")
    backend: str = setting(
        "tmf639",
        "What is reserved by: tmf639 (a mark on the resource) or tmf685 (a reservation in a resource pool).",
        check=one_of("tmf639", "tmf685"),
    )
    assigned_by: str = setting(
        "gateway",
        "Who writes into TMF639 that a resource is assigned: gateway or fulfilment. Until then it stays reserved.",
        check=one_of("gateway", "fulfilment"),
    )
    pool_seconds: float = setting(
        86_400.0,
        "Seconds after which a reservation in TMF685 ends by itself, should nobody end it; longer than any checkout.",
        check=at_least(3_600),
    )
    pool_reserved: tuple[str, ...] = setting(
        ("reserved",), "States of a reservation in TMF685 that holds something.", check=words
    )
    pool_completed: tuple[str, ...] = setting(
        ("completed",), "States of one that holds for good; the first is the one written.", check=words
    )
    pool_over: tuple[str, ...] = setting(
        ("cancelled", "expired", "released", "rejected"),
        "States of one that holds nothing any more; the first is the one written.",
        check=words,
    )


@dataclass(frozen=True)
class SocketSettings:
    """WebSockets, by which clients follow carts (docs/subscriptions.md)."""

    per_process: int = setting(1_000, "Open at the same time in each process; 0: none are served.", check=at_least(0))
    per_address: int = setting(
        100, "Of these from one address or IPv6 /64: a mobile operator's customers share one.", check=at_least(1)
    )
    operations: int = setting(10, "Subscriptions at the same time on one.", check=at_least(1))
    init_seconds: float = setting(5.0, "Seconds a client has to say who it is.", check=at_least(0.05))
    ping: float = setting(20.0, "Seconds between pings, and for the answer to each.", check=at_least(0.1))
    look: float = setting(
        30.0,
        "Seconds after which a cart that is followed is looked at although nobody told of a change.",
        check=at_least(0.05),
    )


@dataclass(frozen=True)
class MetricsSettings:
    """Figures for Prometheus at /metrics, of the process that is asked. They are the operator's, not the shoppers'."""

    enabled: bool = setting(False, "Whether there is /metrics; then keep shoppers from it, or set a token.")
    token: str = setting(
        "", "What /metrics wants to hear as a bearer token; empty: nothing.", check=header_value, secret=True
    )


@dataclass(frozen=True)
class PortingSettings(UpstreamSettings):
    """The porting provider; numbers can be brought along where it is, with TMF663 and TMF639."""

    url: str = setting(
        "",
        "Base URL of the porting provider (docs/port-in.md); empty: no number can be brought along.",
        example="https://porting.example.com/v1",
        check=web_url,
    )
    requested: tuple[str, ...] = setting(
        ("requested",), "The provider's words for what was asked; the first of each state is written into TMF639."
    )
    validated: tuple[str, ...] = setting(("validated",), "Those for what the other provider agreed to.")
    scheduled: tuple[str, ...] = setting(("scheduled",), "Those for what has a date.")
    ported: tuple[str, ...] = setting(("ported",), "Those for what has come.")
    rejected: tuple[str, ...] = setting(("rejected",), "Those for what was refused.")
    cancelled: tuple[str, ...] = setting(("cancelled",), "Those for what was taken back; the first asks for that.")
    code_wrong: tuple[str, ...] = setting(("AUTHORISATION_CODE_WRONG",), "Reasons: the authorisation code.")
    account_unknown: tuple[str, ...] = setting(("ACCOUNT_UNKNOWN",), "Reasons: the account number.")
    donor_wrong: tuple[str, ...] = setting(("DONOR_WRONG",), "Reasons: the provider that was named.")
    date_not_possible: tuple[str, ...] = setting(("DATE_NOT_POSSIBLE",), "Reasons: the wanted date.")
    not_portable: tuple[str, ...] = setting(("NOT_PORTABLE",), "Reasons: it can never come.")
    own_number: tuple[str, ...] = setting(("OWN_NUMBER",), "Reasons: it is the operator's own.")
    lookups: tuple[str, ...] = setting(
        ("value={digits}", "value=+{digits}"),
        "Filters by which TMF639 finds a number; one of them has to work, or nothing is asked for.",
        check=lookups,
    )
    characteristics: tuple[str, ...] = setting(
        ("portInStatus", "donorOperator", "portingDate"),
        "Characteristics of a ported number in TMF639: its state, where it comes from, when.",
        check=three_names,
    )
    category: str = setting("Ported", "Category of a ported number in TMF639; none of those that are offered.")
    poll: float = setting(30.0, "Seconds between rounds that look at what is due.", check=at_least(0.05))
    look: float = setting(
        3_600.0, "Seconds after which one on its way is read again, though no event came.", check=at_least(0.05)
    )
    tries: int = setting(10, "How often one number can be asked for or corrected in a window.", check=at_least(1))
    by_address: int = setting(300, "How often the provider is asked for one address in a window.", check=at_least(1))
    window: float = setting(3_600.0, "Seconds in which these are counted.", check=at_least(1))
    rejected_days: float = setting(30.0, "Days for which a rejected one can be corrected.", check=at_least(0.001))
    keep_days: float = setting(90.0, "Days for which one that is over can still be looked at.", check=at_least(0))


@dataclass(frozen=True)
class CognitoSettings:
    """Amazon Cognito's user pool; without one nobody can sign in."""

    pool: str = setting("", "The pool's id; it begins with its region.", example="eu-west-1_AbCdEf123", check=pool_id)
    client_id: str = setting("", "The app client's id; a client without a secret.", example="1example23456789")
    endpoint: str = setting(
        "", "Where the pool is asked, if not at Amazon.", example="http://127.0.0.1:8001", check=web_url
    )
    flow: str = setting(
        "password",
        "password: passwords go to Cognito over TLS; srp: they do not, at 120 ms of CPU a sign-in.",
        check=one_of("password", "srp"),
    )
    timeout: float = setting(3.0, "Seconds for one answer.", check=at_least(0.05))
    threads: int = setting(8, "Calls at the same time.", check=at_least(1))
    breaker_threshold: int = setting(5, "Failures in a row after which it is left alone.", check=at_least(1))
    breaker_cooldown: float = setting(5.0, "Seconds until it is tried again.", check=at_least(0))


@dataclass(frozen=True)
class IdentitySettings:
    """Signing up and in."""

    password_length: int = setting(8, "Least characters of a new password, as the pool has it.", check=at_least(6))
    password_needs: tuple[str, ...] = setting(
        ("lower", "upper", "digit", "symbol"), "What the pool wants in it.", check=password_needs
    )
    pace: float = setting(
        0.3,
        "Seconds at whose multiples answers come that could tell whether a login exists; more than Cognito takes.",
        check=at_least(0),
    )
    window: float = setting(600.0, "Seconds within which tries are counted.", check=at_least(1))
    sends: int = setting(3, "Codes to one login within that time.", check=at_least(1))
    tries: int = setting(5, "Tries of one code.", check=at_least(1))
    sign_ins: int = setting(20, "Tries to sign in with one login by password within that time.", check=at_least(1))
    by_address: int = setting(
        100, "The same, each, from one address or IPv6 /64: a mobile operator's customers share one.", check=at_least(1)
    )
    fold_mailboxes: bool = setting(
        False, "Whether a.da+x@example.com and ada@example.com count as one where codes are counted."
    )


@dataclass(frozen=True)
class SessionSettings:
    """How a client keeps a session."""

    cookies: bool = setting(
        False, "Whether tokens are kept in HttpOnly cookies, for web apps; else answers show them, for mobile ones."
    )
    same_site: str = setting(
        "strict", "SameSite of the cookies: strict, lax, or none.", check=one_of("strict", "lax", "none")
    )
    days: float = setting(30.0, "Days a refresh token lives, as the pool has it.", check=at_least(0.01))


@dataclass(frozen=True)
class CustomerSettings:
    """Customers; they are there where TMF629 is, which needs TMF632 and TMF666. TMF637 tells what they have."""

    duplicate_key: str = setting(
        "",
        "Secret of at least 32 characters that tells customers apart. It must never change.",
        example="$(openssl rand -base64 32)",
        check=secret,
        secret=True,
    )
    patience: float = setting(5.0, "Seconds a mutation waits for its pipeline.", check=at_least(0))
    b2c_required: tuple[str, ...] = setting(
        ("birthDate",),
        "What consumers must tell: birthDate, documentNumber, email, phone, address.",
        check=some_of("birthDate", "documentNumber", "email", "phone", "address"),
    )
    b2b_required: tuple[str, ...] = setting(
        ("taxId", "email"),
        "What companies must tell: taxId, email, phone, address.",
        check=some_of("taxId", "email", "phone", "address"),
    )
    least_age: int = setting(18, "How old consumers must be, in years.", check=at_least(0, 130))
    b2c_cycles: tuple[str, ...] = setting(
        ("monthly",), "Billing cycles of consumers, by id, the usual first.", check=bill_words
    )
    b2c_media: tuple[str, ...] = setting(
        ("email", "paper"), "Ways in which consumers get bills, by id, the usual first.", check=bill_words
    )
    b2c_terms: tuple[str, ...] = setting(("P14D",), "Payment terms of consumers, the usual first.", check=bill_words)
    b2b_cycles: tuple[str, ...] = setting(
        ("monthly", "quarterly"), "Billing cycles of companies, by id, the usual first.", check=bill_words
    )
    b2b_media: tuple[str, ...] = setting(
        ("email", "paper", "edi"), "Ways in which companies get bills, by id, the usual first.", check=bill_words
    )
    b2b_terms: tuple[str, ...] = setting(
        ("P30D", "P14D"), "Payment terms of companies, the usual first.", check=bill_words
    )
    status: str = setting("Active", "Status of a customer that is new.")
    account_state: str = setting("Active", "State of a billing account that is new.")
    closed: str = setting("Closed", "Status and state of what cannot be deleted when it has to be undone.")
    look_before: tuple[str, ...] = setting(
        ("email", "phone", "document", "registration"),
        "By what customers that the operator had before are looked for in TMF632; empty: they are not.",
        check=some_of("email", "phone", "document", "registration"),
    )
    tries: int = setting(10, "New customers and contacts one user can try in a window.", check=at_least(1))
    tries_by_address: int = setting(100, "The same from one address or IPv6 /64.", check=at_least(1))
    window: float = setting(3_600.0, "Seconds in which these are counted.", check=at_least(1))
    invitation_days: float = setting(7.0, "Days for which an invitation can be taken up.", check=at_least(0.001))


@dataclass(frozen=True)
class LinkingSettings:
    """Lines that people have already; they can be linked where TMF637, TMF681 and Redis are."""

    lookups: tuple[str, ...] = setting(
        ("productCharacteristic.value={digits}", "productCharacteristic.value=+{digits}"),
        "Filters by which TMF637 finds a line; checked again here.",
        check=lookups,
    )
    statuses: tuple[str, ...] = setting(("active",), "Statuses of lines that can be linked.")
    role: str = setting("user", "As what a customer is written into a line's related parties.")
    text: str = setting("Your code is {code}. Give it to nobody.", "The text message, with {code}.", check=code_text)
    sender: str = setting("Shop", "In whose name it is sent.")


@dataclass(frozen=True)
class PipelineSettings:
    """What runs through several systems, step by step."""

    sweep: float = setting(10.0, "Seconds between two looks for what dead processes left.", check=at_least(0.1))
    keep_days: float = setting(7.0, "Days for which one that ended can be looked at.", check=at_least(1))


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
    proxies: tuple[str, ...] = setting(
        (), "Addresses or networks of proxies whose X-Forwarded-For is believed.", example="10.0.0.0/8", check=networks
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
    answers: AnswerSettings = field(default_factory=AnswerSettings)
    documents: DocumentSettings = field(default_factory=DocumentSettings)
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    dump: DumpSettings = field(default_factory=DumpSettings)
    events: EventSettings = field(default_factory=EventSettings)
    cart: CartSettings = field(default_factory=CartSettings)
    numbers: NumberSettings = field(default_factory=NumberSettings)
    customers: CustomerSettings = field(default_factory=CustomerSettings)
    linking: LinkingSettings = field(default_factory=LinkingSettings)
    pipelines: PipelineSettings = field(default_factory=PipelineSettings)
    sockets: SocketSettings = field(default_factory=SocketSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    cognito: CognitoSettings = field(default_factory=CognitoSettings)
    identity: IdentitySettings = field(default_factory=IdentitySettings)
    session: SessionSettings = field(default_factory=SessionSettings)
    tmf620: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf629: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf632: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf637: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf639: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf663: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf666: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf681: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf685: UpstreamSettings = field(default_factory=UpstreamSettings)
    tmf687: UpstreamSettings = field(default_factory=UpstreamSettings)
    porting: PortingSettings = field(default_factory=PortingSettings)

    @property
    def needs_database(self) -> bool:
        """Whether anything is served that the gateway keeps facts of its own about."""
        return bool(self.tmf663.url or self.tmf629.url or self.cognito.pool)
