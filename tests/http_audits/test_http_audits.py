"""GraphQL over HTTP, judged by others: every server audit of the reference suite (npm's `graphql-http`) passes.

A recommendation that is not followed counts as a failure too. The suite runs in Node, against a gateway that listens.
"""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.needs import need_program

HERE = Path(__file__).resolve().parent
AUDITS = 61


@pytest.fixture(scope="module")
def node() -> str:
    """Path of Node, with the suite installed beside this file as its lock says; the second run finds it there."""
    node, npm = need_program("node"), need_program("npm")
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = HERE / "node_modules" / ".installed"
    if not stamp.is_file() or stamp.read_text() != wanted:
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True, timeout=300)
        stamp.write_text(wanted)
    return node


def test_every_audit_of_graphql_over_http_passes(node: str, dev_url: str) -> None:
    command = [node, "audit.mjs", f"{dev_url}/graphql"]
    done = subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True, timeout=120)
    audits = json.loads(done.stdout)

    failed = [
        f"{each['status']} {each['id']} {each['name']}: {each['reason']}" for each in audits if each["status"] != "ok"
    ]
    assert failed == [], "\n".join(failed)
    assert len(audits) == AUDITS
