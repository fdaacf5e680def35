"""What a setting's value must be. A check answers with what is wrong ("must be at least 1"), or None."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any], str | None]

_NAMES = 3
_LEAST_SECRET = 32


def at_least(least: float, most: float = 1e12) -> Callable[[Any], str | None]:
    def check(value: float) -> str | None:
        if not value >= least:  # so said, a NaN is refused too
            return f"must be at least {least:g}"
        return None if value <= most else f"must be at most {most:g}"

    return check


def one_of(*allowed: object) -> Callable[[Any], str | None]:
    return lambda value: None if value in allowed else "must be one of " + ", ".join(map(str, allowed))


def some_of(*allowed: str) -> Callable[[Any], str | None]:
    return lambda value: None if set(value) <= set(allowed) else "must be some of " + ", ".join(allowed)


def secret(value: str) -> str | None:
    fine = not value or len(value) >= _LEAST_SECRET
    return None if fine else f"must be of at least {_LEAST_SECRET} characters"


def code_text(value: str) -> str | None:
    return None if "{code}" in value else "must have {code} in it"


def web_url(value: str) -> str | None:
    parts = urlsplit(value)
    fine = not value or (parts.scheme in ("http", "https") and parts.netloc and not parts.query and not parts.fragment)
    return None if fine else "must be an http or https URL without query"


def redis_url(value: str) -> str | None:
    fine = not value or value.startswith(("redis://", "rediss://", "unix://"))
    return None if fine else "must begin with redis://, rediss:// or unix://"


def database_url(value: str) -> str | None:
    fine = re.fullmatch(r"sqlite:///(?!:memory:$)[^?]+|postgresql://.+", value)
    return None if fine else "must be sqlite:///path/file.db or postgresql://user:password@host/name"


def signing_keys(value: tuple[str, ...]) -> str | None:
    fine = all(len(each) >= _LEAST_SECRET for each in value)
    return None if fine else f"must be of at least {_LEAST_SECRET} characters each"


def matching(pattern: str, what: str) -> Callable[[Any], str | None]:
    return lambda value: None if re.fullmatch(pattern, value, re.ASCII) else f"must be {what}"


currency = matching(r"[A-Z]{3}", "a currency's ISO 4217 code")
header = matching(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", "a header's name")
pool_id = matching(r"(?:[a-z0-9-]+_[A-Za-z0-9]+)?", "a user pool's id")
header_value = matching(r"[!-~]*", "printable ASCII without spaces")


def password_needs(value: tuple[str, ...]) -> str | None:
    return None if {*value} <= {"lower", "upper", "digit", "symbol"} else "must be among lower, upper, digit, symbol"


def words(value: tuple[str, ...]) -> str | None:
    """They travel in headers and stand in cache keys."""
    if not value:
        return "must name at least one"
    fine = all(re.fullmatch(r"[A-Za-z0-9_-]+", each, re.ASCII) for each in value)
    return None if fine else "must be of letters, digits, - and _"


def _each(pattern: str, what: str, *, least: int = 0) -> Callable[[Any], str | None]:
    def check(value: tuple[str, ...]) -> str | None:
        fine = len(value) >= least and all(re.fullmatch(pattern, each, re.ASCII) for each in value)
        return None if fine else f"must be {what}"

    return check


def networks(value: tuple[str, ...]) -> str | None:
    try:
        for each in value:
            ip_network(each)
    except ValueError:
        return "must be addresses or networks, such as 10.0.0.0/8"
    return None


bill_words = _each(r"[\w.:-]+", "one or more ids", least=1)
paths = _each(r"[A-Za-z]+", "one or more names of collections", least=1)
filters = _each(r"[A-Za-z@.]+=[^=&]*[^0-9=&][^=&]*", "attribute=value, the value more than digits")
tiers = _each(
    r"(STANDARD|SILVER|GOLD|PLATINUM)=[\w.:-]+", "TIER=offering id, the tiers STANDARD, SILVER, GOLD, PLATINUM"
)
lookups = _each(r"[A-Za-z@.]+=[^=&,]*\{digits\}[^=&,]*", "attribute=value with {digits} in it", least=1)


def three_names(value: tuple[str, ...]) -> str | None:
    fine = len(value) == _NAMES and len(set(value)) == _NAMES and all(value)
    return None if fine else "must be three different names"
