"""A memory bounded in bytes."""

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from dataloaders.lru import ByteLRU

KEYS = st.sampled_from("abcdef")
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, st.integers(0, 12)),
    st.tuples(st.just("get"), KEYS, st.just(0)),
    st.tuples(st.sampled_from(["drop", "get all", "peek all"]), KEYS, st.just(0)),
)


@given(st.lists(STEPS, max_size=60))
def test_against_a_model(steps: list[tuple[str, str, int]]) -> None:
    """Under any sequence the bound holds, the count of bytes is right, and what was used last is what is kept."""
    memory: ByteLRU[int] = ByteLRU(20)
    model: OrderedDict[str, tuple[int, int]] = OrderedDict()  # used longest ago first
    for number, (step, key, size) in enumerate(steps):
        if step == "put":
            memory.put(key, number, size)
            model.pop(key, None)
            model[key] = (number, size)
            while sum(size for _, size in model.values()) > 20:
                model.popitem(last=False)
        elif step == "get":
            assert memory.get(key) == (model[key][0] if key in model else None)
            if key in model:
                model.move_to_end(key)
        elif step == "drop":
            memory.drop(key)
            model.pop(key, None)
        else:
            wanted = [key, "a", key]
            found = memory.get_all(wanted) if step == "get all" else memory.peek_all(wanted)
            assert found == [model.get(each, (None,))[0] for each in wanted]
            for each in wanted if step == "get all" else ():
                if each in model:
                    model.move_to_end(each)
        assert memory.bytes == sum(size for _, size in model.values()) <= 20
        assert len(memory) == len(model)
    assert {key: memory.get(key) for key in "abcdef"} == {key: model.get(key, (None,))[0] for key in "abcdef"}


def test_too_large() -> None:
    """A value larger than the whole memory is not kept, costs nobody else's place, and its older self is gone."""
    memory: ByteLRU[str] = ByteLRU(10)
    memory.put("a", "old", 4)
    memory.put("b", "other", 4)
    memory.put("a", "new", 11)
    assert (memory.get("a"), memory.get("b"), memory.bytes) == (None, "other", 4)


def test_exactly_full() -> None:
    """The bound itself is allowed."""
    memory: ByteLRU[str] = ByteLRU(10)
    memory.put("a", "x", 6)
    memory.put("b", "y", 4)
    assert (memory.get("a"), memory.get("b"), memory.bytes) == ("x", "y", 10)


def test_what_was_used_last_stays() -> None:
    """Being read counts as being used: the one that nobody read makes room."""
    memory: ByteLRU[str] = ByteLRU(10)
    memory.put("a", "x", 5)
    memory.put("b", "y", 5)
    memory.get("a")
    memory.put("c", "z", 5)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == ("x", None, "z")


def test_clear() -> None:
    """Cleared, it holds nothing and counts nothing."""
    memory: ByteLRU[str] = ByteLRU(10)
    memory.put("a", "x", 6)
    memory.clear()
    assert (memory.get("a"), len(memory), memory.bytes) == (None, 0, 0)
    memory.put("b", "y", 10)
    assert memory.get("b") == "y"
