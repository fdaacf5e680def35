"""The file: seeded once, all or nothing, and quick however much is in it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.app import create_sandbox, seed_version
from sandbox.filters import parse_filters
from sandbox.paging import Page
from sandbox.store import Store
from sandbox.tables import Seeded
from tests.sandbox.conftest import BASE

ONE = Page(0, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s.sqlite", {"X.a": ("tag.id",)})
    yield store
    store.close()


def some(count: int) -> list[Seeded]:
    return [
        ("X.a", {"id": str(number), "tag": [{"id": f"t{number % 3}"}, {"id": f"t{number % 3}"}]})
        for number in range(count)
    ]


def test_a_seed_is_planted_once(store: Store) -> None:
    assert store.seed("1", lambda: some(3))
    assert store.remove("X.a", "1")
    assert not store.seed("1", lambda: some(3))
    assert store.find("X.a", [], [], ONE, "en")[1] == 2
    assert store.seed("2", lambda: some(4))
    assert store.find("X.a", [], [], ONE, "en")[1] == 4
    assert store.seed("2", lambda: some(5), again=True)
    assert store.find("X.a", [], [], ONE, "en")[1] == 5


def test_a_filtered_page_keeps_the_order_in_which_documents_came(store: Store) -> None:
    store.seed("1", lambda: some(9))
    page, total = store.find("X.a", parse_filters("tag.id=t2,t0"), [], Page(1, 3), "en")
    assert ([document["id"] for document in page], total) == (["2", "3", "5"], 6)


def test_a_total_is_never_older_than_the_last_write(store: Store) -> None:
    store.seed("1", lambda: some(3))
    for write, total in (
        (lambda: None, 1),
        (lambda: store.add("X.a", {"id": "n", "tag": [{"id": "t0"}]}), 2),
        (lambda: store.replace("X.a", {"id": "n", "tag": [{"id": "t1"}]}), 1),
        (lambda: store.remove("X.a", "0"), 0),
    ):
        write()
        assert store.find("X.a", parse_filters("tag.id=t0"), [], ONE, "en")[1] == total


def test_a_seed_that_breaks_leaves_what_was_there(store: Store) -> None:
    store.seed("1", lambda: some(3))

    def breaking() -> Iterator[Seeded]:
        yield from some(2)
        raise KeyError("leads nowhere")

    with pytest.raises(KeyError):
        store.seed("2", breaking)
    assert [document["id"] for document in store.find("X.a", [], [], Page(), "en")[0]] == ["0", "1", "2"]
    assert not store.seed("1", lambda: some(3))


def test_kinds_do_not_see_each_other(store: Store) -> None:
    assert store.add("X.a", {"id": "1"})
    assert store.add("X.b", {"id": "1"})
    assert not store.add("X.a", {"id": "1"})
    assert store.remove("X.a", "1")
    assert store.get("X.a", "1") is None
    assert store.get("X.b", "1") == {"id": "1"}


def test_replacing_what_is_not_there_changes_nothing(store: Store) -> None:
    with pytest.raises(KeyError):
        store.replace("X.a", {"id": "1"})
    assert store.find("X.a", [], [], ONE, "en") == ([], 0)


def test_the_version_of_the_seed_is_stable() -> None:
    assert seed_version() == seed_version()
    assert len(seed_version()) == 16


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("large") / "sandbox.sqlite"
    create_sandbox(file, offerings=20_000).state.store.close()
    return file


async def test_twenty_thousand_offerings_page_in_the_middle(large: Path) -> None:
    app = create_sandbox(large, offerings=20_000)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox.test") as client:
        page = await client.get(f"{BASE}/productOffering", params={"offset": 12_000, "limit": 50})
        assert (page.status_code, page.headers["x-total-count"]) == (206, "20000")
        assert [offering["id"] for offering in page.json()] == [
            f"po-series-{number}" for number in range(12_000, 12_050)
        ]
        last = await client.get(f"{BASE}/productOffering", params={"offset": 19_990, "limit": 50})
        assert last.headers["x-result-count"] == "10"
        by_category = await client.get(
            f"{BASE}/productOffering", params={"category.id": "cat-fibre", "offset": 1_000, "limit": 5}
        )
        assert [offering["category"][0]["id"] for offering in by_category.json()] == ["cat-fibre"] * 5
        prices = ",".join(price["id"] for offering in page.json() for price in offering["productOfferingPrice"])
        priced = await client.get(f"{BASE}/productOfferingPrice", params={"id": prices, "limit": 1000})
        assert priced.headers["x-total-count"] == str(len(prices.split(","))) == "125"
    app.state.store.close()


def test_pages_and_indexed_filters_never_read_the_whole_table(large: Path) -> None:
    """The plans SQLite chose: a scan of `document` by body would show here as SCAN document."""
    db = sqlite3.connect(large)
    by_place = "SELECT seq FROM document WHERE kind = ? ORDER BY seq LIMIT 50 OFFSET 12000"
    by_category = (
        "SELECT seq FROM document WHERE kind = ? AND seq IN "
        "(SELECT seq FROM attribute WHERE kind = ? AND path = ? AND value IN (?)) ORDER BY seq LIMIT 5"
    )
    for statement, values in ((by_place, ["k"]), (by_category, ["k"] * 4)):
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        assert not [step for step in plan if step.startswith("SCAN document")], plan
    db.close()
