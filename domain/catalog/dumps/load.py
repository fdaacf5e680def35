"""Loading a dump: read, checked, built aside, looked at once more, and only then switched to.

Whatever goes wrong before the switch leaves the catalogue that serves exactly as it was; the half-built file is removed
here, or by the next load when this process was killed.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from clients import tmf620
from clients.lenient import decode_one
from clients.tmf import Collection
from clients.tmf620 import Category, ProductOffering, ProductOfferingPrice
from domain.catalog.dumps.errors import DumpError
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.links import CREATE_POINTED, cycles, dangling, note_references
from domain.catalog.dumps.records import Head, Record, Reject, read_records
from domain.catalog.dumps.report import RefusedDumpError, Report
from domain.catalog.dumps.tables import (
    CREATE,
    INDEXES,
    SCHEMA_VERSION,
    SET_PRICES,
    OfferingWriter,
    create_search,
    encode,
    search_table,
)
from domain.catalog.rules import ShopRules
from kernel.ids import is_local_id

_TYPES: Mapping[str, Collection[Any]] = {
    "ProductOffering": tmf620.OFFERINGS,
    "BundleProductOffering": tmf620.OFFERINGS,
    "ProductOfferingPrice": tmf620.PRICES,
    "ProductSpecification": tmf620.SPECIFICATIONS,
    "AtomicProductSpecification": tmf620.SPECIFICATIONS,
    "BundleProductSpecification": tmf620.SPECIFICATIONS,
    "Category": tmf620.CATEGORIES,
}
_COMMIT_EVERY = 20_000

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class LoadOptions:
    """`max_rejects` and `min_share` are shares of 1: of the records read, and of the offerings that serve now."""

    languages: tuple[str, ...]
    max_rejects: float = 0.01
    min_share: float = 0.5
    force: bool = False


def load_dump(
    paths: Sequence[Path],
    generations: Generations,
    rules: ShopRules,
    options: LoadOptions,
    now: datetime,
    progress: Progress = lambda _place, _count: None,
) -> Report:
    """Build a generation from the files of a dump and switch to it.

    Raises:
        RefusedDumpError: empty, too many rejects, or suspiciously small; it carries the report.
        DumpError: broken, cut off, another load is running, or no room on the disk. As always, the catalogue that
            serves is untouched.
    """
    try:
        with generations.building() as target:
            report = _build(paths, target, rules, options, now, progress)
            _accept(report, generations, options)
            counts = {name: report.counts[name] for name in sorted(report.counts)}
            report.generation = generations.activate(target, counts, now, anew=options.force).file
    except (sqlite3.Error, OSError) as error:
        raise DumpError(f"The dump could not be stored: {error}") from error
    return report


def _build(
    paths: Sequence[Path], target: Path, rules: ShopRules, options: LoadOptions, now: datetime, progress: Progress
) -> Report:
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
        connection.executescript(CREATE)
        connection.execute(CREATE_POINTED)
        for language in options.languages:
            create_search(connection, language)
        loader = _Loader(connection, OfferingWriter(connection, rules, now), options.languages, Report())
        connection.execute("BEGIN")
        for path in paths:
            loader.load(path, progress)
        loader.finish(now)
        connection.execute("COMMIT")
        connection.executescript("ANALYZE; PRAGMA journal_mode = WAL;")
        return loader.report


def _accept(report: Report, generations: Generations, options: LoadOptions) -> None:
    """Whether the new generation may serve.

    Raises:
        DumpError: not without `force`; and never an empty one.
    """
    offerings = report.counts[tmf620.OFFERINGS.path]
    if not offerings:
        raise RefusedDumpError(f"The dump has no offerings. {_first_rejects(report)}".strip(), report)
    if options.force:
        return
    read = report.accepted + report.rejected
    if report.rejected > options.max_rejects * read:
        raise RefusedDumpError(
            f"{report.rejected:,} of {read:,} records cannot be used, more than {options.max_rejects:.2%}; "
            f"--force takes the others all the same. {_first_rejects(report)}",
            report,
        )
    serving = generations.offerings_now()
    if offerings < serving * options.min_share:
        raise RefusedDumpError(
            f"The dump has {offerings:,} offerings where {serving:,} serve now; --force takes it all the same.", report
        )


def _first_rejects(report: Report) -> str:
    return "; ".join(f"{each.place}: {each.reason}" for each in report.rejects[:3])


@dataclass
class _Loader:
    connection: sqlite3.Connection
    writer: OfferingWriter
    languages: tuple[str, ...]
    report: Report

    def load(self, path: Path, progress: Progress) -> None:
        by_name = _collection_of_name(path.name)
        language = _language_of_name(path.name, self.languages)
        for number, record in enumerate(read_records(path), 1):
            if isinstance(record, Reject):
                self.report.reject(record.place, record.reason)
            else:
                self._take(record, by_name, language)
            if number % 1_000 == 0:
                progress(path.name, number)
            if number % _COMMIT_EVERY == 0:
                self.connection.execute("COMMIT")
                self.connection.execute("BEGIN")
        progress(path.name, -1)

    def _take(self, record: Record, by_name: Collection[Any] | None, of_file: str) -> None:
        collection = _collection_of(record.head) or by_name
        if collection is None:
            self.report.ignored += 1  # catalogs, jobs and whatever else an export holds
            return
        language = record.head.language or of_file
        if language not in self.languages:
            self.report.ignored += 1
            return
        odd: list[str] = []
        try:
            entity = decode_one(record.raw, collection.model, odd.append)
            body = encode(entity)
        except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError) as error:
            self.report.reject(record.place, "; ".join(odd[-1:]) or str(error))
            return
        if not is_local_id(entity.id):
            self.report.reject(record.place, f"an id that cannot go into a URL: {entity.id[:80]!r}")
            return
        if self._keep(collection, entity, language, body):
            self.report.accepted += 1
            self.report.note_odd(record.place, odd)
        else:
            self.report.reject(record.place, f"{collection.path} {entity.id} ({language}) is there already")

    def _keep(self, collection: Collection[Any], entity: Any, language: str, body: bytes) -> bool:
        """Put an entity where it belongs; False when it is there already."""
        row = (collection.path, entity.id, language, body)
        if not self.connection.execute("INSERT OR IGNORE INTO entity VALUES (?, ?, ?, ?)", row).rowcount:
            return False
        note_references(self.connection, entity)
        if isinstance(entity, ProductOffering):
            self.writer.describe(self._position(entity), language, entity)
        elif isinstance(entity, ProductOfferingPrice):
            self.writer.price(entity)
        elif isinstance(entity, Category):
            self.connection.execute("INSERT OR IGNORE INTO category_order (id) VALUES (?)", (entity.id,))
        if language == self.languages[0]:
            self.report.counts[collection.path] += 1
        return True

    def _position(self, offering: ProductOffering) -> int:
        found = self.connection.execute("SELECT position FROM offering WHERE id = ?", (offering.id,)).fetchone()
        return found[0] if found else self.writer.place(offering)

    def finish(self, now: datetime) -> None:
        """Indexes, orders, what one language lacks and another has, and the references that lead nowhere."""
        for statement in INDEXES.split(";"):  # not `executescript`, which would end the transaction
            self.connection.execute(statement)
        self.connection.execute(SET_PRICES)
        default, *others = self.languages
        for language in others:
            self._complete_default(default, language)
            self._fill(default, language)
        for language in others:
            self._fill(language, default)
        self.report.dangling = dangling(self.connection)
        self.report.cycles = cycles(self.connection)
        meta = {
            "schema": SCHEMA_VERSION,
            "languages": ",".join(self.languages),
            "built": now.astimezone(UTC).isoformat(timespec="seconds"),
            **{f"count.{name}": count for name, count in self.report.counts.items()},
        }
        self.connection.executemany("INSERT INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in meta.items()])

    def _complete_default(self, default: str, language: str) -> None:
        """What the dump has in another language only is shown in that one to everybody."""
        for collection in tmf620.collections():
            filled = self.connection.execute(
                "INSERT INTO entity SELECT collection, id, ?, body FROM entity e WHERE collection = ? AND language = ? "
                "AND NOT EXISTS (SELECT 1 FROM entity d WHERE d.collection = e.collection AND d.id = e.id "
                "AND d.language = ?)",
                (default, collection.path, language, default),
            )
            if filled.rowcount:
                self.report.counts[collection.path] += filled.rowcount

    def _fill(self, language: str, source: str) -> None:
        """The words of offerings that the dump does not have in one language, from another."""
        missing = "position NOT IN (SELECT position FROM offering_name WHERE language = ?)"
        self.connection.execute(
            f"INSERT INTO {search_table(language)} (rowid, name, rest) "  # noqa: S608  (letters only)
            f"SELECT rowid, name, rest FROM {search_table(source)} WHERE rowid NOT IN "
            "(SELECT position FROM offering_name WHERE language = ?)",
            (language,),
        )
        self.connection.execute(
            f"INSERT INTO offering_name SELECT ?, position, name FROM offering_name WHERE language = ? AND {missing}",  # noqa: S608
            (language, source, language),
        )


def _collection_of(head: Head) -> Collection[Any] | None:
    return _TYPES.get(head.type or "") or _TYPES.get(head.base_type or "")


def _collection_of_name(name: str) -> Collection[Any] | None:
    """`productOffering.de.ndjson.gz` holds offerings."""
    stem = name.partition(".")[0].casefold()
    by_name: dict[str, Collection[Any]] = {each.path.casefold(): each for each in tmf620.collections()}
    return by_name.get(stem)


def _language_of_name(name: str, languages: Sequence[str]) -> str:
    parts = name.split(".")[1:]
    return next((language for language in languages if language in parts), languages[0])
