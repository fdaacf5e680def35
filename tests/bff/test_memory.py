"""What a process loads that shows the catalogue alone. Whatever is loaded stays in memory as long as it serves."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from bff.dev import SANDBOX_TMF620
from sandbox.process import SandboxProcess
from tests.processes import PATIENCE, serving

PARTS_LIBRARIES = {
    "aiocache",
    "alembic",
    "boto3",
    "botocore",
    "cryptography",
    "dbos",
    "jwt",
    "psycopg",
    "pycognito",
    "redis",
    "sqlalchemy",
}
"""Of carts, numbers, customers, signing in, and of Redis: 44 MB."""

COMMAND_LINES_LIBRARIES = {"pydantic", "rich", "typer"}
"""Typer brings pydantic, and structlog brings rich where it is installed: 11 MB."""

PAGE = "{ productOfferings(first: 5) { nodes { name prices { kind } categories { name } specification { name } } } }"
WITHOUT_CARTS = '{ cart { id } availableNumbers { msisdn } node(id: "Q2FydDox") { id } viewer { id } }'


def test_a_process_that_shows_the_catalogue_alone_loads_nothing_else(
    sandbox_process: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python tells what `bff serve` imports, from its start through answers of each kind to its end."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    log = tmp_path / "log"
    with serving(log=log, tmf620_url=sandbox_process.base_url + SANDBOX_TMF620, metrics_enabled=True) as (base, _):
        for _ in range(3):  # by graphql-core, then compiled, then kept
            assert len(asked(base, PAGE)["data"]["productOfferings"]["nodes"]) == 5
        refused = asked(base, WITHOUT_CARTS)
        assert {error["extensions"]["code"] for error in refused["errors"]} == {"UPSTREAM_UNAVAILABLE"}
        for path in ("metrics", "graphql"):
            with urlopen(Request(f"{base}/{path}", headers={"accept": "text/html"}), timeout=PATIENCE) as reply:
                assert reply.status == 200
    loaded = imported(log)
    assert {"aiohttp", "graphql", "structlog", "uvicorn"} <= loaded, "the log does not say what was imported"
    assert loaded & (PARTS_LIBRARIES | COMMAND_LINES_LIBRARIES) == set()


def asked(base: str, document: str) -> dict:
    headers = {"content-type": "application/json"}
    with urlopen(
        Request(f"{base}/graphql", json.dumps({"query": document}).encode(), headers), timeout=PATIENCE
    ) as reply:
        return json.loads(reply.read())


def imported(log: Path) -> set[str]:
    """The packages of which a module was imported: `import time: 120 | 1234 |   package.module`.

    One that was looked for and not there is in the log by its name alone.
    """
    lines = log.read_text("utf-8").splitlines()
    names = (line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:"))
    return {name.partition(".")[0] for name in names if "." in name}
