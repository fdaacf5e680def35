"""What is caught where Redis is asked. Its client takes 7 MB, which a process that has none does without."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis


def raised_by(redis: "Redis | None", *others: type[Exception]) -> tuple[type[Exception], ...]:
    """What asking it may raise, and `others`. For an `except`, which is read only once something was raised."""
    if redis is None:
        return OSError, *others
    from redis.exceptions import RedisError  # noqa: PLC0415  (where there is one, it is imported long since)

    return RedisError, OSError, *others
