"""Which dump this process serves: looks at the generations a few times a second and goes over when another is current.

A request keeps the catalogue it began with; the file it reads is closed only when no request can hold it any more.
"""

import asyncio
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, cast

import structlog

from clients.tmf620 import UPSTREAM
from domain.catalog.catalog import Catalog
from domain.catalog.dumps.errors import DumpError
from domain.catalog.dumps.file import DumpFile
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.source import DumpSource
from domain.catalog.rules import ShopRules
from domain.catalog.source import CatalogSource
from kernel.clock import Clock
from kernel.errors import UpstreamUnavailableError

log = structlog.get_logger(__name__)


class _NothingLoaded:
    """A source before the first dump: whatever is asked of it fails, and the rest of the schema still answers."""

    def __getattr__(self, name: str) -> NoReturn:
        raise UpstreamUnavailableError(UPSTREAM, detail="no dump has been loaded yet; see `bff catalog load`")


@dataclass
class DumpSwitch:
    """The catalogue of the current generation. `keep_open`: seconds a left file stays open for requests under way."""

    generations: Generations
    rules: ShopRules
    clock: Clock
    behind: CatalogSource | None
    memory_bytes: int
    keep_open: float
    _without: Catalog = field(init=False)
    _serving: tuple[Path, DumpFile, Catalog] | None = None
    _leaving: list[tuple[float, DumpFile]] = field(default_factory=list)
    _complaint: str | None = None

    def __post_init__(self) -> None:
        self._without = Catalog(self.behind or cast(CatalogSource, _NothingLoaded()), self.rules, self.clock)

    @property
    def catalog(self) -> Catalog:
        """The catalogue that serves now; before any dump was loaded, what stands behind one, or nothing."""
        return self._serving[2] if self._serving is not None else self._without

    @property
    def serving(self) -> Path | None:
        return self._serving[0] if self._serving else None

    def look(self) -> bool:
        """Go over to the current generation if it is another; whether it was. A bad one leaves the old serving."""
        self._close_left(self.clock.monotonic())
        try:
            current = self.generations.current()
            if current is None or current == self.serving:
                return self._serving is not None and self._serving[1].forget_if_changed()
            file = DumpFile(current, self.memory_bytes)
        except (DumpError, sqlite3.Error, OSError) as error:
            self._complain(str(error))
            return False
        self._complaint = None
        if self._serving is not None:
            self._serving[1].memory.clear()  # who still reads there needs little of it
            self._leaving.append((self.clock.monotonic() + self.keep_open, self._serving[1]))
        self._serving = (current, file, Catalog(DumpSource(file, self.behind), self.rules, self.clock))
        log.info("dump.serving", generation=current.name)
        return True

    def _complain(self, reason: str) -> None:
        """Once for each reason: it is looked at again a few times a second, for as long as nobody mends it."""
        if reason != self._complaint:
            log.error("dump.not_usable", reason=reason, serving=self.serving.name if self.serving else None)
        self._complaint = reason

    async def watch(self, seconds: float = 0.25) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            self.look()

    def close(self) -> None:
        self._close_left(float("inf"))
        if self._serving is not None:
            self._serving[1].close()
            self._serving = None

    def _close_left(self, now: float) -> None:
        for until, file in [each for each in self._leaving if each[0] <= now]:
            file.close()
            self._leaving.remove((until, file))
