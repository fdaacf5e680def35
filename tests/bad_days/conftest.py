"""Bad days without whole answers: each question is asked of what is beneath them, which is what misbehaves here."""

from functools import partial

import pytest

from tests.conftest import MakeGateway


@pytest.fixture
def gateway(gateway: MakeGateway) -> MakeGateway:
    return partial(gateway, answers_memory_mb=0)
