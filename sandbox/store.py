"""Every document of every API in one SQLite file: kind, id and JSON text, in the order in which they came.

A collection of 100,000 must not be loaded for one page, so pages, ids and indexed attributes are answered by SQL; only
a filter or sort on anything else reads documents one by one. One process, one event loop and one connection use a file.
Documents by rule (`generated`) come before the others of their kind, at sequence numbers below zero; a row is written
for one when it is first changed.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from sandbox.filters import Group, matches, text_of, values_at
from sandbox.generated import Rule, placed
from sandbox.languages import DEFAULT
from sandbox.paging import Page, SortKey, ordered, ranks
from sandbox.tables import Document, Seeded

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS document_id ON document (kind, id);
CREATE INDEX IF NOT EXISTS document_order ON document (kind, seq);
CREATE TABLE IF NOT EXISTS attribute (
    kind TEXT NOT NULL, path TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (kind, path, value, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone (seq INTEGER PRIMARY KEY);
"""
_BATCH = 5000
_TOTALS = 1000
_ANSWERS = 8

Index = Mapping[str, tuple[str, ...]]
"""Indexed paths of each kind."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Store:
    """The documents; opened on a file, seeded when the file is new or was seeded by another seed."""

    def __init__(self, file: Path, index: Index, rules: Iterable[Rule] = ()) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._index = index
        self._totals: dict[tuple[str, ...], int] = {}
        self._generated = {each.rule.kind: each for each in placed(rules)}
        self._answers: dict[object, list[int]] = {}
        self._before: dict[int, Seeded | None] | None = None
        """What the seed had in each place that was written to since; None when somebody else may have written too."""

    @property
    def connection(self) -> sqlite3.Connection:
        """For tables of others in the same file."""
        return self._db

    def close(self) -> None:
        self._db.close()

    def seed(self, version: str, documents: Callable[[], Iterable[Seeded]], *, again: bool = False) -> bool:
        """Replace everything by `documents`, unless the file already holds this version; all or nothing."""
        if not again and self._seeded_with() == version:
            return False
        with self._transaction():
            self._db.execute("DELETE FROM document")
            self._db.execute("DELETE FROM attribute")
            self._db.execute("DELETE FROM gone")
            self._insert(documents())
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('seed', ?)", (version,))
        self._before = {}
        return True

    def undo(self) -> bool:
        """Take back every write since the seed; False when only seeding again can, because it was another process's.

        Seeding takes a hundred times as long, and tests begin with this.
        """
        if self._before is None:
            return False
        with self._transaction():
            for seq in self._before:
                self._erase(seq)
            self._insert_at([(seq, before) for seq, before in self._before.items() if before is not None])
            self._db.execute("DELETE FROM gone")
        self._before = {}
        return True

    def get(self, kind: str, identifier: str) -> Document | None:
        row = self._row(kind, identifier)
        if row:
            return _decode(row[1])
        seq = self._unwritten(kind, identifier)
        return None if seq is None else self._generated[kind].document(seq)

    def add(self, kind: str, document: Document) -> bool:
        """Store a new document; False when its id is taken."""
        if self._row(kind, document["id"]) or self._unwritten(kind, document["id"]) is not None:
            return False
        with self._transaction():
            seq = self._next()
            self._note(seq)
            self._insert_at([(seq, (kind, document))])
        return True

    def replace(self, kind: str, document: Document) -> None:
        """Store another state of a document that exists; its place in the order stays."""
        with self._transaction():
            self._write(kind, document["id"])
            seq = self._unindexed(kind, document["id"])
            self._db.execute("UPDATE document SET body = ? WHERE seq = ?", (_encode(document), seq))
            self._db.executemany(_ADD_ATTRIBUTE, self._attributes(seq, kind, document))

    def remove(self, kind: str, identifier: str) -> bool:
        if self.get(kind, identifier) is None:
            return False
        with self._transaction():
            self._write(kind, identifier)
            seq = self._unindexed(kind, identifier)
            self._db.execute("DELETE FROM document WHERE seq = ?", (seq,))
            if seq < 0:
                self._db.execute("INSERT INTO gone VALUES (?)", (seq,))
        return True

    def find(
        self, kind: str, groups: list[Group], sort: list[SortKey], page: Page, language: str
    ) -> tuple[list[Document], int]:
        """One page of the documents that match, and how many match in all."""
        where, values, rest = self._plan(kind, groups)
        if not rest and not sort and kind not in self._generated:
            return self._page(where, values, page), self._total(where, values)
        wanted = self._answer(kind, groups, sort, language)
        return [self._by_seq(kind, seq) for seq in wanted[page.offset : page.offset + page.limit]], len(wanted)

    def _answer(self, kind: str, groups: list[Group], sort: list[SortKey], language: str) -> list[int]:
        """The sequence numbers of all that match, in order; like a total it holds until the next write."""
        question = (kind, tuple(groups), tuple(sort), language)
        if question not in self._answers:
            if len(self._answers) >= _ANSWERS:
                self._answers.clear()
            made, rows = self._made_matches(kind, groups, language), self._row_matches(kind, groups, language)
            if sort:
                paths, generated = [path for path, _ in sort], self._generated.get(kind)
                found = [(seq, ranks(generated.sketch(seq, paths), sort, language)) for seq in made if generated]
                found += [(seq, ranks(self._by_seq(kind, seq), sort, language)) for seq in rows]
                self._answers[question] = ordered(sorted(found, key=itemgetter(0)), sort)
            else:
                self._answers[question] = sorted([*made, *rows])
        return self._answers[question]

    def _row_matches(self, kind: str, groups: list[Group], language: str) -> list[int]:
        where, values, rest = self._plan(kind, groups)
        rows = self._db.execute(f"SELECT seq, body FROM document WHERE {where}", values)  # noqa: S608
        return [seq for seq, body in rows if not rest or matches(_decode(body), rest, language)]

    def _made_matches(self, kind: str, groups: list[Group], language: str) -> list[int]:
        """The documents by rule that match; where they were changed, their rows answer instead."""
        generated = self._generated.get(kind)
        if generated is None:
            return []
        changed = {seq for (seq,) in self._db.execute(_CHANGED)}
        return [seq for seq in generated.matching(groups, language) if seq not in changed]

    def _by_seq(self, kind: str, seq: int) -> Document:
        row = self._db.execute("SELECT body FROM document WHERE seq = ?", (seq,)).fetchone()
        return _decode(row[0]) if row else self._generated[kind].document(seq)

    def _unwritten(self, kind: str, identifier: str) -> int | None:
        """The sequence number of a document by rule that was never changed; None for any other."""
        seq = self._generated[kind].seq(identifier) if kind in self._generated else None
        if seq is None or self._db.execute(_IS_CHANGED, (seq, seq)).fetchone():
            return None
        return seq

    def _write(self, kind: str, identifier: str) -> None:
        """Keep a document by rule as a row, in its place."""
        seq = self._unwritten(kind, identifier)
        if seq is not None:
            self._note(seq)
            self._insert_at([(seq, (kind, self._generated[kind].document(seq)))])

    def _plan(self, kind: str, groups: list[Group]) -> tuple[str, list[str], list[Group]]:
        """What SQL can decide of a filter, as a WHERE clause made of constants, and what is left for Python."""
        clauses, values, rest = ["kind = ?"], [kind], []
        for group in groups:
            clause = self._clause(kind, group)
            if clause is None:
                rest.append(group)
            else:
                clauses.append(clause[0])
                values += clause[1]
        return " AND ".join(clauses), values, rest

    def _clause(self, kind: str, group: Group) -> tuple[str, list[str]] | None:
        if len(group) != 1 or group[0].operator != "eq":
            return None
        path, wanted = ".".join(group[0].path), list(dict.fromkeys(group[0].values))
        marks = ",".join("?" * len(wanted))
        if path == "id":
            return f"id IN ({marks})", wanted
        if path in self._index.get(kind, ()):
            in_index = f"SELECT seq FROM attribute WHERE kind = ? AND path = ? AND value IN ({marks})"  # noqa: S608
            return f"seq IN ({in_index})", [kind, path, *wanted]
        return None

    def _page(self, where: str, values: list[str], page: Page) -> list[Document]:
        inner = f"SELECT seq FROM document WHERE {where} ORDER BY seq LIMIT ? OFFSET ?"  # noqa: S608
        rows = self._db.execute(
            f"SELECT body FROM document WHERE seq IN ({inner}) ORDER BY seq",  # noqa: S608
            [*values, page.limit, page.offset],
        )
        return [_decode(body) for (body,) in rows]

    def _total(self, where: str, values: list[str]) -> int:
        """Counting 100,000 rows costs more than reading a page of them, so a total holds until the next write."""
        question = (where, *values)
        if question not in self._totals:
            if len(self._totals) >= _TOTALS:
                self._totals.clear()
            row = self._db.execute(f"SELECT count(*) FROM document WHERE {where}", values).fetchone()  # noqa: S608
            self._totals[question] = int(row[0])
        return self._totals[question]

    def _row(self, kind: str, identifier: str) -> tuple[int, bytes] | None:
        statement = "SELECT seq, body FROM document WHERE kind = ? AND id = ?"
        row: tuple[int, bytes] | None = self._db.execute(statement, (kind, identifier)).fetchone()
        return row

    def _seeded_with(self) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE key = 'seed'").fetchone()
        return row and str(row[0])

    def _insert(self, documents: Iterable[Seeded]) -> None:
        numbered = enumerate(documents, self._next())
        while batch := list(islice(numbered, _BATCH)):
            self._insert_at(batch)

    def _next(self) -> int:
        """The sequence number of the next document."""
        row = self._db.execute("SELECT max(0, coalesce(max(seq), 0)) + 1 FROM document").fetchone()
        return int(row[0])

    def _insert_at(self, batch: list[tuple[int, Seeded]]) -> None:
        self._db.executemany(
            "INSERT INTO document VALUES (?, ?, ?, ?)",
            ((seq, kind, document["id"], _encode(document)) for seq, (kind, document) in batch),
        )
        attributes = (self._attributes(seq, kind, document) for seq, (kind, document) in batch)
        self._db.executemany(_ADD_ATTRIBUTE, chain.from_iterable(attributes))

    def _attributes(self, seq: int, kind: str, document: Document) -> Iterator[tuple[str, str, str, int]]:
        for path in self._index.get(kind, ()):
            for value in values_at(document, tuple(path.split(".")), DEFAULT):
                yield kind, path, text_of(value), seq

    def _note(self, seq: int) -> None:
        """What is in a place, ahead of the first write to it."""
        if self._before is not None and seq not in self._before:
            row = self._db.execute("SELECT kind, body FROM document WHERE seq = ?", (seq,)).fetchone()
            self._before[seq] = row and (row[0], _decode(row[1]))

    def _erase(self, seq: int) -> None:
        """Leave a place as if there had never been anything."""
        row = self._db.execute("SELECT kind, id FROM document WHERE seq = ?", (seq,)).fetchone()
        if row:
            self._unindexed(*row)
            self._db.execute("DELETE FROM document WHERE seq = ?", (seq,))

    def _unindexed(self, kind: str, identifier: str) -> int:
        """The sequence number of a document after its attributes have left the index."""
        row = self._row(kind, identifier)
        if row is None:
            raise KeyError(identifier)
        seq, body = row
        self._note(seq)
        statement = "DELETE FROM attribute WHERE kind = ? AND path = ? AND value = ? AND seq = ?"
        self._db.executemany(statement, self._attributes(seq, kind, _decode(body)))
        return seq

    def _transaction(self) -> "_Transaction":
        self._totals.clear()
        self._answers.clear()
        return _Transaction(self._db)


_CHANGED = "SELECT seq FROM document WHERE seq < 0 UNION ALL SELECT seq FROM gone"
_IS_CHANGED = "SELECT 1 FROM document WHERE seq = ? UNION ALL SELECT 1 FROM gone WHERE seq = ?"
_ADD_ATTRIBUTE = "INSERT OR IGNORE INTO attribute VALUES (?, ?, ?, ?)"


class _Transaction:
    """BEGIN now, COMMIT at the end, ROLLBACK on the way out of an error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._db.execute("COMMIT" if error is None else "ROLLBACK")
