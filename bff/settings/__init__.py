"""Every setting of the gateway, in one frozen object. `settings_reader` reads it from the environment, once."""

from dataclasses import dataclass, field

from bff.setting_checks import at_least, header, networks, one_of, redis_url, signing_keys, words
from bff.settings.catalog import CatalogSettings, DumpSettings, EventSettings
from bff.settings.people import (
    CognitoSettings,
    CustomerSettings,
    IdentitySettings,
    LinkingSettings,
    PipelineSettings,
    SessionSettings,
)
from bff.settings.selling import CartSettings, NumberSettings
from bff.settings.serving import (
    AnswerSettings,
    CacheSettings,
    DatabaseSettings,
    DocumentSettings,
    LimitSettings,
    MetricsSettings,
    SocketSettings,
)
from bff.settings.upstreams import PortingSettings, UpstreamSettings, setting

__all__ = [
    "AnswerSettings",
    "CacheSettings",
    "CartSettings",
    "CatalogSettings",
    "CognitoSettings",
    "CustomerSettings",
    "DatabaseSettings",
    "DocumentSettings",
    "DumpSettings",
    "EventSettings",
    "IdentitySettings",
    "LimitSettings",
    "LinkingSettings",
    "MetricsSettings",
    "NumberSettings",
    "PipelineSettings",
    "PortingSettings",
    "SessionSettings",
    "Settings",
    "SocketSettings",
    "UpstreamSettings",
    "setting",
]


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
