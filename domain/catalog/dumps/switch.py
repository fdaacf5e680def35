"""Which dump this process serves: looks at the generations a few times a second and goes over when another is current.

A request keeps the catalogue it began with; the file it reads is closed only when no request can hold it any more.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from kernel.errors import UpstreamError, UpstreamUnavailableError

log = structlog.get_logger(__name__)


class _NothingLoaded:
    """A source before the first dump: whatever is asked of it fails, and the rest of the schema still answers."""

    def __getattr__(self, name: str) -> NoReturn:
        raise UpstreamUnavailableError(UPSTREAM, detail="no dump has been loaded yet; see `bff catalog load`")


@dataclass
class DumpSwitch:
    """The catalogue of the current generation. `keep_open`: seconds a left file stays open for requests under way.

    `changed` is told when another catalogue serves, or this one has been changed.
    """

    generations: Generations
    rules: ShopRules
    clock: Clock
    behind: CatalogSource | None
    memory_bytes: int
    keep_open: float
    changed: Callable[[], None] = lambda: None
    _catalog: Catalog = field(init=False)
    _serving: DumpSource | None = None
    _leaving: list[tuple[float, DumpFile]] = field(default_factory=list)
    _complaint: str | None = None
    _bad: tuple[Path, int, int] | None = None

    def __post_init__(self) -> None:
        self._catalog = Catalog(self.behind or cast(CatalogSource, _NothingLoaded()), self.rules, self.clock)

    @property
    def catalog(self) -> Catalog:
        """The catalogue that serves now; before any dump was loaded, what stands behind one, or nothing."""
        return self._catalog

    @property
    def serving(self) -> Path | None:
        return self._serving.file.path if self._serving else None

    def look(self) -> bool:
        """Go over to the current generation if it is another, or notice that it was changed; whether either was so.

        A bad one leaves the old serving.
        """
        changed = False
        with self._complaining():
            coming = self._coming()
            if coming is not None:
                with self._closed_unless_served(coming):
                    coming.prepare(self.rules)
                    self._go_over(coming)
                    changed = True
            elif self._serving is not None:
                changed = self._forget_if_changed(self._serving)
        return changed

    async def watch(self, seconds: float = 0.25) -> None:
        """Look again and again, until cancelled; requests are answered while a new generation is made ready."""
        while True:
            await asyncio.sleep(seconds)
            with self._complaining():
                coming = self._coming()
                if coming is not None:
                    with self._closed_unless_served(coming):
                        await asyncio.to_thread(coming.prepare, self.rules)
                        self._go_over(coming)
                elif self._serving is not None:
                    self._forget_if_changed(self._serving)

    def _coming(self) -> DumpSource | None:
        """The current generation, opened, if another one serves; None too for one that was bad and has not changed."""
        self._close_left(self.clock.monotonic())
        current = self.generations.current()
        if current is None or current == self.serving:
            self._complaint = None
            return None
        looks = _looks(current)
        if looks == self._bad:
            return None
        self._bad = looks  # until it has proved good
        return DumpSource(DumpFile(current, self.memory_bytes), self.behind)

    @contextmanager
    def _closed_unless_served(self, source: DumpSource) -> Iterator[None]:
        try:
            yield
        finally:
            if self._serving is not source:
                source.file.close()

    def _forget_if_changed(self, serving: DumpSource) -> bool:
        changed = serving.file.forget_if_changed()
        if changed:
            self.changed()
        return changed

    def _go_over(self, source: DumpSource) -> None:
        if self._serving is not None:
            self._serving.file.memory.clear()  # who still reads there needs little of it
            self._leaving.append((self.clock.monotonic() + self.keep_open, self._serving.file))
        self._complaint = self._bad = None
        self._serving = source
        self._catalog = Catalog(source, self.rules, self.clock)
        self.changed()
        log.info("dump.serving", generation=source.file.path.name)

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        """What is bad is said once: it is looked at a few times a second, for as long as nobody mends it."""
        try:
            yield
        except (DumpError, UpstreamError, sqlite3.Error, OSError) as error:
            reason = error.detail if isinstance(error, UpstreamError) else str(error)
            if reason != self._complaint:
                serving = self.serving.name if self.serving else None
                log.error("dump.not_usable", reason=reason, serving=serving)  # noqa: TRY400  (the reason says it all)
            self._complaint = reason

    def close(self) -> None:
        self._close_left(float("inf"))
        if self._serving is not None:
            self._serving.file.close()
            self._serving = None

    def _close_left(self, now: float) -> None:
        for until, file in [each for each in self._leaving if each[0] <= now]:
            file.close()
            self._leaving.remove((until, file))


def _looks(path: Path) -> tuple[Path, int, int]:
    found = path.stat()
    return path, found.st_size, found.st_mtime_ns
