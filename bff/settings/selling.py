"""Carts, numbers and cards."""

from dataclasses import dataclass

from bff.setting_checks import at_least, currency, filters, one_of, paths, tiers, words
from bff.settings.upstreams import setting


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
