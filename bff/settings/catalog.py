"""What the catalogue's words mean here, its dumps and its events."""

from dataclasses import dataclass

from bff.setting_checks import at_least, one_of, web_url
from bff.settings.upstreams import setting


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
