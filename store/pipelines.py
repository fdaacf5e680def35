"""What runs through several systems: a row for each pipeline, and one for each of its steps with its times.

The engine that runs them keeps checkpoints of its own, without any content; whatever has a meaning is here. Texts named
`input`, `failure` and `result` are JSON or ids that only `domain.pipelines` and its steps read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, text, update

from store.database import Connection
from store.tables import idempotency, pipeline_steps, pipelines


@dataclass(frozen=True)
class PipelineRow:
    """`scope` and `key` are those of the idempotency key it was begun with. Times are seconds since the epoch."""

    id: str
    name: str
    state: str
    input: str | None
    failure: str | None
    scope: str
    key: str
    created_at: float
    finished_at: float | None


@dataclass(frozen=True)
class StepRow:
    """`result` is what the step made, `note` why it went wrong."""

    pipeline_id: str
    name: str
    place: int
    state: str
    attempts: int
    started_at: float | None
    finished_at: float | None
    result: str | None
    note: str | None


async def add(connection: Connection, row: PipelineRow, steps: Sequence[str]) -> None:
    await connection.execute(insert(pipelines).values(**row.__dict__))
    first = {"pipeline_id": row.id, "state": "PENDING", "attempts": 0}
    await connection.execute(
        insert(pipeline_steps), [{**first, "name": name, "place": place} for place, name in enumerate(steps)]
    )


async def by_id(connection: Connection, pipeline_id: str) -> PipelineRow | None:
    found = (await connection.execute(select(pipelines).where(pipelines.c.id == pipeline_id))).one_or_none()
    return None if found is None else PipelineRow(**found._mapping)  # noqa: SLF001  (public, whatever its name)


async def steps_of(connection: Connection, pipeline_id: str) -> list[StepRow]:
    """In their order."""
    wanted = select(pipeline_steps).where(pipeline_steps.c.pipeline_id == pipeline_id)
    found = (await connection.execute(wanted.order_by(pipeline_steps.c.place))).all()
    return [StepRow(**row._mapping) for row in found]  # noqa: SLF001


async def is_run_by(connection: Connection, pipeline_id: str, token: str) -> bool:
    """Whether that run is still the one whose checkpoints count, and, until the caller's transaction ends, stays it."""
    owner = await connection.execute(_OWNER[connection.dialect.name], {"its_id": pipeline_id})
    return owner.scalar() == token


async def write_step(connection: Connection, pipeline_id: str, name: str, **values: Any) -> None:
    wanted = (pipeline_steps.c.pipeline_id == pipeline_id, pipeline_steps.c.name == name)
    await connection.execute(update(pipeline_steps).where(*wanted).values(**values))


async def write_state(connection: Connection, pipeline_id: str, state: str) -> None:
    await connection.execute(update(pipelines).where(pipelines.c.id == pipeline_id).values(state=state))


async def finish(connection: Connection, pipeline_id: str, state: str, now: float, failure: str | None = None) -> bool:
    """Come to an end, and erase what it was given; False when it had come to it before."""
    wanted = (pipelines.c.id == pipeline_id, pipelines.c.finished_at.is_(None))
    changed = await connection.execute(
        update(pipelines).where(*wanted).values(state=state, failure=failure, input=None, finished_at=now)
    )
    return changed.rowcount == 1


async def forget_key(connection: Connection, row: PipelineRow, mutation: str) -> None:
    """Let the key a pipeline was begun with be used again, as if it had not been."""
    wanted = (
        idempotency.c.scope == row.scope,
        idempotency.c.mutation == mutation,
        idempotency.c.key == row.key,
        idempotency.c.result == row.id,
    )
    await connection.execute(delete(idempotency).where(*wanted))


async def unfinished(connection: Connection, before: float, *, limit: int) -> list[PipelineRow]:
    """Pipelines that were begun before a moment and have not come to an end, oldest first."""
    wanted = select(pipelines).where(pipelines.c.finished_at.is_(None), pipelines.c.created_at < before)
    found = (await connection.execute(wanted.order_by(pipelines.c.created_at).limit(limit))).all()
    return [PipelineRow(**row._mapping) for row in found]  # noqa: SLF001


async def forget(connection: Connection, before: float) -> list[str]:
    """Remove those that ended well or were undone before a moment; which."""
    ended = (pipelines.c.state.in_(("DONE", "FAILED")), pipelines.c.finished_at < before)
    gone = await connection.execute(select(pipelines.c.id).where(*ended).limit(1_000))
    ids = list(gone.scalars())
    await connection.execute(delete(pipeline_steps).where(pipeline_steps.c.pipeline_id.in_(ids)))
    await connection.execute(delete(pipelines).where(pipelines.c.id.in_(ids)))
    return ids


# The engine's own table, in the same database. Its checkpoints are fenced by the same look.
_OWNER = {
    "sqlite": text("SELECT owner_xid FROM workflow_status WHERE workflow_uuid = :its_id"),
    "postgresql": text("SELECT owner_xid FROM dbos.workflow_status WHERE workflow_uuid = :its_id FOR NO KEY UPDATE"),
}
