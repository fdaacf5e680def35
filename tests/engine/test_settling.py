"""Awaiting in a compiled operation: a resolver that raises, hangs or is cancelled; a request that is; nothing left."""

import asyncio
from typing import Any

import pytest
import strawberry
from graphql import parse

from engine import LateError, Operations, computed, relation
from tests.engine.differential import plain


class StopError(BaseException):
    """No error of a field's: the process is to stop."""


class Probe:
    """The context: where resolvers stand and wait, and what became of them."""

    def __init__(self) -> None:
        self.never, self.moved = asyncio.Event(), asyncio.Event()
        self.began: list[str] = []
        self.ended: list[str] = []
        self.shared: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.projections: dict[Any, Any] = {}

    async def hang(self, name: str) -> str:
        self.began.append(name)
        self.moved.set()
        try:
            await self.never.wait()
        finally:
            await asyncio.sleep(0)
            self.ended.append(name)
        return name

    async def reached(self, count: int) -> None:
        while len(self.began) < count:
            self.moved.clear()
            await self.moved.wait()


@strawberry.type
class Row:
    number: int

    @strawberry.field
    async def odd(self, info: strawberry.Info) -> str | None:
        """Of rows 0 to 4 the second raises, the third is cancelled by somebody, the fourth hangs."""
        await asyncio.sleep(0)
        if self.number == 1:
            raise ValueError("1")
        if self.number == 2:
            raise asyncio.CancelledError
        if self.number == 3:
            return await info.context.hang("3")
        return str(self.number)

    @strawberry.field
    async def waits(self, info: strawberry.Info) -> str:
        return await info.context.hang(f"row {self.number}")

    @strawberry.field
    def shares(self, info: strawberry.Info) -> str:
        return info.context.shared

    @strawberry.field
    async def stubborn(self, info: strawberry.Info) -> str:
        try:
            await info.context.hang("stubborn")
        except asyncio.CancelledError:
            return "well then"
        return "?"


async def _many(roots: list[Row], info: strawberry.Info) -> list[Any]:
    await info.context.hang("many")
    return roots


@strawberry.type
class Query:
    rows: list[Row] = computed(lambda: [Row(number=n) for n in range(5)], description="Five.")
    one: list[Row] = computed(lambda: [Row(number=4)], description="One.")

    @strawberry.field
    async def slow(self, info: strawberry.Info) -> str | None:
        return await info.context.hang("slow")

    @strawberry.field
    async def cancelled(self) -> str | None:
        raise asyncio.CancelledError

    @strawberry.field
    def cancelled_at_once(self) -> str | None:
        raise asyncio.CancelledError

    @strawberry.field
    def stop(self) -> str | None:
        raise StopError


@strawberry.type
class Related(Query):
    many: Row | None = relation(_many, description="Hangs.")


schema = strawberry.Schema(Related)._schema


async def execute(document: str, probe: Probe, seconds: float | None = None) -> Any:
    operations = Operations(schema)
    result = await operations.prepare(parse(document), None).execute(probe, seconds=seconds)
    assert operations.counted.compiled == 1
    return result


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


async def test_a_failing_a_cancelled_and_a_hanging_resolver_leave_their_siblings_right() -> None:
    """Each of the three is an error of its own field; the others of the level have their values."""
    probe = Probe()
    running = asyncio.create_task(execute("{ rows { number odd } }", probe))
    await probe.reached(1)
    probe.never.set()
    result = await running
    assert [row["odd"] for row in plain(result.data)["rows"]] == ["0", None, None, "3", "4"]
    assert [(error.path, error.message) for error in result.errors] == [
        (["rows", 1, "odd"], "1"),
        (["rows", 2, "odd"], "Unexpected error value: CancelledError()"),
    ]


@pytest.mark.parametrize("document", ["{ rows { number odd } }", "{ slow rows { odd } }"])
async def test_when_time_is_up_what_hangs_fails_and_the_rest_is_answered(document: str) -> None:
    """A hanging resolver is cancelled and waited for; its field is null, with an error that says so."""
    probe = Probe()
    result = await execute(document, probe, seconds=0.5)  # all but what hangs is there by then, on a busy machine too
    assert [row["odd"] for row in plain(result.data)["rows"]] == ["0", None, None, None, "4"]
    late = [error.path for error in result.errors if isinstance(error.original_error, LateError)]
    assert late == ([["slow"]] if "slow" in document else []) + [["rows", 3, "odd"]]
    assert sorted(probe.began) == sorted(probe.ended)
    assert others() == set()


async def test_after_the_time_only_what_is_ready_at_once_is_taken() -> None:
    """A level that begins too late still takes what need not wait."""
    probe = Probe()
    result = await execute("{ slow one { odd waits } }", probe, seconds=0)
    assert result.data is None
    assert {tuple(error.path) for error in result.errors} >= {("one", 0, "waits")}
    assert others() == set()


async def test_a_resolver_that_ignores_the_end_of_its_time_does_not_spoil_the_request() -> None:
    """It gives a value after all; the task that ran it is not left half cancelled."""
    probe = Probe()
    result = await execute("{ one { stubborn } }", probe, seconds=0.01)
    assert (plain(result.data), result.errors) == ({"one": [{"stubborn": "well then"}]}, None)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("name", ["cancelled", "cancelledAtOnce"])
async def test_a_resolver_cancelled_alone_is_an_error_of_its_field(name: str) -> None:
    """Also where it is the only one and runs in the request's own task, or awaits nothing at all."""
    result = await execute("{ %s }" % name, Probe())  # noqa: UP031
    assert (plain(result.data), result.errors[0].path) == ({name: None}, [name])


@pytest.mark.parametrize(
    ("document", "waiting"),
    [
        ("{ slow }", 1),
        ("{ rows { waits } }", 5),
        ("{ slow a: slow rows { waits } many { number } }", 8),
        ("{ rows { odd waits } }", 6),
    ],
)
async def test_a_cancelled_request_stops_all_it_waits_for(document: str, waiting: int) -> None:
    """Every resolver that had begun has ended when the cancellation comes out; no task runs on."""
    probe = Probe()
    running = asyncio.create_task(execute(document, probe))
    await probe.reached(waiting)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(probe.ended) == waiting
    assert others() == set()


async def test_what_stops_the_process_leaves_no_coroutine() -> None:
    """The first field's resolver was called but not begun; warnings are errors here, so an unawaited one would show."""
    probe = Probe()
    with pytest.raises(StopError):
        await execute("{ slow stop }", probe)
    assert (probe.began, others()) == ([], set())


async def test_a_future_that_others_share_is_not_cancelled() -> None:
    """A loader's future outlives the request that gave up waiting for it."""
    probe = Probe()
    running = asyncio.create_task(execute("{ rows { shares } slow }", probe))
    await probe.reached(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not probe.shared.cancelled()
    assert others() == set()


async def test_a_shared_future_gives_its_value_to_all() -> None:
    """Sync resolvers may return futures."""
    probe = Probe()
    running = asyncio.create_task(execute("{ rows { shares } }", probe))
    await asyncio.sleep(0)
    probe.shared.set_result("same")
    assert plain((await running).data) == {"rows": [{"shares": "same"}] * 5}
