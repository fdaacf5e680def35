"""The tables of a dump file, and how an offering is put into them.

`entity` holds each resource whole, once a language. The other tables only find offerings: one row for everything that a
filter asks about, one for each order, and a full-text index a language, filled with the same folded words that a search
on demand compares.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from clients.parts import TimePeriod
from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog import prices, search
from domain.catalog.characteristics import applies_to
from domain.catalog.kinds import PriceKind
from domain.catalog.rules import ShopRules, fold
from domain.catalog.sorting import LONG_AGO
from kernel.clock import parse_instant
from kernel.context import Segment

SCHEMA_VERSION = 2
SEGMENT_BITS = {Segment.B2C: 1, Segment.B2B: 2}
ALL_SEGMENTS = sum(SEGMENT_BITS.values())

CREATE = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entity (
  collection TEXT, id TEXT, language TEXT, body BLOB NOT NULL, PRIMARY KEY (collection, id, language)
) WITHOUT ROWID;
CREATE TABLE offering (
  position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, is_sellable INTEGER NOT NULL,
  is_bundle INTEGER NOT NULL, segments INTEGER NOT NULL, channels TEXT NOT NULL, starts REAL, ends REAL,
  newest REAL NOT NULL, once INTEGER, price REAL
);
CREATE TABLE offering_category (category TEXT, position INTEGER, PRIMARY KEY (category, position)) WITHOUT ROWID;
CREATE TABLE offering_name (
  language TEXT, position INTEGER, name TEXT NOT NULL, PRIMARY KEY (language, position)
) WITHOUT ROWID;
CREATE TABLE category_order (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE reference (position INTEGER, kind TEXT, target TEXT);
CREATE TABLE updated (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE price_key (id TEXT PRIMARY KEY, once INTEGER, amount REAL) WITHOUT ROWID;
"""

INDEXES = """
CREATE INDEX reference_by_position ON reference (position, kind, target);
CREATE INDEX reference_by_target ON reference (kind, target, position);
CREATE INDEX name_order ON offering_name (language, name, position);
CREATE INDEX newest_order ON offering (-newest, position);
CREATE INDEX price_up ON offering (once, price, position) WHERE price IS NOT NULL;
CREATE INDEX price_down ON offering (once, -price, position) WHERE price IS NOT NULL;
CREATE INDEX price_none ON offering (position) WHERE price IS NULL;
CREATE INDEX by_start ON offering (starts) WHERE starts IS NOT NULL;
CREATE INDEX by_end ON offering (ends) WHERE ends IS NOT NULL;
CREATE INDEX by_channel ON offering (channels) WHERE channels <> '';
"""


def create_search(connection: sqlite3.Connection, language: str) -> None:
    """The index of one language. Its words come folded and apart: it must not fold or part them by rules of its own."""
    connection.execute(
        f"CREATE VIRTUAL TABLE {search_table(language)} USING fts5("
        "name, rest, tokenize = 'ascii', prefix = '1 2 3', detail = column)"
    )


def search_table(language: str) -> str:
    """A table name of letters only, so that a language tag can never be more than a name."""
    return "search_" + "".join(letter for letter in language.lower() if letter.isascii() and letter.isalnum())


@dataclass(frozen=True)
class OfferingWriter:
    """Puts offerings and prices into the tables that find them."""

    connection: sqlite3.Connection
    rules: ShopRules
    now: datetime

    def place(self, offering: ProductOffering, position: int | None = None) -> int:
        """The row of an offering; its position, which is the next one where none is given."""
        valid = offering.valid_for or TimePeriod()
        row = (
            position,
            offering.id,
            fold(offering.lifecycle_status or ""),
            offering.is_sellable,
            offering.is_bundle,
            sum(SEGMENT_BITS[segment] for segment in self.rules.segments_of(offering)),
            _channels(offering),
            _epoch(valid.start),
            _epoch(valid.end),
            _newest(offering),
        )
        cursor = self.connection.execute(
            "INSERT INTO offering VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            row,
        )
        found = cursor.lastrowid or 0
        self._refer(found, offering)
        return found

    def describe(self, position: int, language: str, offering: ProductOffering) -> None:
        """The words of an offering in one language."""
        name = " ".join(search.words(offering.name or ""))
        category_names = " ".join(ref.name or "" for ref in offering.category)
        rest = " ".join(search.words(f"{offering.description or ''} {category_names}"))
        self.connection.execute("INSERT INTO offering_name VALUES (?, ?, ?)", (language, position, name))
        self.connection.execute(
            f"INSERT INTO {search_table(language)} (rowid, name, rest) VALUES (?, ?, ?)",  # noqa: S608
            (position, name, rest),
        )

    def price(self, price: ProductOfferingPrice, key: str | None = None) -> None:
        """What a price is worth in an order by price; nothing where it plays no part in one."""
        found = self._worth(price)
        if found is not None:
            self.connection.execute("INSERT OR REPLACE INTO price_key VALUES (?, ?, ?)", (key or price.id, *found))

    def remove(self, position: int, languages: Iterable[str]) -> None:
        """Take an offering out of every table that finds it."""
        for table in ("offering", "offering_category", "offering_name", "reference"):
            self.connection.execute(f"DELETE FROM {table} WHERE position = ?", (position,))  # noqa: S608
        for language in languages:
            self.connection.execute(f"DELETE FROM {search_table(language)} WHERE rowid = ?", (position,))  # noqa: S608

    def _worth(self, price: ProductOfferingPrice) -> tuple[bool, float] | None:
        kind = self.rules.kind_of(price)
        sorted_by = kind in (PriceKind.RECURRING, PriceKind.PAY_NOW) and not self.rules.is_discount(price)
        if not sorted_by or applies_to(price) or not self.rules.price_applies(price, self.now):
            return None
        money = prices.shown(price, includes_tax=self.rules.prices_include_tax)
        return None if money is None else (kind is PriceKind.PAY_NOW, float(prices.monthly(price, money)))

    def _refer(self, position: int, offering: ProductOffering) -> None:
        self.connection.executemany(
            "INSERT OR IGNORE INTO offering_category VALUES (?, ?)",
            [(ref.id, position) for ref in offering.category],
        )
        self.connection.executemany("INSERT INTO reference VALUES (?, ?, ?)", _references(position, offering))
        for price in offering.product_offering_price:
            if price.is_value:
                self.price(price, key=_embedded(price, offering))


SET_PRICES = """
UPDATE offering SET (once, price) = (
  SELECT k.once, k.amount FROM reference r
  JOIN price_key k ON k.id = r.target
  WHERE r.position = offering.position AND r.kind IN ('price', 'embedded') ORDER BY k.once, k.amount LIMIT 1
)
"""
"""The lowest price of each offering: recurring before what is paid once."""


def _references(position: int, offering: ProductOffering) -> Iterable[tuple[int, str, str]]:
    for price in offering.product_offering_price:
        yield (position, "embedded", _embedded(price, offering)) if price.is_value else (position, "price", price.id)
    for category in offering.category:
        yield position, "category", category.id
    for bundled in offering.bundled_product_offering:
        yield position, "bundle", bundled.id
    for related in offering.product_offering_relationship:
        yield position, "related", related.id
    if offering.product_specification is not None:
        yield position, "specification", offering.product_specification.id


def _embedded(price: ProductOfferingPrice, offering: ProductOffering) -> str:
    """The key of a price that stands inside its offering: the same id may stand in another with another amount.

    No id has a slash, so that no other price can have this key.
    """
    return f"{offering.id}/{price.id}"


def _channels(offering: ProductOffering) -> str:
    """`,web,app,` with every word a channel goes by; empty for every channel."""
    words = {fold(word) for ref in offering.channel for word in (ref.id, ref.name or "")}
    return "," + ",".join(sorted(words)) + "," if words else ""


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _newest(offering: ProductOffering) -> float:
    start = offering.valid_for.start if offering.valid_for else None
    moment = start or parse_instant(offering.last_update) or LONG_AGO
    return moment.timestamp()


def encode(entity: object) -> bytes:
    """A model as it is kept in a dump file."""
    return msgspec.msgpack.encode(entity)
