"""The shop's own schema, compiled and interpreted, over the sandbox's catalogue."""

import gc
from collections import Counter
from random import Random

import pytest

from bff.app import create_app
from domain.carts.offers import Offers
from kernel.context import Audience, Deadline, RequestContext
from resolvers.context import Context
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from schema.root import build_schema
from tests.conftest import SANDBOX_TMF620, settings_of
from tests.engine.differential import compare
from tests.engine.documents import document


# When a sibling that may not be null fails at once, coroutines that graphql-core has begun beside it stay unawaited.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_random_documents_of_the_shop(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> None:
    """Both ways give the same pages, nodes, prices and bundles, and the same errors for what cannot be."""
    app = create_app(settings_of(tmf620_url=sandbox_process.base_url + SANDBOX_TMF620, tmf620_page_size=500))
    schema = build_schema()._schema
    counted: Counter[str] = Counter()
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        catalog = state["services"].catalog

        def make_context() -> Context:
            request = RequestContext(Audience("en", "web"), Deadline.after(60))
            return Context(request, catalog, Offers(catalog, "en"))

        for number in range(120):
            done = await compare(schema, document(schema, Random(number), depth=5), make_context)
            counted[done.kind] += 1
    gc.collect()  # those coroutines are in rings, and would be told of in the middle of some other test
    assert counted["same"] > 80
    assert counted["interpreted"] == 0
