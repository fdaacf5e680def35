"""Switching habits in process."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Switch = Callable[..., Awaitable[None]]


@pytest.fixture
def habit(client: httpx.AsyncClient) -> Switch:
    """`await habit("always-206", limit=3)`; with `on=False` it is off again."""

    async def switch(name: str, **options: Any) -> None:
        answer = await client.put("/sandbox/habits", json={"api": "TMF620", "name": name, **options})
        assert answer.status_code == 200, answer.text

    return switch
