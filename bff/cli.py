"""The command line. Each command is a few lines; what they do stands elsewhere, and is imported only when it runs."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bff.serving import checked, environment_settings, fail
from bff.settings_reader import dotenv

if TYPE_CHECKING:
    from store.migrate import Status

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One GraphQL API for a telecom shop, in front of TM Forum REST systems. Settings are BFF_ variables.",
)
catalog = typer.Typer(no_args_is_help=True, help="The catalogue behind the shop.")
app.add_typer(catalog, name="catalog")
database = typer.Typer(no_args_is_help=True, help="The gateway's own database.")
app.add_typer(database, name="database")
reservations = typer.Typer(no_args_is_help=True, help="Reservations of numbers and SIM cards.")
app.add_typer(reservations, name="reservations")

Write = Annotated[bool, typer.Option("--write", help="Write the file instead of printing it.")]
Check = Annotated[bool, typer.Option("--check", help="Fail when the file differs from what would be written.")]


@app.command()
def serve() -> None:
    """Serve the gateway, as the settings say."""
    from bff import serving

    serving.serve()


@app.command()
def dev(
    port: Annotated[int, typer.Option(help="The gateway's port; the sandbox takes the next one.")] = 8000,
    data: Annotated[Path, typer.Option(help="Where sandbox and Redis keep their data.")] = Path(".bff-data"),
    offerings: Annotated[int | None, typer.Option(help="Blow the sandbox's catalogue up to this many.")] = None,
) -> None:
    """Serve everything on this machine: the gateway, a sandbox operator, and Redis."""
    from bff.dev import DevError, run_dev

    try:
        run_dev(environment_settings(), port=port, data=data, offerings=offerings)
    except DevError as error:
        fail(str(error))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="The port to serve on.")] = 8001,
    data: Annotated[Path, typer.Option(help="Where it keeps its data.")] = Path(".bff-data/sandbox"),
    offerings: Annotated[int | None, typer.Option(help="Blow its catalogue up to this many.")] = None,
) -> None:
    """Serve the sandbox operator alone."""
    size = [] if offerings is None else ["--offerings", str(offerings)]
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(data), *size]
    os.execv(sys.executable, command)  # noqa: S606  (our own module; this process becomes the sandbox)


@app.command()
def schema(*, write: Write = False, check: Check = False) -> None:
    """Print the schema, or keep `schema.graphql` as printed."""
    from schema.root import build_schema

    _keep(Path("schema.graphql"), build_schema().as_str() + "\n", write=write, check=check)


@app.command()
def settings(*, write: Write = False, check: Check = False) -> None:
    """Print every setting with its default, or keep `.env.example` as printed."""
    _keep(Path(".env.example"), dotenv(), write=write, check=check)


@app.command()
def upstreams(*, write: Write = False, check: Check = False) -> None:
    """Print what is asked of each upstream and for which GraphQL fields, or keep `docs/upstreams.md` as printed."""
    from bff.upstream_docs import upstream_docs

    _keep(Path("docs/upstreams.md"), upstream_docs(), write=write, check=check)


@catalog.command("check")
def catalog_check() -> None:
    """Read the operator's catalogue once and tell what a shop would stumble over."""
    from bff.catalog_check import check_catalog

    loaded = environment_settings()
    checked(loaded)
    raise typer.Exit(0 if asyncio.run(check_catalog(loaded)) else 1)


@catalog.command("load")
def catalog_load(
    sources: Annotated[list[str], typer.Argument(help="Files or URLs: JSON array or NDJSON, plain or gzip.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Take it although it is small or has many rejects.")] = False,
) -> None:
    """Load a dump and switch every running process to it; whatever is wrong leaves the old one serving."""
    _catalog_command("load", sources, force=force)


@catalog.command("dump")
def catalog_dump(
    path: Annotated[Path, typer.Argument(help="The file to write; gzip when its name ends in .gz.")],
) -> None:
    """Write a dump of the TMF620 that is configured, in all languages."""
    checked(environment_settings())
    _catalog_command("dump", path)


@catalog.command("rollback")
def catalog_rollback() -> None:
    """Serve the dump before the current one again."""
    _catalog_command("rollback")


@catalog.command("status")
def catalog_status() -> None:
    """Which dump serves, and which could be gone back to."""
    _catalog_command("status")


def _catalog_command(name: str, *arguments: object, **options: object) -> None:
    from rich.console import Console

    from bff import catalog_commands
    from domain.catalog.dumps.records import DumpError

    try:
        getattr(catalog_commands, name)(environment_settings(), *arguments, console=Console(), **options)
    except DumpError as error:
        fail(str(error))


@database.command("migrate")
def database_migrate() -> None:
    """Make the tables, or bring them up to this release."""
    from store.migrate import upgrade

    found = _asked_of_database(upgrade)
    if found.behind:
        typer.echo(f"Brought from {found.current or 'nothing'} to {found.head}.")
    else:
        typer.echo(f"Nothing to do: {_standing(found)}")


@database.command("status")
def database_status() -> None:
    """Whether the tables are as this release needs them; the exit code is 1 when they are not."""
    from store.migrate import status

    found = _asked_of_database(status)
    typer.echo(_standing(found))
    raise typer.Exit(1 if found.behind else 0)


def _asked_of_database(ask: "Callable[[str], Coroutine[None, None, Status]]") -> "Status":
    from kernel.errors import StoreUnavailableError

    try:
        return asyncio.run(ask(environment_settings().database.url))
    except StoreUnavailableError as error:
        fail(f"The database cannot be used: {error.detail}")


def _standing(found: "Status") -> str:
    if found.behind:
        return f"At {found.current or 'nothing'}; this release needs {found.head}: run `bff database migrate`."
    return (
        f"At {found.current}, as this release needs it." if found.known else f"At {found.current}, a newer release's."
    )


Json = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show cards with all their digits.")]
What = Annotated[str, typer.Argument(help="A reservation's id, a number, or a card's ICCID.")]


@reservations.command("list")
def reservations_list(
    what: Annotated[str | None, typer.Argument(help="Only those of this number or card, whatever their state.")] = None,
    *,
    state: Annotated[list[str] | None, typer.Option(help="Only those in this state, e.g. IN_CHECKOUT.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
    as_json: Json = False,
    reveal: Reveal = False,
) -> None:
    """Show what is reserved now, the latest first."""
    options = {"states": [each.upper() for each in state or ()], "everything": everything, "limit": limit}
    _reservations_command("listed", as_json=as_json, reveal=reveal, what=what, **options)


@reservations.command("explain")
def reservations_explain(what: What, *, as_json: Json = False, reveal: Reveal = False) -> None:
    """Show one in journal, Redis and inventory, and what the next sweep will do about it, and why."""
    _reservations_command("explained", as_json=as_json, reveal=reveal, what=what)


@reservations.command("repair")
def reservations_repair(
    what: What,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it.")] = False,
    as_json: Json = False,
    reveal: Reveal = False,
) -> None:
    """Show what a sweep would do about one; with --apply have that done now."""
    _reservations_command("repair", as_json=as_json, reveal=reveal, what=what, apply=apply)


def _reservations_command(name: str, *, as_json: bool, reveal: bool, **options: object) -> None:
    from rich.console import Console

    from bff import reservation_commands

    try:
        view = reservation_commands.View(Console(), as_json, reveal)
        getattr(reservation_commands, name)(environment_settings(), view, **options)
    except reservation_commands.CommandError as error:
        fail(str(error))


def _keep(path: Path, text: str, *, write: bool, check: bool) -> None:
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    elif check:
        if not path.exists() or path.read_text("utf-8") != text:
            fail(f"{path} is not what the code says; write it anew with --write.")
    else:
        sys.stdout.write(text)
