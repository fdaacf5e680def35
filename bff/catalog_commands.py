"""`bff catalog load`, `dump`, `rollback` and `status`: the daily dump, from the one who runs the job."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bff.settings import DumpSettings, Settings
from bff.upstreams import open_services, shop_rules
from clients.http import HttpxSender
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.load import LoadOptions, Report, load_dump
from domain.catalog.dumps.records import DumpError
from domain.catalog.dumps.write import write_dump
from kernel.clock import SystemClock
from kernel.errors import UpstreamError

_IDLE_SECONDS = 60.0
_SHOWN = 20
_MEGABYTE = 1_000_000


def load(settings: Settings, sources: Sequence[str], *, force: bool, console: Console) -> None:
    """Load a dump from files or URLs and switch to it.

    Raises:
        DumpError: a source is not allowed, or the dump cannot be used; the catalogue that serves is untouched.
    """
    options = LoadOptions(settings.languages, settings.dump.max_rejects, settings.dump.min_share, force)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,} records"))
    with (
        tempfile.TemporaryDirectory(prefix="bff-dump-") as folder,
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress,
    ):
        paths = [_local(source, settings.dump, Path(folder)) for source in sources]
        bars = {path.name: progress.add_task(path.name, total=None) for path in paths}

        def show(name: str, count: int) -> None:
            if count >= 0:
                progress.update(bars[name], completed=count)

        generations = Generations(Path(settings.dump.folder))
        report = load_dump(paths, generations, shop_rules(settings.catalog), options, datetime.now(UTC), show)
    _print_report(report, console)


def dump(settings: Settings, path: Path, *, console: Console) -> None:
    """Write a dump of the TMF620 that is configured.

    Raises:
        DumpError: the upstream failed or the file cannot be written; no half file is left.
    """

    async def run() -> int:
        async with open_services(settings, SystemClock(), {}) as services:
            return await write_dump(
                services.tmf620,
                path,
                languages=settings.languages,
                channel=settings.channels[0],
                progress=lambda what, count: console.print(f"{what}: {count:,}", style="dim"),
            )

    try:
        console.print(f"{asyncio.run(run()):,} records written to {path}")
    except (UpstreamError, OSError) as error:
        detail = error.detail if isinstance(error, UpstreamError) else str(error)
        raise DumpError(f"The dump could not be written: {detail}") from error


def rollback(settings: Settings, *, console: Console) -> None:
    """Serve the dump before the current one.

    Raises:
        DumpError: there is none.
    """
    serving = Generations(Path(settings.dump.folder)).rollback()
    console.print(f"Serving {serving.file} again, loaded {serving.loaded_at}.")


def status(settings: Settings, *, console: Console) -> None:
    """Which dump serves, and which could be gone back to.

    Raises:
        DumpError: the folder cannot be read.
    """
    generations = Generations(Path(settings.dump.folder)).all()
    console.print(f"Catalogue source: {settings.catalog.source} (BFF_CATALOG_SOURCE)")
    table = Table("", "generation", "loaded", "offerings", "prices", "specifications", "categories")
    for place, each in enumerate(generations):
        names = ("productOffering", "productOfferingPrice", "productSpecification", "category")
        counts = (f"{each.counts.get(name, 0):,}" for name in names)
        table.add_row("serves" if place == 0 else "earlier", each.file, each.loaded_at, *counts)
    console.print(table if generations else "No dump has been loaded.")


def _local(source: str, allowed: DumpSettings, folder: Path) -> Path:
    """The file of a source, fetched first when it is a URL; only what the settings allow.

    Raises:
        DumpError: it is not allowed, not there, or could not be fetched.
    """
    if urlsplit(source).scheme in ("http", "https"):
        if not any(source.startswith(begin) for begin in allowed.urls):
            raise DumpError(f"{source} is not allowed; BFF_DUMP_URLS lists where dumps may come from.")
        return _fetched(source, folder, allowed.max_download_mb * _MEGABYTE)
    path = Path(source).resolve()
    if allowed.paths and not any(path.is_relative_to(Path(root).resolve()) for root in allowed.paths):
        raise DumpError(f"{source} is not allowed; BFF_DUMP_PATHS lists the folders dumps may come from.")
    if not path.is_file():
        raise DumpError(f"{source} is no file.")
    return path


def _fetched(url: str, folder: Path, max_bytes: int) -> Path:
    path = folder / (Path(urlsplit(url).path).name or "dump")

    async def run() -> None:
        sender = HttpxSender("dump")
        try:
            await sender.download(url, path, max_bytes=max_bytes, idle_seconds=_IDLE_SECONDS)
        finally:
            await sender.aclose()

    try:
        asyncio.run(run())
    except (UpstreamError, OSError) as error:
        detail = error.detail if isinstance(error, UpstreamError) else str(error)
        raise DumpError(f"{url} could not be fetched: {detail}") from error
    return path


def _print_report(report: Report, console: Console) -> None:
    table = Table("loaded", "records")
    for name, count in sorted(report.counts.items()):
        table.add_row(name, f"{count:,}")
    console.print(table)
    if report.ignored:
        console.print(f"{report.ignored:,} records of other resources or languages were left alone.")
    if report.odd:
        console.print(f"{report.odd:,} attributes could not be read and count as absent.")
    if report.rejected:
        console.print(f"[yellow]{report.rejected:,} records were rejected:[/yellow]")
        for each in report.rejects[:_SHOWN]:
            console.print(f"  {each.place}: {each.reason}", markup=False, highlight=False)
    for kind, (count, ids) in report.dangling.items():
        console.print(f"[yellow]{count:,} references to a {kind} lead nowhere:[/yellow] {', '.join(ids[:_SHOWN])}")
    for cycle in report.cycles[:_SHOWN]:
        console.print(f"[yellow]Bundles that contain themselves:[/yellow] {' → '.join(cycle)}")
