"""Clients without waiting: retries follow each other at once."""

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def no_backoff() -> Iterator[None]:
    """As many attempts as the client is set to make, without the pauses between them."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
