"""Documents by rule in the store: they cost nothing until they are changed, and nobody sees which ones were."""

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.filters import parse_filters
from sandbox.generated import Column
from sandbox.paging import Page, parse_sort
from sandbox.store import Store


class Letters:
    """a, b, c... with a size by turns; `weight` has no column."""

    def __init__(self, kind: str, size: int) -> None:
        self.kind = kind
        self._size = size

    def __len__(self) -> int:
        return self._size

    def document(self, position: int) -> dict[str, Any]:
        size = ("small", "large")[position % 2]
        return {"id": chr(97 + position), "size": size, "tags": [{"n": size}, {"n": "x"}], "weight": position}

    def position(self, identifier: str) -> int | None:
        found = ord(identifier) - 97 if len(identifier) == 1 else -1
        return found if 0 <= found < self._size else None

    def column(self, path: str) -> Column | None:
        sizes = [str(self.document(position)["size"]) for position in range(self._size)]
        columns: dict[str, Column] = {
            "size": [(size,) for size in sizes],
            "tags.n": [(size, "x") for size in sizes],
            "none": [()] * self._size,
        }
        return columns.get(path)


INDEX = {"X.a": ("size", "tags.n"), "X.b": ("size",)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = opened(tmp_path)
    yield store
    store.close()


def opened(folder: Path) -> Store:
    store = Store(folder / "s.sqlite", INDEX, [Letters("X.a", 6), Letters("X.b", 3)])
    store.seed("1", lambda: iter([("X.c", {"id": "seeded"})]))
    return store


def everything(store: Store) -> list[list[Any]]:
    """Every row of every table of documents."""
    tables = ("document", "attribute", "gone")
    return [sorted(store.connection.execute(f"SELECT * FROM {table}")) for table in tables]


def ids(store: Store, query: str = "", *, kind: str = "X.a", sort: str = "", page: Page | None = None) -> str:
    found, total = store.find(kind, parse_filters(query), parse_sort(sort), page or Page(), "en")
    assert page or len(found) == total
    return "".join(each["id"] for each in found)


def rows(store: Store) -> int:
    return int(store.connection.execute("SELECT count(*) FROM document WHERE kind <> 'X.c'").fetchone()[0])


def test_they_are_read_and_paged_without_a_row(store: Store) -> None:
    assert (ids(store), ids(store, kind="X.b"), ids(store, kind="X.c")) == ("abcdef", "abc", "seeded")
    assert store.get("X.a", "f") == Letters("X.a", 6).document(5)
    assert store.get("X.b", "f") is None
    assert ids(store, page=Page(4, 10)) == "ef"
    assert store.find("X.a", [], [], Page(2, 2), "en")[1] == 6
    assert rows(store) == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("size=small", "ace"),
        ("size=small,large", "abcdef"),
        ("size=small&size=large", "abcdef"),
        ("size=tiny", ""),
        ("size=large&tags.n=x", "bdf"),
        ("tags.n=large", "bdf"),
        ("size=small;tags.n=large", "abcdef"),
        ("size=small;weight=1", "abce"),
        ("weight=3", "d"),
        ("weight.gte=3&size=large", "df"),
        ("size.regex=^l", "bdf"),
        ("size=*mal*", "ace"),
        ("size.gt=m", "ace"),
        ("id=b,c", "bc"),
        ("none=1", ""),
        ("unknown=1", ""),
    ],
)
def test_filters_find_what_they_find_in_rows(store: Store, query: str, expected: str) -> None:
    assert ids(store, query) == expected
    for letter in "abcdef":
        store.replace("X.a", store.get("X.a", letter) or {})
    assert (rows(store), ids(store, query)) == (6, expected)


@pytest.mark.parametrize(
    ("sort", "expected"), [("size", "bdface"), ("-weight", "fedcba"), ("-size,-weight", "ecafdb"), ("none", "abcdef")]
)
def test_they_are_sorted_with_the_rows(store: Store, sort: str, expected: str) -> None:
    assert ids(store, sort=sort) == expected
    store.replace("X.a", store.get("X.a", "c") or {})
    assert ids(store, sort=sort) == expected


def test_a_changed_one_keeps_its_place_and_the_others_theirs(store: Store) -> None:
    store.replace("X.a", {"id": "b", "size": "huge"})
    assert (ids(store), ids(store, "size=huge"), ids(store, "size=large")) == ("abcdef", "b", "df")
    assert store.get("X.a", "b") == {"id": "b", "size": "huge"}
    assert store.get("X.b", "b") == Letters("X.b", 3).document(1)
    assert rows(store) == 1


def test_a_new_one_comes_last(store: Store) -> None:
    store.replace("X.a", {"id": "f", "size": "huge"})
    assert store.add("X.a", {"id": "z", "size": "large"})
    assert (ids(store), ids(store, "size=large")) == ("abcdefz", "bdz")


def test_a_new_one_comes_last_also_where_nothing_else_is_stored(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite", INDEX, [Letters("X.a", 6)])
    store.replace("X.a", {"id": "a", "size": "huge"})
    assert store.add("X.a", {"id": "z", "size": "large"})
    assert (ids(store), ids(store, "size=large")) == ("abcdefz", "bdfz")
    store.close()


def test_an_id_by_rule_is_taken(store: Store) -> None:
    assert store.add("X.a", {"id": "a"}) is False
    assert store.get("X.a", "a") == Letters("X.a", 6).document(0)


def test_a_removed_one_stays_away_and_its_id_is_free_again(store: Store) -> None:
    assert store.remove("X.a", "a")
    assert (store.get("X.a", "a"), store.remove("X.a", "a"), ids(store)) == (None, False, "bcdef")
    assert ids(store, "size=small") == "ce"
    assert store.add("X.a", {"id": "a", "size": "small"})
    assert (ids(store), ids(store, "size=small")) == ("bcdefa", "cea")
    assert store.remove("X.a", "a")
    assert ids(store) == "bcdef"


def test_what_is_not_there_cannot_be_replaced(store: Store) -> None:
    with pytest.raises(KeyError):
        store.replace("X.a", {"id": "zz"})


@given(st.lists(st.tuples(st.sampled_from(["add", "replace", "remove"]), st.sampled_from("abcwxyz")), max_size=12))
def test_undoing_leaves_the_very_rows_of_the_seed(writes: list[tuple[str, str]]) -> None:
    """Whatever was written, to documents by rule, to those of the seed and to new ones, more than once."""
    with closing(Store(Path(":memory:"), INDEX, [Letters("X.a", 6)])) as store:
        store.seed("1", lambda: iter([("X.a", {"id": each, "size": "small"}) for each in "xy"]))
        seeded = everything(store)
        for _ in range(2):
            for what, identifier in writes:
                with suppress(KeyError):
                    if what == "remove":
                        store.remove("X.a", identifier)
                    else:
                        getattr(store, what)("X.a", {"id": identifier, "size": what})
            assert store.undo()
            assert everything(store) == seeded


def test_what_another_process_wrote_cannot_be_undone(tmp_path: Path, store: Store) -> None:
    store.remove("X.a", "c")
    second = opened(tmp_path)
    assert (second.undo(), ids(second)) == (False, "abdef")
    second.close()


def test_changes_survive_a_restart_and_end_with_a_reset(tmp_path: Path, store: Store) -> None:
    store.replace("X.a", {"id": "b", "size": "huge"})
    store.remove("X.a", "c")
    second = opened(tmp_path)
    assert (ids(second), ids(second, "size=huge")) == ("abdef", "b")
    second.seed("1", lambda: iter([]), again=True)
    assert (ids(second), ids(second, "size=huge"), rows(second)) == ("abcdef", "", 0)
    second.close()
