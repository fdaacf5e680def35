"""The command line: what it prints, writes and refuses, and `bff catalog check` on a good and a bad catalogue."""

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from starlette.applications import Starlette
from typer.testing import CliRunner

from bff.cli import app
from bff.dev import SANDBOX_TMF620, DevError
from bff.serving import serving_app
from bff.settings_reader import dotenv
from bff.upstream_docs import upstream_docs
from clients.tmf620 import collections
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from schema.root import build_schema
from tests.upstream import Upstream

ROOT = Path(__file__).resolve().parents[2]
RUNNER = CliRunner()
HEAD = max(path.name[:4] for path in (ROOT / "store" / "migrations" / "versions").glob("[0-9]*.py"))


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Any:
    """No variable of whoever runs the tests, and logging as it was."""
    for name in list(os.environ):
        if name.startswith("BFF_"):
            monkeypatch.delenv(name)
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("command", "file", "text"),
    [
        ("schema", "schema.graphql", lambda: build_schema().as_str() + "\n"),
        ("settings", ".env.example", dotenv),
        ("upstreams", "docs/upstreams.md", upstream_docs),
    ],
)
def test_printed_written_and_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, file: str, text: Any
) -> None:
    """Each generated page: printed, written where it belongs, found fresh or stale; the repository's is fresh."""
    monkeypatch.chdir(ROOT)
    assert RUNNER.invoke(app, [command, "--check"]).exit_code == 0
    monkeypatch.chdir(tmp_path)
    assert RUNNER.invoke(app, [command]).output == text()
    missing = RUNNER.invoke(app, [command, "--check"])
    assert (missing.exit_code, missing.output) == (
        2,
        f"{file} is not what the code says; write it anew with --write.\n",
    )
    assert RUNNER.invoke(app, [command, "--write"]).exit_code == 0
    assert Path(file).read_text("utf-8") == text()
    assert RUNNER.invoke(app, [command, "--check"]).exit_code == 0
    Path(file).write_text(text() + " ", "utf-8")
    assert RUNNER.invoke(app, [command, "--check"]).exit_code == 2


def test_upstream_docs_have_everything() -> None:
    """Every collection, every attribute that is always read, and the fields that ask."""
    text = upstream_docs()
    for collection in collections():
        assert f"### `{collection.path}`" in text
        assert all(f"`{each}`" in text for each in collection.always)
    assert "| `attachment` | `ProductOffering.images` |" in text
    assert "| `popRelationship` | `OfferingPrice.promotions`, " in text
    assert "filters: `id`, `category.id`, `isBundle`" in text


def test_wrong_settings_stop_every_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named and the exit code is 2, before anything is opened."""
    monkeypatch.setenv("BFF_WORKERS", "many")
    for command in (["serve"], ["dev"], ["catalog", "check"]):
        result = RUNNER.invoke(app, command)
        assert (result.exit_code, result.output) == (
            2,
            "BFF_WORKERS='many': must be a whole number (for example BFF_WORKERS=1)\n",
        )
    monkeypatch.delenv("BFF_WORKERS")
    for command in (["serve"], ["catalog", "check"]):
        result = RUNNER.invoke(app, command)
        assert result.exit_code == 2
        assert result.output.startswith("BFF_TMF620_URL is not set (for example ")


def test_serve_hands_the_settings_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Address, workers, the time for a graceful stop and what a WebSocket may are those of the settings."""
    served: dict[str, Any] = {}
    monkeypatch.setattr("uvicorn.run", lambda *args, **options: served.update(options, app=args))
    given = {"TMF620_URL": "http://x", "PORT": "81", "WORKERS": "2", "SHUTDOWN_TIMEOUT": "3", "PROXIES": "10.0.0.0/8"}
    for name, value in given.items():
        monkeypatch.setenv(f"BFF_{name}", value)
    assert RUNNER.invoke(app, ["serve"]).exit_code == 0
    assert served == {
        "app": ("bff.serving:serving_app",),
        "factory": True,
        "host": "127.0.0.1",
        "port": 81,
        "workers": 2,
        "log_config": None,
        "access_log": False,
        "timeout_graceful_shutdown": 3,
        "proxy_headers": True,
        "forwarded_allow_ips": "10.0.0.0/8",
        "http": "bff.edge.http_server:AtOnceProtocol",
        "ws": "bff.edge.socket_server:DrainedSocket",
        "ws_max_size": 100_000,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        "ws_per_message_deflate": False,
    }
    assert isinstance(serving_app(), Starlette)


def test_dev_and_sandbox_hand_on_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports, folders and sizes reach the parts; what is in the way is told in a line."""
    started: list[Any] = []
    monkeypatch.setattr("os.execv", lambda *arguments: started.append(arguments))
    RUNNER.invoke(app, ["sandbox", "--port", "5", "--data", "d", "--offerings", "500"])
    RUNNER.invoke(app, ["sandbox"])
    assert [arguments[1][1:] for arguments in started] == [
        ["-m", "sandbox", "--port", "5", "--data", "d", "--offerings", "500"],
        ["-m", "sandbox", "--port", "8001", "--data", ".bff-data/sandbox"],
    ]
    assert started[0][0] == sys.executable
    given: dict[str, Any] = {}
    monkeypatch.setattr("bff.dev.run_dev", lambda _settings, **options: given.update(options))
    assert RUNNER.invoke(app, ["dev", "--port", "7", "--data", "e", "--offerings", "9"]).exit_code == 0
    assert given == {"port": 7, "data": Path("e"), "offerings": 9}

    def in_the_way(*_: Any, **__: Any) -> None:
        raise DevError("Port 7 is in use.")

    monkeypatch.setattr("bff.dev.run_dev", in_the_way)
    result = RUNNER.invoke(app, ["dev"])
    assert (result.exit_code, result.output) == (2, "Port 7 is in use.\n")


async def test_what_lives_as_long_as_the_process_is_frozen_once_it_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not before the parts are open, whose libraries come with them: the collector would look at those for ever."""
    frozen: list[bool] = []
    monkeypatch.setattr("gc.freeze", lambda: frozen.append("domain.carts.keeper" in sys.modules))
    given = {
        "TMF620_URL": "http://x",
        "TMF663_URL": "http://y",
        "KEYS": "k" * 40,
        "DATABASE_URL": f"sqlite:///{tmp_path}/b",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"BFF_{name}", value)
    served: Any = serving_app()
    assert frozen == []
    async with served.router.lifespan_context(served):
        assert frozen == [True]


# ---------------------------------------------------------------- bff catalog check


@pytest.fixture
def operator(
    monkeypatch: pytest.MonkeyPatch, sandbox_process: SandboxProcess, sandbox: SandboxControl
) -> SandboxControl:
    monkeypatch.setenv("BFF_TMF620_URL", sandbox_process.base_url + SANDBOX_TMF620)
    monkeypatch.setenv("COLUMNS", "200")
    return sandbox


def test_a_good_catalogue(operator: SandboxControl) -> None:
    """The sandbox's is counted and found in order."""
    result = RUNNER.invoke(app, ["catalog", "check"])
    counted = {
        line.split("│")[1].strip(): line.split("│")[2].strip() for line in result.output.splitlines() if "│" in line
    }
    assert result.exit_code == 0
    assert (counted["offerings"], counted["… a shopper may see"], counted["categories"]) == ("153", "147", "47")
    assert "Nothing to stumble over." in result.output


def test_what_a_shop_would_stumble_over(operator: SandboxControl, upstream: Upstream) -> None:
    """References that lead nowhere by what they point to, unknown segments, missing statuses; a few of each named."""
    upstream.create("productOffering", {"id": "po-odd", "name": "Odd"})
    upstream.patch("productOffering", "po-esim", {
        "productOfferingPrice": [{"id": f"pop-none-{n}"} for n in range(10)],
        "category": [{"id": "cat-none"}],
        "productSpecification": {"id": "ps-none"},
        "bundledProductOffering": [{"id": "po-none"}],
        "marketSegment": [{"id": "seg-9", "name": "Gold [bold]"}],
    })  # fmt: skip
    result = RUNNER.invoke(app, ["catalog", "check"])
    assert result.exit_code == 0
    told = [line for line in result.output.splitlines() if line.startswith("•")]
    assert told == [
        "• 10 prices are referred to and do not exist: " + ", ".join(f"pop-none-{n}" for n in range(8)) + " …",
        "• 1 categories are referred to and do not exist: cat-none",
        "• 1 bundled offerings are referred to and do not exist: po-none",
        "• 1 specifications are referred to and do not exist: ps-none",
        "• Market segments of no setting (BFF_CATALOG_SEGMENT_...), taken as everyone: Gold [bold]",
        "• 1 offerings have no lifecycleStatus and are never sold: po-odd",
    ]
    assert "6 things to look at." in result.output


def test_a_catalogue_that_cannot_be_read(operator: SandboxControl) -> None:
    """The code, and for the operator what the upstream said; the exit code is 1."""
    operator.fault("errorBody", api="TMF620", resource="category")
    result = RUNNER.invoke(app, ["catalog", "check"])
    assert result.exit_code == 1
    assert result.output.startswith(
        "UPSTREAM_INVALID A system behind the shop gave an unusable answer.\ntmf620: category"
    )


# ---------------------------------------------------------------- bff database


def test_a_database_is_made_and_found_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before, while and after; migrating twice does nothing the second time."""
    monkeypatch.setenv("BFF_DATABASE_URL", f"sqlite:///{tmp_path}/bff.db")
    said = [RUNNER.invoke(app, ["database", command]) for command in ("status", "migrate", "migrate", "status")]
    assert [(result.exit_code, result.output) for result in said] == [
        (1, f"At nothing; this release needs {HEAD}: run `bff database migrate`.\n"),
        (0, f"Brought from nothing to {HEAD}.\n"),
        (0, f"Nothing to do: At {HEAD}, as this release needs it.\n"),
        (0, f"At {HEAD}, as this release needs it.\n"),
    ]


def test_a_database_of_a_newer_release_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BFF_DATABASE_URL", f"sqlite:///{tmp_path}/bff.db")
    RUNNER.invoke(app, ["database", "migrate"])
    with sqlite3.connect(tmp_path / "bff.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    result = RUNNER.invoke(app, ["database", "status"])
    assert (result.exit_code, result.output) == (0, "At 9999, a newer release's.\n")


def test_a_database_that_cannot_be_used_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BFF_DATABASE_URL", f"postgresql://bff:hunter2@/bff?host={tmp_path}")
    result = RUNNER.invoke(app, ["database", "status"])
    assert result.exit_code == 2
    assert result.output.startswith("The database cannot be used: OperationalError: ")
    assert "hunter2" not in result.output
