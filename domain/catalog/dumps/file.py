"""A dump file, read: entities by id, the category list. Many processes share one file; each keeps what it used last.

Reads are a few tens of microseconds and are done right here, on the event loop; finding offerings has its own module.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from clients.tmf import Collection, Entity
from dataloaders.lru import ByteLRU
from dataloaders.tiered import MEMORY_FACTOR
from domain.catalog.dumps.records import DumpError
from domain.catalog.dumps.tables import SCHEMA_VERSION
from kernel.context import RequestContext
from kernel.errors import UpstreamError

E = TypeVar("E", bound=Entity)

_VARIABLES = 500


class DumpFile:
    """One open generation. `version` changes whenever another process has changed the file."""

    def __init__(self, path: Path, memory_bytes: int) -> None:
        """Open the file.

        Raises:
            DumpError: it is not there, or of another release.
        """
        self.path = path
        self.memory: ByteLRU[Any] = ByteLRU(memory_bytes)
        try:
            self.connection = self._connect()
            self.aside = self._connect()  # for what takes long, on a thread: one connection serves one call at a time
            self.meta = dict(self.connection.execute("SELECT name, value FROM meta").fetchall())
        except sqlite3.Error as error:
            raise DumpError(f"{path.name} cannot be opened: {error}") from error
        if self.meta.get("schema") != str(SCHEMA_VERSION):
            raise DumpError(f"{path.name} was built by another release; load the dump again")
        self.languages = tuple(self.meta["languages"].split(","))

    def language(self, ctx: RequestContext) -> str:
        """The file's language for a request; the first one where the file has not the one asked for."""
        wanted = ctx.audience.language
        return wanted if wanted in self.languages else self.languages[0]

    def forget_if_changed(self) -> bool:
        """Drop what is kept when the file has been changed; whether it was."""
        (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        changed: bool = version != getattr(self, "_version", version)
        self._version = version
        if changed:
            self.memory.clear()
        return changed

    def close(self) -> None:
        self.connection.close()
        self.aside.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, check_same_thread=False)


class DumpReader(Generic[E]):
    """Entities of one collection of a dump file. Reads whole entities: a file has no reason to leave fields out."""

    def __init__(self, file: DumpFile, collection: Collection[E]) -> None:
        self.collection = collection
        self._file = file
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(collection.model)

    async def load_many(
        self,
        ctx: RequestContext,
        keys: Sequence[str],
        fields: frozenset[str],  # noqa: ARG002  (as the loaders of an upstream have it)
    ) -> list[E | UpstreamError | None]:
        """Each id's entity, or None where the dump has none."""
        language = self._file.language(ctx)
        prefix = f"{self.collection.path}:{language}:"
        known = {key: self._file.memory.get(prefix + key) for key in keys}
        missing = [key for key, entity in known.items() if entity is None]
        for start in range(0, len(missing), _VARIABLES):
            known |= self._read(missing[start : start + _VARIABLES], language)
        return [known[key] for key in keys]

    async def load(self, ctx: RequestContext, key: str, fields: frozenset[str]) -> E | None:
        (found,) = await self.load_many(ctx, [key], fields)
        return found if isinstance(found, Entity) else None

    def all(self, ctx: RequestContext) -> list[E]:
        """The whole collection, by id."""
        language = self._file.language(ctx)
        rows = self._file.connection.execute(
            "SELECT id, language, body FROM entity WHERE collection = ? AND language IN (?, ?)",
            (self.collection.path, language, self._file.languages[0]),
        )
        return list(self._best(rows.fetchall(), language).values())

    def _read(self, ids: Sequence[str], language: str) -> dict[str, Any]:
        marks = ",".join("?" * len(ids))
        rows = self._file.connection.execute(
            f"SELECT id, language, body FROM entity WHERE collection = ? AND id IN ({marks}) AND language IN (?, ?)",  # noqa: S608
            (self.collection.path, *ids, language, self._file.languages[0]),
        )
        return self._best(rows.fetchall(), language)

    def _best(self, rows: Sequence[tuple[str, str, bytes]], language: str) -> dict[str, Any]:
        """One entity an id: in the language asked for where there is one, else in the file's first."""
        bodies: dict[str, bytes] = {}
        for key, of_row, body in rows:
            if of_row == language or key not in bodies:
                bodies[key] = body
        found = {key: self._decoder.decode(body) for key, body in bodies.items()}
        for key, entity in found.items():
            name = f"{self.collection.path}:{language}:{key}"
            self._file.memory.put(name, entity, len(name) + len(bodies[key]) * MEMORY_FACTOR)
        return found
