"""`bff catalog load`, `dump`, `rollback` and `status`: the daily dump, from the one who runs the job."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bff.settings import DumpSettings, Settings
from bff.terminal import plain
from bff.upstreams import open_services, shop_rules
from clients.http import HttpxSender
from domain.catalog.dumps.errors import DumpError
from domain.catalog.dumps.generations import Generations
from domain.catalog.dumps.load import LoadOptions, load_dump
from domain.catalog.dumps.records import Reject
from domain.catalog.dumps.report import RefusedDumpError, Report
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
    with tempfile.TemporaryDirectory(prefix="bff-dump-") as folder:
        paths = [_local(source, settings.dump, Path(folder) / str(place)) for place, source in enumerate(sources)]
        try:
            report = _load_with_progress(settings, paths, options, console)
        except RefusedDumpError as refused:
            print_report(refused.report, console)
            raise
    print_report(report, console)
    console.print(f"Serving {report.generation}.")


def _load_with_progress(settings: Settings, paths: Sequence[Path], options: LoadOptions, console: Console) -> Report:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,} records"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        bars = {path.name: progress.add_task(plain(path.name), total=None) for path in paths}

        def show(name: str, count: int) -> None:
            if count >= 0:
                progress.update(bars[name], completed=count)

        generations = Generations(Path(settings.dump.folder))
        return load_dump(paths, generations, shop_rules(settings.catalog), options, datetime.now(UTC), show)


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
        if not any(_below(source, begin) for begin in allowed.urls):
            raise DumpError(f"{source} is not allowed; BFF_DUMP_URLS lists where dumps may come from.")
        return _fetched(source, folder, allowed.max_download_mb * _MEGABYTE)
    path = Path(source).resolve()
    if allowed.paths and not any(path.is_relative_to(Path(root).resolve()) for root in allowed.paths):
        raise DumpError(f"{source} is not allowed; BFF_DUMP_PATHS lists the folders dumps may come from.")
    if not path.is_file():
        raise DumpError(f"{source} is no file.")
    return path


def _below(url: str, allowed: str) -> bool:
    """Whether a URL is of the allowed scheme, host and port, and its path the allowed one or below it."""
    given, wanted = urlsplit(url), urlsplit(allowed)
    if (given.scheme, given.netloc.casefold()) != (wanted.scheme, wanted.netloc.casefold()):
        return False
    folder = wanted.path.rstrip("/") + "/"
    steps = unquote(given.path).replace("\\", "/").split("/")
    return ".." not in steps and (given.path == wanted.path or given.path.startswith(folder))


def _fetched(url: str, folder: Path, max_bytes: int) -> Path:
    folder.mkdir()
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


def print_report(report: Report, console: Console) -> None:
    """Everything a load found. What comes from the dump is shown as text, whatever it contains."""
    table = Table("loaded", "records")
    for name, count in sorted(report.counts.items()):
        table.add_row(name, f"{count:,}")
    console.print(table)
    if report.ignored:
        console.print(f"{report.ignored:,} records of other resources or languages were left alone.")
    _print_some(console, f"{report.odd:,} attributes could not be read and count as absent:", report.oddities)
    _print_some(console, f"{report.rejected:,} records were rejected:", report.rejects)
    for kind, lost in report.dangling.items():
        named = ", ".join(f"{target} (in {source})" for target, source in lost.examples[:_SHOWN])
        _print_line(console, f"{lost.count:,} missing as {kind}: {named}", "yellow")
    for cycle in report.cycles[:_SHOWN]:
        _print_line(console, f"A bundle that contains itself: {' → '.join(cycle)}", "yellow")


def _print_some(console: Console, title: str, some: Sequence[Reject]) -> None:
    if some:
        _print_line(console, title, "yellow")
    for each in some[:_SHOWN]:
        _print_line(console, f"  {each.place}: {each.reason}")


def _print_line(console: Console, text: str, style: str | None = None) -> None:
    console.print(plain(text), style=style, markup=False, highlight=False, soft_wrap=True)
