"""Bringing single entities of the serving dump up to date, when an event or a comparison says that they changed.

They are read from the upstream again, in every language, and put into the one file that all processes of the machine
share; each of those notices that the file has changed. A new load later replaces it all.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from clients import tmf620
from clients.tmf import Collection, Entity, TMFClient
from clients.tmf620 import ProductOffering, ProductOfferingPrice
from domain.catalog.dumps.tables import SET_PRICES, OfferingWriter, encode
from domain.catalog.rules import ShopRules
from kernel.clock import Clock
from kernel.context import Audience
from kernel.errors import UpstreamError

log = structlog.get_logger(__name__)

_BUSY_SECONDS = 5.0
_AT_ONCE = 200
_COLLECTIONS: Mapping[str, Collection[Any]] = {collection.path: collection for collection in tmf620.collections()}


class _Dated(msgspec.Struct, rename="camel"):
    last_update: str | None = None


Versions = Mapping[str, Entity | None]
"""One entity in each language; None where it does not exist."""


@dataclass(frozen=True)
class DumpUpdater:
    """Re-reads entities and writes them into a dump file."""

    client: TMFClient
    rules: ShopRules
    clock: Clock
    languages: tuple[str, ...]
    channel: str

    async def refresh(self, path: Path, names: Mapping[str, float]) -> int:
        """Bring the named entities (`productOffering/po-1`, with when they changed) up to date; how many were.

        Another process of this machine may have done it already. What the upstream fails to give stays as it is and is
        logged: the next comparison finds it again.
        """
        done = 0
        for collection_path, ids in _grouped(_outstanding(path, names)).items():
            collection = _COLLECTIONS[collection_path]
            began = self.clock.now()
            for start in range(0, len(ids), _AT_ONCE):
                found = await self._read(collection, ids[start : start + _AT_ONCE])
                await asyncio.to_thread(self._write, path, collection, found, began)
                done += len(found)
        return done

    async def dates(self, path: Path, collection: Collection[Any]) -> dict[str, str | None]:
        """The `lastUpdate` of each entity as the file has it, by id."""
        return await asyncio.to_thread(_dates, path, collection, self.languages[0])

    async def _read(self, collection: Collection[Any], ids: Sequence[str]) -> dict[str, Versions]:
        """Each id in every language, unless one of them cannot be known."""
        fields = frozenset(field.encode_name for field in msgspec.structs.fields(collection.model))
        found: dict[str, dict[str, Entity | None]] = {local_id: {} for local_id in ids}
        for language in self.languages:
            answers = await self.client.get_many(collection, Audience(language, self.channel), ids, fields)
            for local_id, entity in answers.items():
                if isinstance(entity, UpstreamError):
                    log.warning("dump.not_refreshed", name=f"{collection.path}/{local_id}", detail=entity.detail)
                    found.pop(local_id, None)
                elif local_id in found:
                    found[local_id][language] = entity
        return dict(found)

    def _write(self, path: Path, collection: Collection[Any], found: Mapping[str, Versions], began: float) -> None:
        with closing(_open(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            writer = OfferingWriter(connection, self.rules, datetime.fromtimestamp(self.clock.now(), UTC))
            for local_id, versions in found.items():
                name = f"{collection.path}/{local_id}"
                # Another process may have read it after us and written it before us: what it read is newer.
                if connection.execute("SELECT 1 FROM updated WHERE name = ? AND at > ?", (name, began)).fetchone():
                    continue
                self._put(connection, writer, collection, local_id, versions)
                connection.execute("INSERT OR REPLACE INTO updated VALUES (?, ?)", (name, began))
            connection.execute("COMMIT")

    def _put(
        self,
        connection: sqlite3.Connection,
        writer: OfferingWriter,
        collection: Collection[Any],
        local_id: str,
        versions: Versions,
    ) -> None:
        connection.execute("DELETE FROM entity WHERE collection = ? AND id = ?", (collection.path, local_id))
        connection.executemany(
            "INSERT INTO entity VALUES (?, ?, ?, ?)",
            [(collection.path, local_id, language, encode(each)) for language, each in versions.items() if each],
        )
        if collection is tmf620.OFFERINGS:
            self._place(connection, writer, local_id, versions)
        elif collection is tmf620.PRICES:
            self._price(connection, writer, local_id, versions)

    def _place(self, connection: sqlite3.Connection, writer: OfferingWriter, local_id: str, versions: Versions) -> None:
        """Where the offering stood, if it was there; at the end if it is new; nowhere when it is gone."""
        row = connection.execute("SELECT position FROM offering WHERE id = ?", (local_id,)).fetchone()
        position: int | None = row[0] if row else None
        if position is not None:
            writer.remove(position, self.languages)
        known = next((each for each in versions.values() if isinstance(each, ProductOffering)), None)
        if known is None:
            return
        position = writer.place(known, position)
        for language in self.languages:
            version = versions.get(language)
            writer.describe(position, language, version if isinstance(version, ProductOffering) else known)
        connection.execute(f"{SET_PRICES} WHERE position = ?", (position,))

    def _price(self, connection: sqlite3.Connection, writer: OfferingWriter, local_id: str, versions: Versions) -> None:
        connection.execute("DELETE FROM price_key WHERE id = ?", (local_id,))
        known = next((each for each in versions.values() if isinstance(each, ProductOfferingPrice)), None)
        if known is not None:
            writer.price(known)
        affected = "SELECT position FROM reference WHERE kind = 'price' AND target = ?"
        connection.execute(f"{SET_PRICES} WHERE position IN ({affected})", (local_id,))


def _open(path: Path) -> sqlite3.Connection:
    """For writing, and only what is there: a generation just removed must not come back as an empty file."""
    return sqlite3.connect(f"file:{path}?mode=rw", uri=True, isolation_level=None, timeout=_BUSY_SECONDS)


def _outstanding(path: Path, names: Mapping[str, float]) -> list[str]:
    """Those that the file does not have as read since they changed."""
    with closing(_open(path)) as connection:
        found = {}
        for name in names:
            row = connection.execute("SELECT at FROM updated WHERE name = ?", (name,)).fetchone()
            found[name] = row[0] if row else 0.0
    return [name for name, at in names.items() if found[name] < at]


def _dates(path: Path, collection: Collection[Any], language: str) -> dict[str, str | None]:
    decode = msgspec.msgpack.Decoder(_Dated).decode
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT id, body FROM entity WHERE collection = ? AND language = ?", (collection.path, language)
        )
        return {local_id: decode(body).last_update for local_id, body in rows}


def _grouped(names: Sequence[str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name in names:
        path, _, local_id = name.partition("/")
        if path in _COLLECTIONS:
            grouped.setdefault(path, []).append(local_id)
    return grouped
