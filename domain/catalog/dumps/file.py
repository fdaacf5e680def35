"""A dump file, read: entities by id, the category list. Many processes share one file; each keeps what it used last.

Reads are a few tens of microseconds and are done right here, on the event loop; finding offerings has its own module.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from clients.tmf import Collection, Entity
from clients.tmf620 import CATEGORIES, UPSTREAM, Category
from dataloaders.held import weight
from dataloaders.lru import ByteLRU
from dataloaders.pages import note_periods
from domain.catalog.dumps.errors import DumpError
from domain.catalog.dumps.tables import SCHEMA_VERSION
from kernel.context import RequestContext
from kernel.errors import UpstreamError, UpstreamInvalidError
from kernel.lasting import Loaded

E = TypeVar("E", bound=Entity)

_VARIABLES = 500
_META = "SELECT name, value FROM meta"
_CATEGORIES = (
    "SELECT e.id, e.language, e.body FROM entity e LEFT JOIN category_order c USING (id) "
    "WHERE e.collection = ? AND e.language IN (?, ?) ORDER BY c.position IS NULL, c.position, e.id"
)


class DumpFile:
    """One open generation. `version` changes whenever another process has changed the file."""

    def __init__(self, path: Path, memory_bytes: int) -> None:
        """Open the file.

        Raises:
            DumpError: it is not there, damaged, or of another release.
        """
        self.path = path
        self.memory: ByteLRU[Any] = ByteLRU(memory_bytes)
        with ExitStack() as stack:
            try:
                self.connection = stack.enter_context(closing(self._connect()))
                # for what takes long, on a thread: one connection serves one call at a time
                self.aside = stack.enter_context(closing(self._connect()))
                self.meta = dict(self.connection.execute(_META).fetchall())
                self.version = self._data_version()
            except sqlite3.Error as error:
                raise DumpError(f"{path.name} cannot be opened: {error}") from error
            if self.meta.get("schema") != str(SCHEMA_VERSION) or "languages" not in self.meta:
                raise DumpError(f"{path.name} was built by another release; load the dump again")
            self.languages = tuple(self.meta["languages"].split(","))
            self._open = stack.pop_all()

    def rows(self, sql: str, values: Sequence[Any] = (), *, aside: bool = False) -> list[Any]:
        """What a query finds.

        Raises:
            UpstreamInvalidError: the file is damaged where the query looked.
        """
        try:
            return (self.aside if aside else self.connection).execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise UpstreamInvalidError(UPSTREAM, detail=f"{self.path.name}: {error}") from error

    def language(self, ctx: RequestContext) -> str:
        """The file's language for a request; the first one where the file has not the one asked for."""
        wanted = ctx.audience.language
        return wanted if wanted in self.languages else self.languages[0]

    def forget_if_changed(self) -> bool:
        """Drop what is kept when the file has been changed by anyone; whether it was."""
        version = self._data_version()
        changed, self.version = version != self.version, version
        if changed:
            self.memory.clear()
        return changed

    def _data_version(self) -> int:
        (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def close(self) -> None:
        self._open.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


class DumpReader(Generic[E]):
    """Entities of one collection of a dump file. Reads whole entities: a file has no reason to leave fields out."""

    generation = 0

    def __init__(self, file: DumpFile, collection: Collection[E]) -> None:
        self.collection = collection
        self._file = file
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(collection.model)

    async def load_many(
        self,
        ctx: RequestContext,
        keys: Sequence[str],
        fields: frozenset[str],  # noqa: ARG002  (as the loaders of an upstream have it)
    ) -> Loaded[E | UpstreamError | None]:
        """Each id's entity, or None where the dump has none."""
        language = self._file.language(ctx)
        prefix = f"{self.collection.path}:{language}:"
        known = {key: self._file.memory.get(prefix + key) for key in keys}
        missing = [key for key, entity in known.items() if entity is None]
        for start in range(0, len(missing), _VARIABLES):
            known |= self._read(missing[start : start + _VARIABLES], language)
        if ctx.reads is not None:
            for entity in known.values():
                if entity is not None:
                    note_periods(ctx.reads, entity)
        return Loaded(known[key] for key in keys)

    async def load(self, ctx: RequestContext, key: str, fields: frozenset[str]) -> E | None:
        (found,) = await self.load_many(ctx, [key], fields)
        return found if isinstance(found, Entity) else None

    def _read(self, ids: Sequence[str], language: str) -> dict[str, E]:
        marks = ",".join("?" * len(ids))
        sql = f"SELECT id, language, body FROM entity WHERE collection = ? AND id IN ({marks}) AND language IN (?, ?)"  # noqa: S608
        values = (self.collection.path, *ids, language, self._file.languages[0])
        return self._best(self._file.rows(sql, values), language)

    def _best(self, rows: Sequence[tuple[str, str, bytes]], language: str) -> dict[str, E]:
        """One entity an id: in the language asked for where there is one, else in the file's first."""
        bodies: dict[str, bytes] = {}
        for key, of_row, body in rows:
            if of_row == language or key not in bodies:
                bodies[key] = body
        try:
            found = {key: self._decoder.decode(body) for key, body in bodies.items()}
        except msgspec.MsgspecError as error:
            raise UpstreamInvalidError(UPSTREAM, detail=f"{self._file.path.name} is damaged: {error}") from error
        for key, entity in found.items():
            name = f"{self.collection.path}:{language}:{key}"
            self._file.memory.put(name, entity, weight((entity,), len(bodies[key])))
        return found


class CategoryReader(DumpReader[Category]):
    """Categories, which are also read all at once, in the order of the dump; those that came later stand behind."""

    def __init__(self, file: DumpFile) -> None:
        super().__init__(file, CATEGORIES)

    def all(self, ctx: RequestContext) -> Sequence[Category]:
        """Every category; the same list again as long as the file does not change."""
        language = self._file.language(ctx)
        known: Sequence[Category] | None = self._file.memory.get(f"categories:{language}")
        if known is None:
            rows = self._file.rows(_CATEGORIES, (CATEGORIES.path, language, self._file.languages[0]))
            known = tuple(self._best(rows, language).values())
            self._file.memory.put(f"categories:{language}", known, weight(known, sum(len(body) for *_, body in rows)))
        return known
