"""The switchboard, and that the table says in the README and in FACTS.md what it says in the code."""

import inspect
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.habits import HABITS
from sandbox.habits.table import markdown
from sandbox.process import SandboxProcess
from tests.needs import need_spec
from tests.sandbox.conftest import BASE
from tests.sandbox.habits.conftest import Switch

HERE = Path(__file__).parent
README = HERE.parents[2] / "sandbox" / "README.md"
OFFERING = f"{BASE}/productOffering"


async def listed(client: httpx.AsyncClient) -> dict[str, Any]:
    return {habit["name"]: habit["on"] for habit in (await client.get("/sandbox/habits")).json() if habit["on"]}


def test_the_readme_shows_the_table() -> None:
    assert markdown() in README.read_text(encoding="utf-8")


def test_every_habit_is_tested_by_name() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in HERE.parent.rglob("test_*.py"))
    assert [name for name in HABITS if f'"{name}"' not in tests] == []


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("**", "").replace("[seen]", "").replace("(:", "("))


@pytest.mark.parametrize("name", HABITS)
def test_every_habit_quotes_its_source(name: str) -> None:
    facts = need_spec("FACTS.md").read_text(encoding="utf-8")
    section = re.search(
        rf"^#+ {re.escape(HABITS[name].section)}[. ].*?(?=^## |^### |\Z)", facts, re.MULTILINE | re.DOTALL
    )
    assert section, f"no section {HABITS[name].section}"
    assert plain(HABITS[name].seen) in plain(section[0])


@pytest.mark.parametrize("name", HABITS)
def test_every_habit_changes_something(name: str) -> None:
    hooks = [value for field, value in inspect.getmembers(HABITS[name]) if field in HOOKS and value is not None]
    assert hooks


HOOKS = {
    "ask", "found", "listed", "fields", "show", "states", "postpone", "guard", "take", "respond", "refuse", "late",
    "subscribe", "parcels",
}  # fmt: skip


async def test_a_listing_shows_every_habit_and_what_is_on(client: httpx.AsyncClient, habit: Switch) -> None:
    listing = (await client.get("/sandbox/habits")).json()
    assert [each["name"] for each in listing] == list(HABITS)
    assert listing[list(HABITS).index("limit-clamped")] == {
        "name": "limit-clamped",
        "about": "Never more than `limit` items in a page, whatever was asked.",
        "source": "FACTS 1.3: others clamp silently",
        "options": {"limit": 10},
        "on": [],
    }
    await habit("limit-clamped", limit=3)
    await habit("limit-clamped", limit=4)
    await habit("always-206", resource="category")
    assert await listed(client) == {
        "limit-clamped": [{"api": "TMF620", "resource": None, "limit": 4}],
        "always-206": [{"api": "TMF620", "resource": "category"}],
    }
    await habit("limit-clamped", on=False)
    assert list(await listed(client)) == ["always-206"]
    await client.delete("/sandbox/habits", params={"api": "TMF999"})
    assert list(await listed(client)) == ["always-206"]
    await client.delete("/sandbox/habits")
    assert await listed(client) == {}


async def test_a_habit_may_be_for_one_resource_or_for_every_api(client: httpx.AsyncClient, habit: Switch) -> None:
    await habit("limit-clamped", resource="category", limit=2)
    assert len((await client.get(f"{BASE}/category")).json()) == 2
    assert len((await client.get(OFFERING)).json()) == 100
    await client.put("/sandbox/habits", json={"name": "limit-clamped", "limit": 5})
    assert len((await client.get(OFFERING)).json()) == 5


async def test_habits_compose(client: httpx.AsyncClient, habit: Switch) -> None:
    for name in ("counts-unfiltered", "limit-clamped", "gt-unknown", "filter-ignored", "null-arrays", "extra-types"):
        await habit(name)
    answer = await client.get(f"{OFFERING}?category.id=cat-fibre&name.gt=x")
    assert (answer.headers["x-total-count"], len(answer.json())) == ("153", 10)
    assert (answer.json()[0]["agreement"], answer.json()[0]["vendorRank"]) == (None, 7)


async def test_a_reset_clears_them(client: httpx.AsyncClient, habit: Switch) -> None:
    await habit("always-206")
    await client.post("/sandbox/reset")
    assert await listed(client) == {}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "unheard-of"},
        {"name": "always-206", "api": "TMF999"},
        {"name": ["always-206"]},
        {"name": "always-206", "api": ["TMF620"]},
        {"name": "always-206", "resource": ["category"]},
        {"name": "always-206", "on": "yes"},
        {"name": "always-206", "limit": 3},
        {"name": "limit-clamped", "limit": "3"},
        {"name": "limit-clamped", "limit": -1},
        {"name": "limit-clamped", "limit": True},
        {"name": "error-shapes", "shape": "xml"},
        {"name": "odd-elements", "kind": 3},
    ],
)
async def test_a_wrong_switch_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.put("/sandbox/habits", json=body)).status_code == 400
    assert await listed(client) == {}


def test_the_control_switches_them(server: SandboxProcess) -> None:
    server.control.habit("limit-clamped", limit=2)
    assert len(httpx.get(server.base_url + OFFERING).json()) == 2
    assert [habit["name"] for habit in server.control.habits() if habit["on"]] == ["limit-clamped"]
    server.control.habit("limit-clamped", on=False)
    assert len(httpx.get(server.base_url + OFFERING).json()) == 100
    server.control.habit("always-206")
    server.control.clear_habits()
    assert [habit["name"] for habit in server.control.habits() if habit["on"]] == []
