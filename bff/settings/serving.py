"""How a process serves: caches, documents, limits, sockets, figures."""

from dataclasses import dataclass

from bff.setting_checks import at_least, database_url, header_value
from bff.settings.upstreams import setting


@dataclass(frozen=True)
class CacheSettings:
    """How long what was read is kept, and how much of it."""

    memory_mb: int = setting(96, "Megabytes of decoded objects kept in each process; 0: none are.", check=at_least(0))
    fresh: float = setting(
        300.0, "Seconds a cached value is as good as a new one; 0: for the request it was read for.", check=at_least(0)
    )
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
