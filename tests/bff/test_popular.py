"""What is asked for again and again is kept, whatever else is asked for once or twice."""

import pytest

from bff.edge.documents import Documents
from bff.edge.popular import Popular
from bff.settings import LimitSettings
from schema.root import build_schema


def asked(memory: Popular[str], key: str, times: int) -> None:
    for _ in range(times):
        if memory.get(key) is None:
            memory.put(key, key.upper(), 10)


def kept(memory: Popular[str], *keys: str) -> list[str]:
    return [key for key in keys if key in memory._kept]


@pytest.fixture
def memory() -> Popular[str]:
    """Room for five newcomers and three that are kept."""
    return Popular(50, 30)


def test_the_second_use_keeps(memory: Popular[str]) -> None:
    """Once is not enough; a value is the same before and after."""
    assert memory.get("a") is None
    assert memory.put("a", "A", 10) is False
    assert [memory.get("a"), memory.get("a")] == [("A", True), ("A", True)]


def test_newcomers_push_out_newcomers_only(memory: Popular[str]) -> None:
    """However many come once."""
    asked(memory, "a", 2)
    for number in range(1_000):
        asked(memory, f"random {number}", 1)
    assert memory.get("a") == ("A", True)
    assert (len(memory), memory.bytes) == (6, 10)


def test_what_is_used_twice_does_not_push_out_what_is_used_more(memory: Popular[str]) -> None:
    """A client that repeats each of its random keys gets what room is free, and no more."""
    for key in "abc":
        asked(memory, key, 3)
    for number in range(1_000):
        asked(memory, f"random {number}", 2)
    assert kept(memory, "a", "b", "c") == ["a", "b", "c"]
    assert memory.bytes == 30


def test_a_new_favourite_takes_the_place_of_the_one_used_least(memory: Popular[str]) -> None:
    """Once it has been used more often."""
    for key, times in (("a", 5), ("b", 3), ("c", 4), ("d", 3)):
        asked(memory, key, times)
    assert kept(memory, "a", "b", "c", "d") == ["a", "b", "c"]
    asked(memory, "d", 1)
    assert kept(memory, "a", "b", "c", "d") == ["a", "c", "d"]


def test_yesterdays_favourites_make_room(memory: Popular[str]) -> None:
    """Uses are halved from time to time."""
    for key in "abc":
        asked(memory, key, 5_000)
    asked(memory, "a", 5_001)
    assert {key: each.uses for key, each in memory._kept.items()} == {"a": 5_001, "b": 2_500, "c": 2_500}
    asked(memory, "d", 2_501)
    assert kept(memory, "a", "d") == ["a", "d"]


def test_what_is_larger_than_the_room_is_never_kept(memory: Popular[str]) -> None:
    """And pushes nothing out."""
    asked(memory, "a", 2)
    memory.put("big", "BIG", 31)
    assert [memory.get("big"), memory.get("big"), memory.get("a")] == [("BIG", False), ("BIG", False), ("A", True)]


def test_what_grows_pushes_out_the_one_used_least(memory: Popular[str]) -> None:
    """A document takes more once it is compiled; one that outgrows all room goes itself."""
    for key, times in (("a", 5), ("b", 3), ("c", 4)):
        asked(memory, key, times)
    memory.grow("a", 20)
    assert (kept(memory, "a", "b", "c"), memory.bytes) == (["a", "c"], 30)
    memory.grow("a", 31)
    assert (kept(memory, "a", "c"), memory.bytes) == ([], 0)
    memory.grow("a", 10)
    assert memory.bytes == 0


def test_one_may_be_kept_at_first_sight() -> None:
    """Where the second use is not waited for."""
    memory: Popular[str] = Popular(50, 30, uses_to_keep=1)
    assert memory.put("a", "A", 10) is True
    assert memory.get("a") == ("A", True)


def test_random_documents_do_not_flush_the_plan_of_a_popular_one() -> None:
    """Two thousand different documents, each asked for twice, and the plan of the shop's page is still there."""
    documents = Documents.of(build_schema()._schema, LimitSettings(), introspection=True)
    page = "{ productOfferings(first: 20) { nodes { id name } } }"
    for _ in range(5):
        popular = documents.get(page)
    for number in range(2_000):
        for _ in range(2):
            documents.get(f"{{ a{number}: categories {{ id }} }}")
    assert documents.get(page) is popular
    assert popular.kept
    assert documents.memory.bytes <= 32_000_000
