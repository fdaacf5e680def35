"""What a plan keeps with an object: given again while all that it was made of is the same, and not a moment longer."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
import strawberry
from graphql import parse

from engine import Operations, Prepared, computed, lasting_list, relation, shown_by
from engine.compile.keeping import MOST_ROWS
from kernel.lasting import LastingList
from tests.engine.differential import plain

lasting_list(LastingList)


@dataclass
class Row:
    """Counts how often it is read."""

    n: int
    label: str = field(default="", compare=False)
    reads: list[str] = field(default_factory=list, compare=False)

    @property
    def name(self) -> str:
        self.reads.append("name")
        return f"n{self.n}"


@dataclass
class Told:
    """The context: what relations give; `known` what they give at once."""

    rows: Any
    parts: list[Row]
    flag: bool = True
    projections: dict[Any, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    known: Any = None


async def _parts(roots: list[Row], info: strawberry.Info) -> list[Any]:
    info.context.asked.append("parts")
    return [info.context.parts for _ in roots]


async def _items(roots: list[Row], info: strawberry.Info) -> list[Any]:
    return [next(row for row in info.context.rows if row.n == root.n) for root in roots]


async def _nicknames(roots: list[Row], info: strawberry.Info) -> list[Any]:
    info.context.asked.append("nicknames")
    return [f"asked {root.n}" for root in roots]


def _flag(_: strawberry.Parent[Any], info: strawberry.Info) -> bool:
    return info.context.flag


def _always(_: strawberry.Parent[Any], info: strawberry.Info) -> bool:
    return info.context is not None


@strawberry.type
class Part:
    lasting: ClassVar = True

    n: int
    label: str
    item: "Item" = relation(_items, description="What it is a part of.")

    is_type_of = shown_by(Row)


@strawberry.type
class Item:
    lasting: ClassVar = True

    n: int
    name: str
    flag: bool = computed(_flag, description="The context's.")
    fixed: bool = computed(_always, description="Always so.", fixed=True)
    twins: list[Part] = computed(lambda root: LastingList([root, root]), description="Itself, twice.")
    parts: list[Part] | None = relation(_parts, description="Parts.", known=lambda _, info: info.context.known)
    nickname: str | None = relation(
        _nicknames, description="A name.", at_hand=lambda root: None if root.n < 0 else f"own {root.n}"
    )

    is_type_of = shown_by(Row)


@strawberry.type
class Query:
    @strawberry.field
    def items(self, info: strawberry.Info) -> list[Item]:
        return info.context.rows


schema = strawberry.Schema(Query)._schema


def prepared(text: str) -> Prepared:
    return Operations(schema).prepare(parse(text), None)


async def ask(operation: Prepared, told: Told) -> Any:
    result = await operation.execute(told)
    assert result.errors is None
    return plain(result.data)["items"]


async def test_an_object_is_read_once_for_a_plan() -> None:
    told = Told([Row(1), Row(2)], [])
    operation = prepared("{ items { n name fixed } }")
    answers = [await ask(operation, told) for _ in range(3)]
    assert answers == [[{"n": n, "name": f"n{n}", "fixed": True} for n in (1, 2)]] * 3
    assert [row.reads for row in told.rows] == [["name"]] * 2


async def test_another_object_has_its_own() -> None:
    """Even one that is equal: it may be newer."""
    operation = prepared("{ items { name } }")
    first, second = Told([Row(1)], []), Told([Row(1)], [])
    assert await ask(operation, first) == await ask(operation, second)
    assert (first.rows[0].reads, second.rows[0].reads) == (["name"], ["name"])


async def test_what_the_context_says_is_asked_each_time() -> None:
    told = Told([Row(1)], [])
    operation = prepared("{ items { name flag } }")
    assert (await ask(operation, told))[0]["flag"] is True
    told.flag = False
    assert (await ask(operation, told))[0]["flag"] is False
    assert told.rows[0].reads == ["name"] * 2


async def test_what_was_loaded_is_compared_by_identity() -> None:
    """The same list is the same; an equal one may read differently, as 1 and True do."""
    told = Told([Row(1)], [Row(7, "a")])
    operation = prepared("{ items { name parts { label } } }")
    assert await ask(operation, told) == [{"name": "n1", "parts": [{"label": "a"}]}]
    assert await ask(operation, told) == [{"name": "n1", "parts": [{"label": "a"}]}]
    assert told.rows[0].reads == ["name"]
    told.parts = [Row(7, "b")]
    assert await ask(operation, told) == [{"name": "n1", "parts": [{"label": "b"}]}]
    assert told.asked == ["parts"] * 3


async def test_plans_and_places_keep_apart() -> None:
    """Two selections on one object, in one plan and in two, each show what they select."""
    told = Told([Row(1)], [])
    both = prepared("{ items { n } others: items { name } }")
    result = plain((await both.execute(told)).data)
    assert result == {"items": [{"n": 1}], "others": [{"name": "n1"}]}
    assert await ask(prepared("{ items { name n } }"), told) == [{"name": "n1", "n": 1}]
    assert plain((await both.execute(told)).data) == result


async def test_what_selects_the_same_shares() -> None:
    """Under whatever names, in one operation and in two: an object is read once for all of it."""
    told = Told([Row(1)], [Row(7, "a")])
    selected = "{ n name parts { label } }"
    both = prepared(f"{{ items {selected} others: items {selected} }}")
    expected = {"n": 1, "name": "n1", "parts": [{"label": "a"}]}
    for _ in range(2):
        assert plain((await both.execute(told)).data) == {"items": [expected], "others": [expected]}
        assert await ask(prepared(f"query Other {{ items {selected} }}"), told) == [expected]
    assert told.rows[0].reads == ["name"]


@pytest.mark.parametrize(
    "other",
    ["a: n name parts { label }", "name n parts { label }", "n name parts { label n }", "n name parts { a: label }"],
)
async def test_what_selects_a_little_else_does_not_share(other: str) -> None:
    told = Told([Row(1)], [Row(7, "a")])
    before = await ask(prepared("{ items { n name parts { label } } }"), told)
    (found,) = await ask(prepared(f"{{ items {{ {other} }} }}"), told)
    assert found != before[0] or [*found] != [*before[0]]
    assert len(told.rows[0].reads) == 2
    assert await ask(prepared(f"{{ items {{ {other} }} }}"), told) == [found]


async def test_an_object_keeps_few() -> None:
    """However many plans come by; what others keep with the object stays."""
    told = Told([Row(1)], [])
    vars(told.rows[0])["kept by others"] = 1
    for number in range(3 * MOST_ROWS):
        assert await ask(prepared(f"{{ items {{ a{number}: n }} }}"), told) == [{f"a{number}": 1}]
        assert sum(isinstance(each, type) for each in vars(told.rows[0])) <= MOST_ROWS
    assert vars(told.rows[0])["kept by others"] == 1


@pytest.mark.parametrize("known", [True, False])
async def test_what_objects_have_of_themselves_is_not_asked_for(known: bool) -> None:
    """Until one has not: then all is asked for as ever, from then on."""
    told = Told([Row(1), Row(2 if known else -2)], [])
    operation = prepared("{ items { nickname } }")
    for _ in range(2):
        names = [each["nickname"] for each in await ask(operation, told)]
        assert names == (["own 1", "own 2"] if known else ["asked 1", "asked -2"])
    assert told.asked == ([] if known else ["nicknames"] * 2)


# ---------------------------------------------------------------- lists that last


def lasting(*numbers: int) -> Told:
    """Rows and the lists of their parts, each in a list that lasts."""
    rows = LastingList(Row(number) for number in numbers)
    return Told(rows, [], known=LastingList([Row(number, "a")] for number in numbers))


def forget(told: Told) -> None:
    """Take from the rows what is kept with each, so that they tell when they are asked."""
    for row in told.rows:
        for key in [each for each in vars(row) if isinstance(each, type)]:
            del vars(row)[key]


async def test_all_of_a_list_that_lasts_is_kept_with_it() -> None:
    told, operation = lasting(1, 2), prepared("{ items { name parts { label } } }")
    expected = [{"name": f"n{n}", "parts": [{"label": "a"}]} for n in (1, 2)]
    for _ in range(3):
        assert await ask(operation, told) == expected
        forget(told)
    assert [row.reads for row in told.rows] == [["name"]] * 2


async def test_what_was_loaded_for_all_of_a_list_is_compared_by_identity() -> None:
    told, operation = lasting(1), prepared("{ items { name parts { label } } }")
    for label in "aabba":
        if told.known[0][0].label != label:  # type: ignore[index]
            told.known = LastingList([[Row(1, label)]])
        assert await ask(operation, told) == [{"name": "n1", "parts": [{"label": label}]}]


async def test_another_list_of_the_same_objects_has_its_own() -> None:
    told, operation = lasting(1, 2), prepared("{ items { n } }")
    for rows in (told.rows, LastingList(told.rows[:1]), LastingList(), LastingList(reversed(told.rows)), told.rows):
        told.rows = rows
        for _ in range(3):
            assert await ask(operation, told) == [{"n": row.n} for row in rows]


async def test_what_depends_on_who_asks_is_not_kept_with_a_list() -> None:
    told, operation = lasting(1), prepared("{ items { flag parts { label } } }")
    for flag in (True, False, True):
        told.flag = flag
        assert (await ask(operation, told))[0]["flag"] is flag


async def test_a_list_keeps_few() -> None:
    told = lasting(1)
    for number in range(3 * MOST_ROWS):
        assert await ask(prepared(f"{{ items {{ a{number}: n }} }}"), told) == [{f"a{number}": 1}]
        assert sum(isinstance(each, type) for each in vars(told.rows)) <= MOST_ROWS


async def test_a_list_with_a_hole_is_told_of_each_time() -> None:
    """An item that cannot be null is: the list is null, with its error, however often it is asked for."""
    told, operation = lasting(1), prepared("{ items { n } }")
    told.rows = LastingList([Row(1), None])
    for _ in range(3):
        result = await operation.execute(told)
        assert result.data is None
        assert [error.path for error in result.errors or ()] == [["items", 1]]


async def test_the_lists_of_two_parents_are_kept_apart() -> None:
    """The parts of two items are two lists; each item shows its own."""
    told, operation = lasting(1, 2), prepared("{ items { parts { label item { n } } } }")
    told.known = LastingList(LastingList([Row(n, f"of {n}")]) for n in (1, 2))
    for _ in range(3):
        assert await ask(operation, told) == [{"parts": [{"label": f"of {n}", "item": {"n": n}}]} for n in (1, 2)]


async def test_a_list_that_lasts_is_a_list_like_any_other_where_nothing_is_loaded_for_it() -> None:
    operations = Operations(schema)
    operation = operations.prepare(parse("{ items { twins { n } } }"), None)
    assert await ask(operation, lasting(1)) == [{"twins": [{"n": 1}, {"n": 1}]}]
    assert (operations.counted.compiled, operations.counted.exact) == (1, 0)
