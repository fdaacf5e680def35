"""What is set for each of the operator's systems."""

from dataclasses import dataclass, field
from typing import Any

from bff.setting_checks import (
    Check,
    at_least,
    header,
    header_value,
    lookups,
    one_of,
    three_names,
    web_url,
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
