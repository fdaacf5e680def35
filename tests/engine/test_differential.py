"""Compiled operations against graphql-core, on random documents over random worlds."""

import asyncio
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.differential import compare
from tests.engine.documents import document
from tests.engine.long_run import TROUBLE, run
from tests.engine.world import World, schema


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(0, 10**9), st.sampled_from(TROUBLE))
def test_a_compiled_operation_answers_as_graphql_core_does(random: Random, seed: int, trouble: int) -> None:
    """Whatever the document, and whatever its resolvers do; a failing one is made smaller by hypothesis."""
    asked = document(schema._schema, random)
    asyncio.run(compare(schema._schema, asked, lambda: World(seed, trouble)))


@pytest.mark.no_cover  # the test above goes the same ways
def test_five_hundred_cases_of_the_long_run() -> None:
    """What `scripts/differential` does, but fewer; clean answers, failing ones and awaiting ones are among them."""
    counted = asyncio.run(run(500, 1_000_000))
    assert counted["compared"] == 500
    assert min(counted["with errors"], counted["awaiting"], 500 - counted["with errors"]) > 100
    assert counted["interpreted"] == 0


def test_the_long_run_repeats_itself() -> None:
    """A seed names a case for good, so that a divergence can be looked at again."""
    first, second = (asyncio.run(run(20, 7)) for _ in range(2))
    assert first == second != Counter()
