"""Scalars, and the types every domain shows: nodes, pages, money, periods of time."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NewType
from urllib.parse import urlsplit
from uuid import UUID

import strawberry
from strawberry.types.scalar import ScalarDefinition

from engine import names, shown_by
from kernel.clock import parse_instant
from kernel.money import Money as Amount
from schema.inputs.scalars import E164, CurrencyCode

URL = NewType("URL", str)

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_E164 = re.compile(r"\+[1-9]\d{4,14}", re.ASCII)


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(what)
        return value

    return parse


def _instant_text(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _instant(value: Any) -> datetime:
    found = parse_instant(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not an RFC 3339 date-time")
    return found


def _decimal(value: Any) -> Decimal:
    number = Decimal(value) if isinstance(value, str) else None
    if number is None or not number.is_finite():
        raise ValueError("not a decimal number as text")
    return number


def _decimal_text(value: Decimal) -> str:
    text = str(value)
    return f"{value:f}" if "E" in text else text


def _url(value: Any) -> str:
    if not isinstance(value, str) or not is_web_url(value):
        raise ValueError("not an http or https URL")
    return value


def _uuid(value: Any) -> UUID:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("not a UUID")
    return UUID(value)


def is_web_url(text: str) -> bool:
    """True for an absolute http or https URL; a `javascript:` one from an upstream must never reach a page."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description='A moment as RFC 3339 text with its zone: "2026-11-23T20:15:00Z".',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_instant_text,
        parse_value=_instant,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as text, such as an amount of money: "19.90".',
        serialize=_decimal_text,
        parse_value=_decimal,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description='A currency by its ISO 4217 code: "EUR".',
        serialize=str,
        parse_value=_matching(_CURRENCY, "not a currency code"),
    ),
    E164: strawberry.scalar(
        name="E164",
        description='A phone number in international form: "+447911123456".',
        specified_by_url="https://www.itu.int/rec/T-REC-E.164",
        serialize=str,
        parse_value=_matching(_E164, "not a phone number in international form"),
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description='A key made up by whoever sends it: "0b1a3c5e-6d7f-4a2b-9c8d-1e2f3a4b5c6d".',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc9562",
        serialize=str,
        parse_value=_uuid,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute http or https URL.",
        specified_by_url="https://url.spec.whatwg.org/",
        serialize=str,
        parse_value=_url,
    ),
}


@strawberry.interface(description="Something with an id of its own, which `node` finds again.")
class Node:
    id: strawberry.ID = strawberry.field(description="An opaque id, the same for as long as the object exists.")


@strawberry.type(description="Where a page stands among the others (Relay cursor connections).")
class PageInfo:
    public: ClassVar = names("hasNextPage hasPreviousPage startCursor endCursor")

    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is something before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Pass this as `after` to get the next page.")


@strawberry.type(description="An exact amount in a currency. It may be finer than a cent: a price per minute.")
class Money:
    public: ClassVar = names("amount currency")

    amount: Decimal = strawberry.field(description="The amount as decimal text.")
    currency: CurrencyCode = strawberry.field(description="The currency (ISO 4217).")

    is_type_of = shown_by(Amount)


@strawberry.type(description="A span of time, half open: it begins at `start` and is over at `end`.")
class TimePeriod:
    public: ClassVar = names("start end")

    start: datetime | None = strawberry.field(description="When it begins; null: it always has.")
    end: datetime | None = strawberry.field(description="The first moment after it; null: no end is planned.")
