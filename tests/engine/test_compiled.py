"""What a compiled operation does that a comparison of answers does not show: who is called how often, what is kept."""

import gc
import weakref
from collections import Counter
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, build_schema, parse, validate
from structlog.testing import capture_logs

from engine import Operations, Prepared, computed, relation
from tests.engine.differential import plain
from tests.engine.world import World
from tests.engine.world import schema as world_schema


class Context:
    """Counts the calls of resolvers. A class of its own: a weak reference can be made to it."""

    def __init__(self, **failing: bool) -> None:
        self.calls: Counter[str] = Counter()
        self.failing = failing
        self.projections: dict[Any, Any] = {}


async def _many(roots: list[Any], info: strawberry.Info) -> list[Any]:
    info.context.calls["many"] += 1
    if info.context.failing.get("all"):
        raise ValueError("all")
    if info.context.failing.get("short"):
        return roots[1:]
    return [ValueError("no") if info.context.failing.get("first") and root.n == 0 else str(root.n) for root in roots]


def _declared_path(root: strawberry.Parent[Any], info: strawberry.Info) -> str:
    return str(info.path)


@strawberry.type
class Item:
    n: int
    many: str | None = relation(_many, description="All at once.")
    declared_path: str | None = computed(_declared_path, description="Looks at what it promised not to.")

    @strawberry.field
    def ordinary(self, info: strawberry.Info) -> int | None:
        info.context.calls[f"ordinary {self.n}"] += 1
        if info.context.failing.get("ordinary") and self.n == 1:
            raise GraphQLError("no")
        return self.n

    @strawberry.field
    def changing(self, names: list[str]) -> list[str]:
        names.append(str(self.n))
        return names

    @strawberry.field
    def items(self) -> "list[Item]":
        return [Item(n=self.n * 10), Item(n=self.n * 10 + 1)]

    @strawberry.field
    def path(self, info: strawberry.Info) -> list[str]:
        return [str(each) for each in info.path.as_list()]

    @strawberry.field
    def about(self, info: strawberry.Info) -> str:
        return repr((info.field_name, info.python_name, info.variable_values, [s.name for s in info.selected_fields]))


@strawberry.type
class Query:
    items: list[Item] | None = computed(lambda: [Item(n=0), Item(n=1), Item(n=2)], description="Three.")
    text: str | None = computed(lambda: "t", description="A text.")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def first(self, info: strawberry.Info) -> Item:
        info.context.calls["first"] += 1
        if info.context.failing.get("first"):
            raise ValueError("first")
        return Item(n=1 if info.context.failing.get("below") else 0)

    @strawberry.mutation
    def second(self, info: strawberry.Info) -> int:
        info.context.calls["second"] += 1
        return list(info.context.calls).index("first")


schema = strawberry.Schema(Query, Mutation)._schema


@strawberry.type
class Deep:
    below: "list[list[Deep]]" = computed(lambda root: [[root]], description="Lists in lists.")
    n: int = computed(lambda root: root, description="A number.")


@strawberry.type
class DeepQuery:
    deep: Deep = computed(lambda: 1, description="The first.")


def prepared(document: str, name: str | None = None) -> tuple[Prepared, Operations]:
    parsed = parse(document)
    assert validate(schema, parsed) == []
    operations = Operations(schema)
    return operations.prepare(parsed, name), operations


async def asked(document: str, context: Context | None = None, **variables: Any) -> Any:
    operation, operations = prepared(document)
    result = await operation.execute(context or Context(), variables)
    assert operations.counted.compiled == 1
    return result


# ---------------------------------------------------------------- who is called how often


@pytest.mark.parametrize("failing", [False, True])
async def test_an_ordinary_resolver_is_called_once_for_each_object(failing: bool) -> None:
    """Also where something failed and the answer was put together by the book."""
    context = Context(ordinary=failing)
    result = await asked("{ items { ordinary } }", context)
    assert context.calls == {"ordinary 0": 1, "ordinary 1": 1, "ordinary 2": 1}
    assert [row["ordinary"] for row in plain(result.data)["items"]] == [0, None if failing else 1, 2]
    assert [error.path for error in result.errors or ()] == ([["items", 1, "ordinary"]] if failing else [])


async def test_a_relation_is_asked_once_for_a_level() -> None:
    """One call for three objects; the exception in one place fails that place alone."""
    context = Context(first=True)
    result = await asked("{ items { n many } }", context)
    assert context.calls == {"many": 1}
    assert [row["many"] for row in plain(result.data)["items"]] == [None, "1", "2"]
    assert [error.path for error in result.errors] == [["items", 0, "many"]]


@pytest.mark.parametrize("failing", ["all", "short"])
async def test_a_relation_that_fails_as_a_whole_fails_for_each_object(failing: str) -> None:
    """It raises, or gives fewer values than there are objects: nobody gets another object's value."""
    result = await asked("{ items { many } }", Context(**{failing: True}))
    assert plain(result.data) == {"items": [{"many": None}] * 3}
    assert [error.path for error in result.errors] == [["items", n, "many"] for n in range(3)]


async def test_each_call_has_arguments_of_its_own() -> None:
    """A resolver that changes a list it was given changes nothing for its siblings, nor for the next request."""
    operation, _ = prepared('{ items { changing(names: ["x"]) } }')
    for _ in range(2):
        result = await operation.execute(Context())
        assert [row["changing"] for row in plain(result.data)["items"]] == [["x", "0"], ["x", "1"], ["x", "2"]]


@pytest.mark.parametrize("failing", ["", "first", "below"])
async def test_mutations_run_one_after_another_and_stop_when_the_answer_is_lost(failing: str) -> None:
    """After a field that must not be null failed, itself or far below, the next one has no effect."""
    document = "mutation { first { n items { ordinary declaredPath } } second }"
    if failing == "below":
        document = "mutation { first { n items { changing(names: $x) } } second }".replace("$x", "null")
        document = document.replace("changing(names: null)", "items { many path }")
    context = Context(**({failing: True} if failing else {}))
    result = await asked(document, context)
    assert context.calls["second"] == (0 if failing == "first" else 1)
    assert (result.data is None) == (failing == "first")


# ---------------------------------------------------------------- info


async def test_ordinary_resolvers_see_their_path() -> None:
    """Worked out when it is asked for: through lists in lists, and after a failed object beside it."""
    result = await asked("{ items { again: items { path } } }")
    rows = plain(result.data)["items"]
    assert rows[2]["again"][1]["path"] == ["items", "2", "again", "1", "path"]
    assert rows[0]["again"][0]["path"] == ["items", "0", "again", "0", "path"]


async def test_paths_under_nulls_failures_and_several_types() -> None:
    """Rows are counted past what is no object, and by type under an abstract field."""
    operations = Operations(world_schema._schema)
    document = parse("{ media { __typename ... on Book { path neighbours { ... on Book { path } } } } }")
    for seed in range(30):
        result = await operations.prepare(document, None).execute(World(seed, 30))
        for index, row in enumerate(plain(result.data)["media"] if result.data else ()):
            if row and row.get("path"):
                assert row["path"] == f"['media', {index}, 'path']"
                below = [each["path"] for each in row["neighbours"] or () if "path" in each]
                assert all(f"'media', {index}, 'neighbours'" in each for each in below)


async def test_info_tells_what_it_tells_elsewhere() -> None:
    """Names, variables and selections."""
    result = await asked("query($x: Boolean = false) { items @skip(if: $x) { about } }", x=False)
    assert plain(result.data)["items"][0]["about"] == "('about', 'about', {'x': False}, ['about'])"


async def test_a_declared_resolver_has_no_path() -> None:
    """It promised not to look, and is told so."""
    result = await asked("{ items { declaredPath } }")
    assert {error.message for error in result.errors} == {
        "A declared resolver serves all rows of a level with one `info`, which has no path."
    }


# ---------------------------------------------------------------- what is kept, and what is not compiled


@pytest.mark.parametrize("failing", [False, True])
async def test_a_plan_keeps_nothing_of_a_request(failing: bool) -> None:
    """The context is gone with the request, without waiting for the garbage collector; an error's traceback waits."""
    operation, _ = prepared("query($s: Boolean!) { items { n ordinary many items { path about } } text @skip(if: $s) }")
    context = Context(ordinary=failing)
    gone = weakref.ref(context)
    gc.disable()
    try:
        result = await operation.execute(context, {"s": False})
        assert bool(result.errors) == failing
        del context, result
        if failing:
            gc.collect()
        assert gone() is None
    finally:
        gc.enable()
    assert len(operation.plans) == 1


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{ __schema { queryType { name } } }", "introspection"),
        ('{ text t: __type(name: "Item") { name } }', "introspection"),
        ("{ ...F } fragment F on Query { __schema { description } }", "introspection"),
        ("query($a: Boolean = true) { text @skip(if: $a) }", "null in @skip or @include"),
    ],
)
async def test_what_is_not_compiled_is_executed_all_the_same(document: str, reason: str) -> None:
    """By graphql-core, counted by its reason."""
    operation, operations = prepared(document)
    await operation.execute(Context(), {"a": None} if "$a" in document else {})
    assert (operations.counted.compiled, operations.counted.interpreted) == (0, {reason: 1})


async def test_what_comes_once_and_what_is_switched_off_is_not_compiled() -> None:
    """Whoever keeps the documents says what comes again."""
    operation, operations = prepared("{ text }")
    await operation.execute(Context(), worth_it=False)
    off = Operations(schema, enabled=False)
    result = await off.prepare(parse("{ text }"), None).execute(Context())
    assert plain(result.data) == {"text": "t"}
    assert (operations.counted.interpreted, off.counted.interpreted) == ({"seldom": 1}, {"off": 1})
    assert operation.plans == {}


async def test_a_fault_of_the_compiler_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operation takes graphql-core's way from then on, and the log says why."""

    def broken(_tree: Any) -> Any:
        raise IndexError

    monkeypatch.setattr("engine.compile.operation.completion_of", broken)
    operation, operations = prepared("{ text }")
    with capture_logs() as logs:
        for _ in range(2):
            assert plain((await operation.execute(Context())).data) == {"text": "t"}
    assert operations.counted.interpreted == {"fault of the compiler": 2}
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["operation.not_compiled"]


async def test_combinations_of_skip_and_include_are_bounded() -> None:
    """Eight plans for an operation; the other combinations are interpreted, and all are right."""
    names = "abcd"
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: text @skip(if: ${name})" for name in names)
    operation, operations = prepared(f"query({declared}) {{ {fields} z: text }}")
    for number in range(16):
        values = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        result = await operation.execute(Context(), values)
        assert list(plain(result.data)) == [name for name in names if not values[name]] + ["z"]
    assert len(operation.plans) == 8
    assert operations.counted.interpreted == {"too many combinations": 8}


async def test_operations_of_one_document_have_variables_of_their_own() -> None:
    """What another operation's fragment leaves out by a variable does not concern this one."""
    document = """query A($x: Boolean!) { text ...F @skip(if: $x) } query B { text ...F }
        fragment F on Query { items { n } }"""
    operation, operations = prepared(document, "B")
    assert list(plain((await operation.execute(Context())).data)) == ["text", "items"]
    assert (operations.counted.compiled, operations.counted.interpreted) == (1, {})
    other = operations.prepare(parse(document), "A")
    assert [len(plain((await other.execute(Context(), {"x": each})).data)) for each in (True, False)] == [1, 2]
    assert len(other.plans) == 2


async def test_a_document_that_would_become_huge_is_not_compiled() -> None:
    """A field for each type an interface can be, below another such field: it grows with the power of the depth."""
    types = " ".join(f"type T{n} implements I {{ i: I n: Int }}" for n in range(8))
    many = build_schema(f"interface I {{ i: I n: Int }} {types} type Query {{ i: I }}")
    document = parse("{ i " + "{ i " * 6 + "{ n }" + "}" * 6 + " }")
    operations = Operations(many)
    await operations.prepare(document, None).execute(None)
    assert operations.counted.interpreted == {"size": 1}


async def test_deeply_nested_inline_objects_compile() -> None:
    """Python nests at most twenty loops: what is deeper has columns of its own."""

    deep = strawberry.Schema(DeepQuery)._schema
    document = parse("{ deep " + "{ below " * 18 + "{ n }" + "}" * 18 + " }")
    operations = Operations(deep)
    result = await operations.prepare(document, None).execute(None)
    assert operations.counted.compiled == 1
    data = plain(result.data)["deep"]
    for _ in range(18):
        data = data["below"][0][0]
    assert data == {"n": 1}
