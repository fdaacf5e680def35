"""Loading a dump: read, checked, built aside, looked at once more, and only then switched to.

Whatever goes wrong before the switch leaves the catalogue that serves exactly as it was; the half-built file is removed
here, or by the next load when this process was killed.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from clients import tmf620
from clients.lenient import decode_one
from clients.tmf import Collection
from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.records import DumpError, Head, Record, Reject, read_records
from domain.catalog.dumps.tables import (
    COUNT_CATEGORIES,
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
_LISTED = 100
_COMMIT_EVERY = 20_000

Progress = Callable[[str, int], None]


@dataclass
class Report:
    """What a load found. Only the first hundred rejects, and a few ids of each kind of dangling reference, are kept."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    ignored: int = 0
    rejects: list[Reject] = field(default_factory=list)
    odd: int = 0
    dangling: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    cycles: list[list[str]] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return sum(self.counts.values())

    def reject(self, place: str, reason: str) -> None:
        self.rejected += 1
        if len(self.rejects) < _LISTED:
            self.rejects.append(Reject(place, reason))


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
        DumpError: broken, empty, too many rejects, suspiciously small, another load is running, or no room on the disk;
            the catalogue that serves is untouched.
    """
    with generations.building() as target:
        try:
            report = _build(paths, target, rules, options, now, progress)
        except (sqlite3.Error, OSError) as error:
            raise DumpError(f"The dump could not be stored: {error}") from error
        _accept(report, generations, options)
        generations.activate(target, {name: report.counts[name] for name in sorted(report.counts)}, now)
    return report


def _build(
    paths: Sequence[Path], target: Path, rules: ShopRules, options: LoadOptions, now: datetime, progress: Progress
) -> Report:
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
        connection.executescript(CREATE)
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
        raise DumpError(f"The dump has no offerings. {_first_rejects(report)}")
    if options.force:
        return
    if report.rejected > options.max_rejects * (report.accepted + report.rejected):
        raise DumpError(
            f"{report.rejected} of {report.accepted + report.rejected} records cannot be used. {_first_rejects(report)}"
        )
    serving = generations.offerings_now()
    if offerings < serving * options.min_share:
        raise DumpError(f"The dump has {offerings} offerings where {serving} serve now; --force takes it all the same.")


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
        try:
            entity = decode_one(record.raw, collection.model, self._odd)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.report.reject(record.place, str(error))
            return
        if not is_local_id(entity.id):
            self.report.reject(record.place, f"an id that cannot go into a URL: {entity.id[:80]!r}")
            return
        self._keep(record.place, collection, entity, language)

    def _keep(self, place: str, collection: Collection[Any], entity: Any, language: str) -> None:
        row = (collection.path, entity.id, language, encode(entity))
        kept = self.connection.execute("INSERT OR IGNORE INTO entity VALUES (?, ?, ?, ?)", row)
        if not kept.rowcount:
            self.report.reject(place, f"{collection.path} {entity.id} is there already")
            return
        if isinstance(entity, ProductOffering):
            position = self._position(entity)
            self.writer.describe(position, language, entity)
        elif isinstance(entity, ProductOfferingPrice):
            self.writer.price(entity)
        if language == self.languages[0]:
            self.report.counts[collection.path] += 1

    def _position(self, offering: ProductOffering) -> int:
        found = self.connection.execute("SELECT position FROM offering WHERE id = ?", (offering.id,)).fetchone()
        return found[0] if found else self.writer.place(offering)

    def _odd(self, _what: str) -> None:
        self.report.odd += 1

    def finish(self, now: datetime) -> None:
        """Indexes, orders, what one language lacks and another has, and the references that lead nowhere."""
        for statement in INDEXES.split(";"):  # not `executescript`, which would end the transaction
            self.connection.execute(statement)
        self.connection.execute(SET_PRICES)
        self.connection.execute(COUNT_CATEGORIES)
        for language in self.languages[1:]:
            self._fill_from_default(language)
        self._look_for_dangling()
        self.report.cycles = list(_cycles(self._bundles()))
        meta = {
            "schema": SCHEMA_VERSION,
            "languages": ",".join(self.languages),
            "built": now.astimezone(UTC).isoformat(timespec="seconds"),
            **{f"count.{name}": count for name, count in self.report.counts.items()},
        }
        self.connection.executemany("INSERT INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in meta.items()])

    def _fill_from_default(self, language: str) -> None:
        default = self.languages[0]
        missing = "position NOT IN (SELECT position FROM offering_name WHERE language = ?)"
        self.connection.execute(
            f"INSERT INTO {search_table(language)} (rowid, name, rest) "  # noqa: S608  (letters only)
            f"SELECT rowid, name, rest FROM {search_table(default)} WHERE rowid NOT IN "
            "(SELECT position FROM offering_name WHERE language = ?)",
            (language,),
        )
        self.connection.execute(
            f"INSERT INTO offering_name SELECT ?, position, name FROM offering_name WHERE language = ? AND {missing}",  # noqa: S608
            (language, default, language),
        )

    def _look_for_dangling(self) -> None:
        kinds: Mapping[str, Collection[Any]] = {
            "price": tmf620.PRICES,
            "category": tmf620.CATEGORIES,
            "bundle": tmf620.OFFERINGS,
            "related": tmf620.OFFERINGS,
            "specification": tmf620.SPECIFICATIONS,
        }
        for kind, collection in kinds.items():
            lost = self.connection.execute(
                "SELECT DISTINCT target FROM reference "
                "WHERE kind = ? AND NOT EXISTS (SELECT 1 FROM entity WHERE collection = ? AND id = target)",
                (kind, collection.path),
            ).fetchall()
            if lost:
                self.report.dangling[kind] = (len(lost), [target for (target,) in lost[:_LISTED]])

    def _bundles(self) -> dict[str, list[str]]:
        rows = self.connection.execute(
            "SELECT o.id, r.target FROM reference r JOIN offering o USING (position) WHERE r.kind = 'bundle'"
        )
        found: dict[str, list[str]] = {}
        for bundle, child in rows:
            found.setdefault(bundle, []).append(child)
        return found


def _cycles(children: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Bundles that contain themselves, each once. They can be shown: a query is only ever so deep."""
    done: set[str] = set()
    for start in children:
        path: list[str] = []
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            node, depth = stack.pop()
            del path[depth:]
            if node in path:
                yield [*path[path.index(node) :], node]
                continue
            if node in done:
                continue
            path.append(node)
            done.add(node)
            stack += [(child, depth + 1) for child in children.get(node, ())]


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
